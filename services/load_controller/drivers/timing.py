"""Timers for many loads in one task, and in none at all while nothing is due."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
from collections.abc import Callable

from shared.clock import Clock

LOG = logging.getLogger(__name__)
_TIDY_FROM = 1024


class Alarm:
    """One thing to be called at one time; `Timers` gives it out."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[[], object]) -> None:
        self.call: Callable[[], object] | None = call

    def cancel(self) -> None:
        """It will not be called."""
        self.call = None


class Timers:
    """Calls functions at their times, in order. They must not wait."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Alarm]] = []
        self._order = itertools.count()
        self._task: asyncio.Task[None] | None = None
        self._awaited = 0.0
        self._tidy_at = _TIDY_FROM
        self._closed = False

    def __len__(self) -> int:
        return len(self._heap)

    def after(self, seconds: float, call: Callable[[], object]) -> Alarm:
        """Call `call` in `seconds`; nothing is called any more after `close`."""
        alarm = Alarm(call)
        if self._closed:
            return alarm
        due = self._clock.monotonic() + max(0.0, seconds)
        if len(self._heap) >= self._tidy_at:
            self._tidy()
        heapq.heappush(self._heap, (due, next(self._order), alarm))
        if self._task is None or self._task.done() or due < self._awaited:
            self._wait_anew()
        return alarm

    async def close(self) -> None:
        """Call nothing any more."""
        self._closed = True
        self._heap.clear()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _tidy(self) -> None:
        """Cancelled alarms do not pile up, however often a load is told something else."""
        self._heap = [entry for entry in self._heap if entry[2].call is not None]
        heapq.heapify(self._heap)
        self._tidy_at = max(_TIDY_FROM, 2 * len(self._heap))

    def _wait_anew(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._awaited = self._heap[0][0]
        self._task = asyncio.get_running_loop().create_task(self._run(), name="timers of loads")

    async def _run(self) -> None:
        while self._heap:
            self._awaited = self._heap[0][0]
            await self._clock.sleep(self._awaited - self._clock.monotonic())
            self._awaited = float("-inf")  # what is added meanwhile is seen below
            self._call_due()

    def _call_due(self) -> None:
        now = self._clock.monotonic()
        while self._heap and (self._heap[0][0] <= now or self._heap[0][2].call is None):
            call = heapq.heappop(self._heap)[2].call
            if call is None:
                continue
            try:
                call()
            except Exception:
                LOG.exception("a timer of a load failed")
