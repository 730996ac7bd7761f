"""What the board says to its host, each line with its time, and what goes wrong on the way back."""

from __future__ import annotations

from .counters import Counters
from .faults import DelayOk, DoubleOk, LoseOk, Repeating, WrongResend
from .options import Options
from .parser import Refusal


class Voice:
    """Collects replies as (time, line) pairs; what is said before `silent_until` is swallowed."""

    def __init__(self, options: Options, counters: Counters, repeating: Repeating) -> None:
        self._ok_after_resend = options.ok_after_resend
        self._counters = counters
        self._repeating = repeating
        self._replies: list[tuple[float, bytes]] = []
        self.silent_until = 0.0

    def take(self) -> list[tuple[float, bytes]]:
        """What was said since the last call."""
        replies, self._replies = self._replies, []
        return replies

    def say(self, text: str, at: float) -> None:
        """One line; a silenced board says nothing."""
        if at >= self.silent_until:
            self._replies.append((at, text.encode("utf-8", "surrogateescape") + b"\n"))

    def ok(self, text: str, at: float) -> None:
        """An ok, which may be lost, late or doubled."""
        if not self._repeating:
            self.say(text, at)
            return
        if self._repeating.struck(LoseOk):
            self._counters.lost_oks += 1
            return
        if late := self._repeating.struck(DelayOk):
            self._counters.delayed_oks += 1
            at += late.fault.seconds
        self.say(text, at)
        if self._repeating.struck(DoubleOk):
            self._counters.doubled_oks += 1
            self.say(text, at)

    def refuse(self, refusal: Refusal, last_number: int, at: float) -> None:
        """Ask for a line again, in Marlin's three lines: the error, the number wanted, an ok."""
        self._counters.refused += 1
        self._counters.resends += 1
        wrong = self._repeating.struck(WrongResend)
        self.say(f"Error:{refusal}, Last Line: {last_number}", at)
        self.say(f"Resend: {last_number + 1 + (wrong.fault.offset if wrong else 0)}", at)
        if self._ok_after_resend:
            self.ok("ok", at)
