"""How long to wait before an ended child is started again: a rule without a clock."""

from __future__ import annotations

from dataclasses import dataclass

FIRST = 0.2
LONGEST = 10.0
HEALTHY_AFTER = 30.0


@dataclass(frozen=True)
class Restarts:
    """`failures` in a row; a child that lived half a minute starts the count again."""

    failures: int = 0

    def ended(self, lived: float) -> Restarts:
        """One more end after `lived` seconds of life."""
        return Restarts(1 if lived >= HEALTHY_AFTER else self.failures + 1)

    def delay(self, chance: float) -> float:
        """Seconds to wait: 0.2 doubling to 10; `chance` (0..1) moves the upper half of it, so that many do not meet."""
        longest = min(LONGEST, FIRST * 2.0 ** min(self.failures - 1, 30))
        return longest * (0.5 + 0.5 * chance)
