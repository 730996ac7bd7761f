"""How long a silence of the printer is too long: when to ask it, and when to give it up. Pure arithmetic over times."""

from __future__ import annotations

from shared.settings import PrinterTimeouts

PROBES = 6  # in a row, each after twice the time of the one before
SOONEST = 0.1  # s: no silence is shorter
_USUAL = 6.0  # times the slowest answer of late is unusual
_FORGET = 0.999  # of the slowest answer, per answer
_LONGER = 10.0  # times `dead` for what is known to take long


class Silence:
    """The times of one line, all in seconds of the same clock.

    `since`: when the wire was last heard, or first spoken to after a rest. `evidence`: when the printer last showed
    that it works on our lines: an `ok` that counts, `busy:`, temperatures while it heats.
    """

    __slots__ = ("_excused", "_resting", "_seen", "_slowest", "_timeouts", "evidence", "probes", "since")

    def __init__(self, timeouts: PrinterTimeouts, now: float) -> None:
        self._timeouts = timeouts
        self._slowest = timeouts.silence / _USUAL  # nothing is known yet
        self._seen = 0
        self._resting = False
        self._excused = False
        self.since = now
        self.evidence = now
        self.probes = 0

    def spoken_to(self, now: float) -> None:
        """The first bytes after a rest were written."""
        self.since = self.evidence = now
        self.probes = 0
        self._resting = False

    def heard(self, now: float, acknowledged: int) -> None:
        """Bytes came; `acknowledged` is the newest line that is done."""
        if acknowledged != self._seen:
            gap = now - self.since
            self._seen = acknowledged
            self.evidence = now
            if self.probes or self._excused:
                self.probes = 0
                self._excused = False
            elif gap > self._slowest:
                self._slowest = min(gap, 1.0)
            else:
                self._slowest *= _FORGET
        self.since = now

    def at_work(self, now: float) -> None:
        """The printer said that it is busy."""
        self.evidence = now
        self.probes = 0

    def excuse(self) -> None:
        """It was us who waited: the next answer says nothing about the printer."""
        self._excused = True

    def at_rest(self) -> None:
        """The printer said that it has nothing to do although we wait for it: ask at once."""
        self._resting = self.probes == 0

    def suspicious(self, long: bool) -> float:
        """Seconds without evidence after which to ask; `long`: a line is under way that is known to take its time."""
        if long:
            return self._timeouts.long_silence
        return min(self._timeouts.silence, max(SOONEST, _USUAL * self._slowest))

    def settling(self) -> float:
        """Seconds without a byte after which a disturbed wire is quiet."""
        return max(0.005, min(0.1, 2 * self._slowest))

    def probe_due(self, now: float, long: bool) -> bool:
        """Whether to ask now."""
        patience = SOONEST if self._resting else self.suspicious(long) * 2**self.probes
        if self.probes >= PROBES or now - self.evidence < patience:
            return False
        self._resting = False
        return True

    def dead(self, now: float, long: bool) -> str | None:
        """A sentence when the printer is to be given up."""
        limit = self._timeouts.dead * (_LONGER if long else 1.0)
        if now - self.since >= limit:
            return f"the printer has been silent for {limit:.0f} s"
        if now - self.evidence >= self._timeouts.dead * _LONGER and self.probes >= PROBES:
            return f"the printer has not taken a line for {self._timeouts.dead * _LONGER:.0f} s"
        return None
