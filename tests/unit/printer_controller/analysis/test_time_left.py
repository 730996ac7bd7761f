"""The remaining time and where it comes from."""

from __future__ import annotations

import random
from typing import Any

import pytest

from services.printer_controller.analysis.result import FileAnalysis, Mark
from services.printer_controller.analysis.time_left import Progress, TimeLeft, left_by, shown, time_left

HOUR = FileAnalysis(estimated_print_time=3_600.0, estimated_by="slicer")
# The first half of the file takes three quarters of the time.
UNEVEN = FileAnalysis(
    estimated_print_time=4_000.0, marks=(Mark(0, 4_000.0), Mark(500, 1_000.0), Mark(1_000, 0.0)), marked_by="slicer"
)


def at(share: float, elapsed: float) -> Progress:
    return Progress(round(share * 1_000), 1_000, elapsed)


def about(seconds: float, rel: float = 1e-6) -> Any:
    """Equal to what is nearly that."""
    return pytest.approx(seconds, rel=rel)


@pytest.mark.parametrize(
    ("progress", "analysis", "average", "expected"),
    [
        # nothing is known of the file
        (at(0.0, 0.0), None, None, TimeLeft(None, "linear")),
        (at(0.1, 5.0), None, None, TimeLeft(None, "linear")),
        (at(0.001, 60.0), None, None, TimeLeft(None, "linear")),
        (at(0.1, 60.0), None, None, TimeLeft(540.0, "linear")),
        (at(0.5, 60.0), FileAnalysis(), None, TimeLeft(60.0, "linear")),
        # the file's own time
        (at(0.0, 0.0), HOUR, None, TimeLeft(3_600.0, "analysis")),
        (at(0.0, 300.0), HOUR, None, TimeLeft(3_600.0, "analysis")),  # heating
        (at(0.01, 36.0), HOUR, None, TimeLeft(3_564.0, "analysis")),
        (at(0.5, 1_800.0), HOUR, None, TimeLeft(1_800.0, "mixed-analysis")),
        (
            at(0.5, 2_160.0),
            HOUR,
            None,
            TimeLeft(about(1_980.0), "mixed-analysis"),
        ),  # a fifth slower: half of it believed
        (at(0.98, 3_920.0), HOUR, None, TimeLeft(about(80.0, rel=0.01), "estimate")),
        # earlier prints
        (at(0.0, 0.0), HOUR, 4_000.0, TimeLeft(4_000.0, "average")),
        (at(0.5, 2_000.0), HOUR, 4_000.0, TimeLeft(2_000.0, "mixed-average")),
        (at(0.5, 2_000.0), None, 4_000.0, TimeLeft(2_000.0, "mixed-average")),
        (at(0.2, 500.0), None, 0.0, TimeLeft(2_000.0, "linear")),
        # the place in the file is worth what the marks say
        (at(0.0, 0.0), UNEVEN, None, TimeLeft(4_000.0, "analysis")),
        (at(0.5, 3_000.0), UNEVEN, None, TimeLeft(1_000.0, "mixed-analysis")),
        (at(0.25, 1_500.0), UNEVEN, None, TimeLeft(2_500.0, "mixed-analysis")),
        (at(0.5, 6_000.0), UNEVEN, 8_000.0, TimeLeft(2_000.0, "mixed-average")),
        # absurd measurements are bounded
        (at(0.5, 1e9), HOUR, None, TimeLeft(3_600.0, "mixed-analysis")),
        (at(0.5, 11.0), HOUR, None, TimeLeft(about(1_200.0), "mixed-analysis")),
        # the end
        (at(1.0, 3_600.0), HOUR, None, TimeLeft(0.0, "estimate")),
        (Progress(0, 0, 0.0), None, None, TimeLeft(0.0, "estimate")),
        (Progress(5, 3, 10.0), HOUR, None, TimeLeft(0.0, "estimate")),
    ],
)
def test_the_best_of_what_is_known_is_told_with_its_source(
    progress: Progress, analysis: FileAnalysis | None, average: float | None, expected: TimeLeft
) -> None:
    assert time_left(progress, analysis, average) == expected


@pytest.mark.parametrize(
    ("position", "left"), [(0, 90.0), (10, 90.0), (20, 80.0), (30, 70.0), (65, 35.0), (100, 0.0), (500, 0.0)]
)
def test_between_two_marks_the_time_runs_evenly(position: int, left: float) -> None:
    marks = (Mark(10, 90.0), Mark(30, 70.0), Mark(100, 0.0))
    assert left_by(marks, position) == pytest.approx(left)


@pytest.mark.parametrize("slower", [0.6, 1.0, 1.4])
def test_towards_the_end_the_guess_is_right_however_wrong_it_began(slower: float) -> None:
    for done in (0.9, 0.95, 0.99):
        elapsed = 3_600.0 * slower * done
        left = time_left(at(done, elapsed), HOUR, None).seconds
        assert left is not None
        assert abs(left - 3_600.0 * slower * (1 - done)) <= 0.07 * 3_600.0 * slower * (1 - done)


def test_what_is_shown_runs_down_with_the_clock_and_never_rises_while_all_goes_to_plan() -> None:
    rng = random.Random(7)
    before: float | None = None
    for second in range(3_500):
        noise = rng.uniform(-1.0, 1.0)  # the printer acknowledges in lumps
        fresh = time_left(at((second + noise) / 3_600, float(second)), HOUR, None).seconds
        now = shown(before, fresh, 1.0)
        assert now is not None
        if before is not None:
            assert now <= before
            assert before - now <= 3.0
        before = now
    assert before == pytest.approx(100.0, abs=10.0)


@pytest.mark.parametrize(
    ("before", "fresh", "passed", "expected"),
    [
        (None, None, 1.0, None),
        (None, 100.0, 1.0, 100.0),
        (100.0, None, 1.0, None),
        (100.0, 100.0, 0.0, 100.0),
        (100.0, 99.0, 1.0, 99.0),
        (100.0, 500.0, 1.0, pytest.approx(118.6, abs=0.1)),
        (100.0, 500.0, 600.0, pytest.approx(500.0)),
        (5.0, 0.0, 100.0, pytest.approx(0.0, abs=1e-6)),
    ],
)
def test_a_new_guess_is_approached_and_not_jumped_to(
    before: float | None, fresh: float | None, passed: float, expected: float | None
) -> None:
    assert shown(before, fresh, passed) == expected
