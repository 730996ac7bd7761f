"""When asking for lines again has become hopeless: the same line too often, or too many without getting on."""

from __future__ import annotations

from collections import deque

SAME_LINE = 10  # times
WITHIN = 10.0  # seconds
FAULTS = 60  # in that time, with fewer lines taken than faults


class ResendLimits:
    """Counts faults; several Resends for one fault are one."""

    def __init__(self) -> None:
        self.repeats = 0  # how often the newest line was asked for in a row
        self._line = -1
        self._recent: deque[tuple[float, int]] = deque(maxlen=FAULTS)

    def fault(self, line: int, now: float) -> str | None:
        """The printer asks for `line`; a sentence when it has done so too often."""
        self.repeats = self.repeats + 1 if line == self._line else 1
        self._line = line
        self._recent.append((now, line))
        if self.repeats > SAME_LINE:
            return f"the printer asked {SAME_LINE} times for line N{line}"
        since, first = self._recent[0]
        if len(self._recent) == FAULTS and now - since <= WITHIN and line - first < FAULTS:
            return f"the printer asked {FAULTS} times for lines again within {WITHIN:.0f} s and took {line - first}"
        return None
