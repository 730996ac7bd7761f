"""The outbox relay sends what transactions have stored: each message at least once, in order, marked after the ack.

What this process commits is handed over in memory and sent at once; the table is read at the start, after a failure,
and by a poll for what other processes have stored. Marks are written a moment later, many at once: a crash before a
mark means a repeat, which receivers recognise by its id.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import random
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from shared import relay_rows
from shared.clock import Clock
from shared.errors import JobError, Refused
from shared.outbox import Outgoing, collected
from shared.relay_claim import claim_for
from shared.store import Store

LOG = logging.getLogger(__name__)

BATCH = 200  # messages read or marked at once
FRESH = 1000  # messages held in memory; more are left in the table and read from it
REMEMBERED = 4 * FRESH  # ids sent lately
MARK_AFTER = 0.05  # seconds of quiet
POLL = {"sqlite": 1.0, "postgresql": 0.2}  # seconds; on a server other processes store as well
LINK_LOST = 1.0  # seconds that an orderly stop waits for a connection that is away
CLAIM_AGAIN = 1.0  # seconds between tries to become the relay
PRUNE_EVERY = 600.0  # seconds
OUTBOX_DAYS = 1.0


class Publisher(Protocol):
    """What the relay needs of the bus."""

    @property
    def connected(self) -> bool: ...

    async def wait_connected(self, within: float) -> None: ...

    async def publish_raw(
        self, topic: str, payload: bytes, *, qos: int, retain: bool, expiry: int | None, message_id: str | None
    ) -> None: ...


class OutboxRelay:
    """Run one for each store; of several on one database, one sends. `counters`: `published`, `dropped.…`, `failed`."""

    def __init__(
        self, store: Store, bus: Publisher, clock: Clock, *, owner: str = "one", inbox_days: float = 7.0
    ) -> None:
        self.counters: Counter[str] = Counter()
        self._store, self._bus, self._clock = store, bus, clock
        self._inbox_days = inbox_days
        self._claim = claim_for(store, owner, clock)
        self._fresh: deque[Outgoing] = deque()
        self._behind = True  # the table may hold messages that are not in memory
        self._sent: dict[str, None] = {}
        self._unmarked: list[tuple[str, bool]] = []
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._sends = True
        self._failures = 0  # in a row
        self._prune_at = clock.monotonic() + PRUNE_EVERY
        store.on_commit(self._committed)

    async def run(self) -> None:
        """Send for ever; ends by being cancelled, and marks what was sent."""
        try:
            while True:
                try:
                    self._sends = await self._claim.held()
                    if self._sends:
                        await self._turn()
                    else:
                        self._read_again()
                        self._idle.set()  # whoever holds the claim sends
                        await self._clock.sleep(CLAIM_AGAIN * random.uniform(0.8, 1.2))  # noqa: S311
                except JobError as error:
                    await self._rest_after(error)
        finally:
            with contextlib.suppress(JobError, TimeoutError):
                async with asyncio.timeout(2.0):
                    await self._mark()
                    await self._claim.release()

    async def drain(self, within: float) -> None:
        """Wait until everything committed so far has been sent, at most `within` seconds; used for an orderly stop.

        The table is read once more: a commit whose waiter was cancelled meanwhile has been told to nobody.
        """
        self._read_again()
        if self._sends:
            self._idle.clear()
        self._wake.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within if self._bus.connected else min(within, LINK_LOST)):
                await self._idle.wait()

    async def backlog(self) -> relay_rows.Backlog:
        """What waits in the table, marks included that are still to be written."""
        return await relay_rows.backlog(self._store)

    def _committed(self, tx: AsyncSession) -> None:
        messages = collected(tx)
        if not messages:
            return
        if len(self._fresh) + len(messages) > FRESH:
            self._read_again()
        elif not self._behind:
            self._fresh.extend(messages)
        self._idle.clear()
        self._wake.set()

    def _read_again(self) -> None:
        self._behind = True
        self._fresh.clear()

    async def _turn(self) -> None:
        if self._behind:
            await self._send_from_table()
        elif self._fresh:
            await self._send([self._fresh.popleft() for _ in range(min(BATCH, len(self._fresh)))])
        elif await self._woken(MARK_AFTER if self._unmarked else POLL[self._store.dialect]):
            return
        elif self._unmarked:
            await self._mark()
        elif self._clock.monotonic() >= self._prune_at:
            await self._prune()
        else:
            self._behind = True
        if len(self._unmarked) >= BATCH:
            await self._mark()

    async def _send_from_table(self) -> None:
        self._behind = False  # from here on commits are kept in memory: what the table shows as well is known by its id
        rows = await relay_rows.waiting(self._store, BATCH + len(self._unmarked))
        unmarked = {one for one, _ in self._unmarked}
        if len(rows) >= BATCH + len(unmarked):
            self._read_again()
        await self._send([row for row in rows if row.id not in unmarked], known=False)

    async def _send(self, messages: Sequence[Outgoing], *, known: bool = True) -> None:
        """Publish in order. `known` leaves out what was sent a moment ago."""
        for window in _windows(message for message in messages if not known or message.id not in self._sent):
            if len(window) == 1:
                await self._publish(window[0])
                continue
            outcomes = await asyncio.gather(*map(self._publish, window), return_exceptions=True)
            for outcome in outcomes:
                if isinstance(outcome, BaseException):
                    raise outcome

    async def _publish(self, message: Outgoing) -> None:
        expiry = self._seconds_left(message)
        if expiry is not None and expiry <= 0:
            self._done(message, "expired")
            return
        try:
            await self._bus.publish_raw(
                message.topic, message.payload,
                qos=message.qos, retain=message.retain, expiry=expiry, message_id=message.id,
            )  # fmt: skip
        except (Refused, ValueError) as error:
            LOG.error("a message on %s can never be sent: %s", message.topic, error)
            self._done(message, "refused")
            return
        self._done(message, None)

    def _done(self, message: Outgoing, dropped: str | None) -> None:
        self.counters["published" if dropped is None else f"dropped.{dropped}"] += 1
        if dropped is not None:
            LOG.warning("dropped a message on %s: %s", message.topic, dropped)
        self._unmarked.append((message.id, dropped is not None))
        self._sent[message.id] = None
        while len(self._sent) > REMEMBERED:
            del self._sent[next(iter(self._sent))]

    def _seconds_left(self, message: Outgoing) -> int | None:
        if message.expiry_seconds is None:
            return None
        left = message.created_at + timedelta(seconds=message.expiry_seconds) - self._clock.now()
        return math.ceil(left.total_seconds())

    async def _mark(self) -> None:
        if self._unmarked:
            done = list(self._unmarked)
            await relay_rows.mark(self._store, done, self._clock.now())
            del self._unmarked[: len(done)]

    async def _prune(self) -> None:
        self._prune_at = self._clock.monotonic() + PRUNE_EVERY
        now = self._clock.now()
        if await relay_rows.prune(self._store, now, outbox_days=OUTBOX_DAYS, inbox_days=self._inbox_days):
            self._prune_at = self._clock.monotonic()  # some more, when it is quiet again

    async def _woken(self, seconds: float) -> bool:
        """Wait for a commit; False when none came in time."""
        if not self._wake.is_set():
            self._idle.set()
            self._failures = 0
            alarm = asyncio.get_running_loop().call_later(seconds, self._wake.set)
            await self._wake.wait()
            alarm.cancel()
        self._wake.clear()
        return bool(self._fresh) or self._behind

    async def _rest_after(self, error: JobError) -> None:
        self.counters["failed"] += 1
        self._read_again()
        longest = min(5.0, 0.1 * 2 ** min(self._failures, 6))
        if not self._bus.connected:
            longest = 0.2
            with contextlib.suppress(JobError):
                await self._bus.wait_connected(5.0)
        elif not self._failures:
            LOG.warning("the outbox has to wait: %s", error.message)
        self._failures += 1
        await self._clock.sleep(random.uniform(0.2, 1.0) * longest)  # noqa: S311


def _windows(messages: Iterator[Outgoing]) -> Iterator[list[Outgoing]]:
    """Parts that may be in flight together: at most 16, and one of each topic, so that order holds within a topic."""
    window: list[Outgoing] = []
    for message in messages:
        if len(window) == 16 or any(message.topic == other.topic for other in window):
            yield window
            window = []
        window.append(message)
    if window:
        yield window
