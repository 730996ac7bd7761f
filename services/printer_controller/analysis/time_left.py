"""How long a print still takes and where that is known from: pure rules over place, time and what is known of the file.

The words for where it comes from are OctoPrint's (docs, api/datamodel, progress information): `linear` by bytes and
time alone, `analysis` by the file (slicer's data or our own reading), `average` by earlier prints of it, `mixed-…` one
of these and this print's own pace, `estimate` by this print's own pace once it is far enough to be believed alone.
"""

from __future__ import annotations

from bisect import bisect_right
from math import exp
from typing import Literal, NamedTuple

from services.printer_controller.analysis.result import FileAnalysis, Mark

Origin = Literal["linear", "analysis", "average", "mixed-analysis", "mixed-average", "estimate"]

STEADY_AFTER = 10.0  # seconds of printing before a pace is worth a guess: heating and priming come first
STEADY_SHARE = 0.005
MIXED_FROM = 0.05  # share of the print from which its own pace has a say that shows
OWN_FROM = 0.95  # share from which its own pace is nearly all there is
LARGEST_PACE = 3.0  # times as slow, or as fast, as foretold; beyond that the measurement is not believed
CALM = 20.0  # seconds in which most of a correction is shown

_MIXED: dict[Origin, Origin] = {"analysis": "mixed-analysis", "average": "mixed-average"}


class Progress(NamedTuple):
    """Where a print is: acknowledged bytes of so many, and seconds of printing so far, pauses not counted."""

    position: int
    size: int
    elapsed: float


class TimeLeft(NamedTuple):
    """Seconds still to print, null while nothing is known, and where from."""

    seconds: float | None
    origin: Origin


def time_left(progress: Progress, analysis: FileAnalysis | None, average: float | None) -> TimeLeft:
    """The best guess at this moment; `average` seconds of earlier prints of the same file on the same printer.

    What is foretold counts most in the beginning, this print's own pace more and more. Earlier prints are believed
    before the file, since they include what no file tells: this machine.
    """
    done = share_done(progress, analysis.marks if analysis else ())
    if done >= 1.0:
        return TimeLeft(0.0, "estimate")
    total, origin = _foretold(analysis, average)
    if total is None:
        return TimeLeft(_by_pace(progress, done), "linear")
    pace = 1.0
    if _steady(progress, done):
        pace = progress.elapsed / (total * done)
        pace = min(max(pace, 1.0 / LARGEST_PACE), LARGEST_PACE)
    left = total * (1.0 - done) * (1.0 + done * (pace - 1.0))
    return TimeLeft(left, _named(origin, done))


def share_done(progress: Progress, marks: tuple[Mark, ...]) -> float:
    """The share of the printing time that is over, 0..1: by the marks where there are any, else by bytes."""
    if progress.position >= progress.size:
        return 1.0
    if len(marks) < 2 or marks[0].left <= 0.0:
        return max(0.0, progress.position / progress.size)
    return 1.0 - left_by(marks, progress.position) / marks[0].left


def left_by(marks: tuple[Mark, ...], position: int) -> float:
    """The seconds left at a byte of the file, between two marks in proportion; `marks` must not be empty."""
    at = bisect_right(marks, position, key=lambda mark: mark.position)
    if at == 0:
        return marks[0].left
    if at == len(marks):
        return marks[-1].left
    before, after = marks[at - 1], marks[at]
    share = (position - before.position) / (after.position - before.position)
    return before.left + (after.left - before.left) * share


def shown(before: float | None, fresh: float | None, passed: float) -> float | None:
    """What to show `passed` seconds after `before` was shown, now that `fresh` is the guess.

    Time shown runs down with the clock and is led to the guess within some `CALM` seconds: it neither jumps nor
    flickers, and in a print that runs as foretold it never rises.
    """
    if before is None or fresh is None:
        return fresh
    expected = max(0.0, before - passed)
    return expected + (fresh - expected) * (1.0 - exp(-max(0.0, passed) / CALM))


def _foretold(analysis: FileAnalysis | None, average: float | None) -> tuple[float | None, Origin]:
    if average is not None and average > 0.0:
        return average, "average"
    if analysis is not None and analysis.estimated_print_time:
        return analysis.estimated_print_time, "analysis"
    return None, "linear"


def _steady(progress: Progress, done: float) -> bool:
    return progress.elapsed >= STEADY_AFTER and done >= STEADY_SHARE


def _by_pace(progress: Progress, done: float) -> float | None:
    return progress.elapsed * (1.0 - done) / done if _steady(progress, done) else None


def _named(origin: Origin, done: float) -> Origin:
    if done < MIXED_FROM:
        return origin
    return "estimate" if done >= OWN_FROM else _MIXED[origin]
