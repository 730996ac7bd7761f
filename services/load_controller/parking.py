"""Requests for parts that another controller holds, remembered until it is sure that that one lives.

Every controller hears every request, and only the holder of its part acts. A holder that died a moment ago acts no
more, and its lease does not show it yet: so the others keep in mind what they heard until the holder has renewed its
lease, and the next holder handles what the last one did not. The inbox that they share tells what was handled.
"""

from __future__ import annotations

import hashlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from services.load_controller.holdings import TTL
from shared.bus import Delivery
from shared.clock import Clock
from shared.common_tables import INBOX
from shared.errors import JobError
from shared.store import Store

LOG = logging.getLogger(__name__)

MOST = 10_000
SURE_AFTER = timedelta(seconds=TTL)  # a holder that renewed so long after a request came has handled or refused it
HEARD_APART = timedelta(seconds=2)  # between two controllers that hear the same message
_PLAIN = "plain-"
_ASKED_AT_ONCE = 500


@dataclass(frozen=True)
class Kept:
    """A request, whose it was, and when it came."""

    delivery: Delivery
    part: str
    at: datetime


class Parked:
    """At most `MOST` requests, the oldest forgotten first. `again` handles one once more."""

    def __init__(self, store: Store, clock: Clock, again: Callable[[Delivery], Awaitable[None]]) -> None:
        self._store, self._clock, self._again = store, clock, again
        self._kept: deque[Kept] = deque(maxlen=MOST)
        self._alone = store.dialect == "sqlite"

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, delivery: Delivery, part: str) -> None:
        """Keep a request in mind that is for another part than those served here."""
        self._kept.append(Kept(delivery, part, self._clock.now()))

    def known(self, delivery: Delivery) -> Delivery:
        """A request of somebody who gives no id gets one by which other controllers know it again."""
        if self._alone or delivery.id is not None:
            return delivery
        return replace(delivery, id=f"{_PLAIN}{_digest(delivery)}-{self._clock.now().timestamp():.3f}")

    async def look(self, others: Mapping[str, datetime]) -> None:
        """Forget what the holders of other parts have handled; `others` says until when they hold them."""
        if not self._kept:
            return
        left = await self._unhandled(list(self._kept))
        self._kept = deque((kept for kept in left if not _is_sure(kept, others)), maxlen=MOST)

    async def taken(self, part: str) -> None:
        """The part is served here from now on: handle what came for it and was not handled, in order."""
        mine = [kept for kept in self._kept if kept.part == part]
        self._kept = deque((kept for kept in self._kept if kept.part != part), maxlen=MOST)
        for kept in await self._unhandled(mine):
            LOG.info("%s came while nobody served %s", kept.delivery.name, part)
            await self._again(kept.delivery)

    async def _unhandled(self, kept: Sequence[Kept]) -> list[Kept]:
        """Those that nobody has handled, as far as can be looked up."""
        if not kept:
            return []
        try:
            named, plain = await self._handled_ids(kept)
        except JobError as error:
            LOG.warning("it cannot be looked up what others have handled: %s", error)
            return list(kept)
        return [each for each in kept if not (each.delivery.id in named or _take_one(plain, each))]

    async def _handled_ids(self, kept: Sequence[Kept]) -> tuple[set[str], list[str]]:
        ids = [each.delivery.id for each in kept if each.delivery.id is not None]
        since = min(each.at for each in kept) - HEARD_APART
        plain = select(INBOX.c.id).where(INBOX.c.handled_at >= since, INBOX.c.id.startswith(_PLAIN))
        named: set[str] = set()
        async with self._store.reading() as tx:
            for start in range(0, len(ids), _ASKED_AT_ONCE):
                some = select(INBOX.c.id).where(INBOX.c.id.in_(ids[start : start + _ASKED_AT_ONCE]))
                named.update((await tx.execute(some)).scalars())
            return named, list((await tx.execute(plain)).scalars())


def _digest(delivery: Delivery) -> str:
    return hashlib.sha256(delivery.name.encode() + b"\0" + delivery.payload).hexdigest()[:16]


def _take_one(plain: list[str], kept: Kept) -> bool:
    """Whether one of these ids is that of the request; it is used up then, as the same may be sent twice."""
    if kept.delivery.id is not None:
        return False
    beginning = f"{_PLAIN}{_digest(kept.delivery)}-"
    for one in plain:
        if one.startswith(beginning):
            at = datetime.fromtimestamp(float(one.removeprefix(beginning)), UTC)
            if abs(at - kept.at) <= HEARD_APART:
                plain.remove(one)
                return True
    return False


def _is_sure(kept: Kept, others: Mapping[str, datetime]) -> bool:
    """Whether the holder has renewed its lease long after the request came."""
    until = others.get(kept.part)
    return until is not None and until - timedelta(seconds=TTL) >= kept.at + SURE_AFTER
