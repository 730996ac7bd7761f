"""How far a print is and what is shown of the time it still takes: pure rules over position, size and time."""

from __future__ import annotations

from dataclasses import dataclass

from services.printer_controller.analysis import time_left
from services.printer_controller.analysis.result import FileAnalysis
from services.printer_controller.analysis.time_left import Origin
from shared.contracts.printers import JobProgress


@dataclass(frozen=True)
class Place:
    """Where a print is: the last acknowledged `line`, `position` and `size` in bytes, `print_time` in seconds."""

    line: int
    position: int
    size: int
    print_time: float

    @property
    def share(self) -> float:
        """The share of the file that was acknowledged, 0..1; an empty file is done."""
        return min(1.0, self.position / self.size) if self.size > 0 else 1.0

    @property
    def completion(self) -> float:
        """The same in percent, unrounded, as OctoPrint shows it."""
        return self.share * 100


@dataclass(frozen=True)
class ShownLeft:
    """The seconds left that were shown for a run after `print_time` seconds of it, and where the guess is from."""

    run: str
    print_time: float
    seconds: float | None
    origin: Origin


NOTHING = JobProgress()


def left(
    before: ShownLeft | None, run: str, place: Place, analysis: FileAnalysis | None, average: float | None
) -> ShownLeft:
    """What to show now, after `before`; `average` seconds of earlier prints of the same file, if any.

    It is led to a new guess gently, but for a guess of a better kind than the one by bytes alone.
    """
    at = time_left.Progress(place.position, place.size, place.print_time)
    guess = time_left.time_left(at, analysis, average)
    seconds = guess.seconds
    if before is not None and before.run == run and (before.origin == "linear") == (guess.origin == "linear"):
        seconds = time_left.shown(before.seconds, seconds, place.print_time - before.print_time)
    return ShownLeft(run, place.print_time, seconds, guess.origin)


def underway(place: Place, shown: ShownLeft | None) -> JobProgress:
    """The progress of a running or paused print."""
    seconds = shown.seconds if shown is not None else None
    return JobProgress(
        completion=place.completion,
        filepos=place.position,
        print_time=int(place.print_time),
        print_time_left=None if seconds is None else round(seconds),
        print_time_left_origin=shown.origin if shown is not None else "linear",
    )


def finished(size: int, print_time: float) -> JobProgress:
    """What stays on show after a print ended well."""
    return JobProgress(completion=100.0, filepos=size, print_time=int(print_time), print_time_left=0)
