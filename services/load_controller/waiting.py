"""Commands that loads have been given and have not answered yet, each with the end of its wait."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from services.load_controller.orders import Order
from services.load_controller.rules import receipts
from services.load_controller.rules.receipts import Heard, Verdict
from shared.clock import Clock
from shared.contracts.loads import Receipt
from shared.pauses import first_of

SUPERSEDED = "a later command came first"
LONGEST_SLEEP = 60.0  # seconds


@dataclass(slots=True, eq=False)
class Waiting:
    """One command that was handed to a driver. `before` is what the load had reported until then."""

    order: Order
    kind: str
    target: Mapping[str, Any]
    before: Mapping[str, Any] | None
    since: dict[str, Any] | None = None
    flags: Mapping[str, int] | None = None
    done: bool = False

    def hear(self, attributes: Mapping[str, Any], flags: Mapping[str, int] | None) -> Verdict:
        """What a report says to it."""
        self.since = {**(self.since or {}), **attributes}
        self.flags = flags if flags is not None else self.flags
        return self.verdict(available=True, over=False)

    def verdict(self, *, available: bool, over: bool) -> Verdict:
        """The outcome as it stands."""
        heard = Heard(self.since, self.before or None, self.flags, available)
        return receipts.judge(self.kind, self.target, heard, over=over)


class Settling(Protocol):
    """Where receipts go."""

    def settle(self, order: Order, receipt: Receipt) -> None: ...


class Deadlines:
    """Calls `over` with each that was not done when its time came."""

    def __init__(self, clock: Clock, over: Callable[[Waiting], None]) -> None:
        self._clock, self._over = clock, over
        self._heap: list[tuple[float, int, Waiting]] = []
        self._order = itertools.count()
        self._sooner = asyncio.Event()

    def __len__(self) -> int:
        return sum(1 for _, _, waiting in self._heap if not waiting.done)

    def add(self, waiting: Waiting, seconds: float) -> None:
        """Wait that long for it."""
        at = self._clock.monotonic() + seconds
        if not self._heap or at < self._heap[0][0]:
            self._sooner.set()
        heapq.heappush(self._heap, (at, next(self._order), waiting))

    def pass_over(self) -> float:
        """Deal with those whose time has come; answers the seconds until the next one."""
        now = self._clock.monotonic()
        while self._heap and (self._heap[0][2].done or self._heap[0][0] <= now):
            _, _, waiting = heapq.heappop(self._heap)
            if not waiting.done:
                self._over(waiting)
        return self._heap[0][0] - now if self._heap else LONGEST_SLEEP

    async def run(self) -> None:
        """For ever."""
        while True:
            seconds = self.pass_over()
            self._sooner.clear()
            await first_of(self._clock.sleep(seconds), self._sooner.wait())
