"""What the bus counts, for whoever exports it; names are `word.reason`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable


class Counters(Counter[str]):
    """Counts since the start: `handled`, `reconnects`, `dead_letters`, `dropped.expired`, `failed.broken`, …"""


class Seldom:
    """Says whether to log: once in `every` seconds a reason, so that a flood of bad messages is no flood of lines."""

    def __init__(self, every: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._clock = clock
        self._last: dict[str, float] = {}
        self._silent: Counter[str] = Counter()

    def say(self, reason: str) -> int | None:
        """How many were left out since the last line, or None when this one is to be left out too."""
        now = self._clock()
        if now - self._last.get(reason, -self._every) < self._every:
            self._silent[reason] += 1
            return None
        self._last[reason] = now
        return self._silent.pop(reason, 0)
