"""How a client claims an account: it waits until somebody presses the gateway's button, and gets a key then.

The button is `jobwire claim approve` or a message on MQTT; with `wiser.claim = "auto"` it is always pressed. Claims lie
in the database, so that the press may reach another gateway than the client, or the command line.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.gateway.callers import claimed
from services.gateway.callers.callers import Callers
from services.gateway.callers.frequency import Frequency
from services.gateway.callers.identity import Identity
from services.gateway.callers.lockout import network_of
from services.gateway.callers.tables import ClaimedAccountRow, ClaimRow
from shared.bus import Bus, Delivery
from shared.clock import Clock
from shared.contracts import load_topics
from shared.errors import Forbidden, Refused, Unavailable
from shared.identifiers import new_id
from shared.load_settings import WiserSettings
from shared.pauses import first_of, pause
from shared.store import Store

LIMITS = ((10, 60.0), (60, 3600.0))  # claims from one address in so many seconds
BUILT_IN = frozenset({"admin", "installer", "enduser"})  # users whose data may be copied before anybody claimed them
_LOOK_EVERY = 0.5

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wish:
    """What a client asks for; `details` is what it says of itself, `source` whose data it wants to begin with."""

    user: str
    source: str | None
    details: dict[str, Any]


class Claims:
    """The claims that one gateway serves."""

    def __init__(self, store: Store, clock: Clock, callers: Callers, settings: WiserSettings) -> None:
        self._store = store
        self._clock = clock
        self._callers = callers
        self._settings = settings
        self._frequency = Frequency(clock, LIMITS, "claims")
        self._pressed = asyncio.Event()

    def follow(self, bus: Bus) -> None:
        """Subscribe; call once, before the bus runs."""
        bus.take(load_topics.CLAIM_PRESS, self._on_press, words=lambda _: {})

    async def claim(self, wish: Wish, address: str, stopping: asyncio.Event) -> str:
        """The key, once somebody has pressed the button. Cancel it when the client has gone.

        Raises `Refused` (`no_button_pressed`, `no_such_source`, `too_often`), `Conflict`, `Unavailable`.
        """
        self._frequency.count(address)
        async with self._store.reading() as tx:
            if wish.source and wish.source not in BUILT_IN and not await claimed.is_known(tx, wish.source):
                raise Refused(f"source {wish.source!r}: not a directory", code="no_such_source")
        if self._settings.claim == "button":
            await self._wait(wish.user, network_of(address)[:64], stopping)
        async with self._store.transaction() as tx:
            account, secret = await claimed.give_key(tx, wish.user, wish.details, self._clock.now())
        self._callers.forget(account.id)
        _log.info("%s is claimed from %s", account.name, address)
        return secret

    async def press(self) -> None:
        """Somebody has pressed the button."""
        async with self._store.transaction() as tx:
            shown = await claimed.press(tx, self._clock.now())
        if shown is not None:
            _log.info("the button was pressed: %r at %s is let in", shown.user, shown.address)
        self._pressed.set()

    async def details(self, identity: Identity) -> dict[str, Any]:
        """What is kept of an account; of one that was never claimed, its name alone."""
        async with self._store.reading() as tx:
            row = await tx.get(ClaimedAccountRow, identity.account_id)
        return {**row.details, "user": row.user_name} if row is not None else {"user": identity.name}

    async def amend(self, identity: Identity, changes: dict[str, Any]) -> dict[str, Any]:
        """Change what is given. Raises `Forbidden` for an account that was never claimed."""
        async with self._store.transaction() as tx:
            row = await tx.get(ClaimedAccountRow, identity.account_id)
            if row is None:
                raise _never_claimed()
            row.details = {**row.details, **changes}
            return {**row.details, "user": row.user_name}

    async def end(self, identity: Identity) -> dict[str, Any]:
        """End the account's claimed key; what was kept of it. Raises `Forbidden` for one that was never claimed."""
        async with self._store.transaction() as tx:
            row = await tx.get(ClaimedAccountRow, identity.account_id)
            if row is None:
                raise _never_claimed()
            await claimed.end_keys(tx, identity.account_id, self._clock.now())
            await tx.delete(row)
        self._callers.forget(identity.account_id)
        return {**row.details, "user": row.user_name}

    async def _wait(self, user: str, address: str, stopping: asyncio.Event) -> None:
        now, within = self._clock.now(), self._settings.claim_within
        row = ClaimRow(
            id=new_id(), user_name=user, address=address, created_at=now, ends_at=now + timedelta(seconds=within)
        )
        async with self._store.transaction() as tx:
            await claimed.wait_in_line(tx, row)
        _log.info("%r at %s waits for the button: jobwire claim approve", user, address)
        try:
            await self._until_granted(row.id, within, stopping)
        finally:
            async with self._store.transaction() as tx:
                await claimed.withdraw(tx, row.id)

    async def _until_granted(self, claim: str, within: float, stopping: asyncio.Event) -> None:
        end = self._clock.monotonic() + within
        while not await self._is_granted(claim):
            left = end - self._clock.monotonic()
            if left <= 0:
                raise Refused("no button pressed", code="no_button_pressed")
            if await self._look_again(min(left, _LOOK_EVERY), stopping):
                raise Unavailable("The gateway is being stopped", code="stopping")

    async def _is_granted(self, claim: str) -> bool:
        self._pressed.clear()
        async with self._store.reading() as tx:
            return await claimed.is_granted(tx, claim)

    async def _look_again(self, seconds: float, stopping: asyncio.Event) -> bool:
        """Wait for a press, a while, or the end of the service; whether it was the end."""
        await first_of(self._pressed.wait(), pause(self._clock, stopping, seconds))
        return stopping.is_set()

    async def _on_press(self, _: Delivery) -> None:
        await self.press()


def _never_claimed() -> Forbidden:
    return Forbidden("This account was not claimed here", code="not_claimed")
