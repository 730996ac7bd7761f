"""A clock that stands still until a test moves it; sleepers wake in order of their time."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
_TURNS = 25


async def settle(turns: int = _TURNS) -> None:
    """Let tasks that are ready run, by yielding to the loop `turns` times."""
    for _ in range(turns):
        await asyncio.sleep(0)


async def eventually(condition: Callable[[], object], within: float = 5.0) -> None:
    """Wait until `condition()` holds, asked every two milliseconds of real time; TimeoutError after `within`."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.002)


class ManualClock:
    """`shared.clock.Clock` for tests: wall and monotonic time move only by `advance` and `jump`."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now
        self._monotonic = 1000.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        """Wait until a test has moved the clock by `seconds`."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic + seconds, next(self._order), future))
        await future

    @property
    def sleeping(self) -> int:
        """How many tasks wait for this clock."""
        return sum(1 for _, _, future in self._sleepers if not future.done())

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward or back, as an administrator or NTP does; the monotonic clock does not move."""
        self._now += timedelta(seconds=seconds)

    async def advance(self, seconds: float = 0.0, *, minutes: float = 0.0, hours: float = 0.0) -> None:
        """Move both clocks on, waking each sleeper at its own time and letting it run before going further."""
        end = self._monotonic + seconds + 60 * minutes + 3600 * hours
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, future = heapq.heappop(self._sleepers)
            self._move_to(due)
            if not future.done():
                future.set_result(None)
            await settle()
        self._move_to(end)
        await settle()

    async def until_asleep(self, count: int = 1) -> None:
        """Wait until `count` tasks sleep on this clock; an AssertionError when they do not get there in two seconds."""
        for turn in range(2000):
            if self.sleeping >= count:
                return
            await asyncio.sleep(0 if turn < 200 else 0.001)
        raise AssertionError(f"{self.sleeping} of {count} tasks sleep on the clock")

    def _move_to(self, monotonic: float) -> None:
        self._now += timedelta(seconds=monotonic - self._monotonic)
        self._monotonic = monotonic
