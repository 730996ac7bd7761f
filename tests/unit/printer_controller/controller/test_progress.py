"""Progress in OctoPrint's numbers, and a guess of the time left that is honest about what it knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.printer_controller import progress
from services.printer_controller.analysis.result import FileAnalysis, Mark
from services.printer_controller.progress import Place, ShownLeft
from shared.contracts.printers import JobProgress


def shown_at(place: Place, average: float | None = None, analysis: FileAnalysis | None = None) -> JobProgress:
    """What is shown first at a place."""
    return progress.underway(place, progress.left(None, "r", place, analysis, average))


def test_right_after_the_start_there_is_a_position_and_no_guess() -> None:
    shown = shown_at(Place(line=5, position=161, size=219483, print_time=0.2))
    assert shown.completion == 161 / 219483 * 100
    assert (shown.filepos, shown.print_time) == (161, 0)
    assert (shown.print_time_left, shown.print_time_left_origin) == (None, "linear")


def test_after_ten_steady_seconds_the_guess_follows_the_pace() -> None:
    shown = shown_at(Place(line=50, position=250, size=1000, print_time=100.0))
    assert (shown.print_time_left, shown.print_time_left_origin) == (300, "linear")


def test_earlier_prints_are_believed_from_the_first_second() -> None:
    shown = shown_at(Place(line=1, position=1, size=1000, print_time=1.0), 600.0)
    assert (shown.print_time_left, shown.print_time_left_origin) == (599, "average")


def test_towards_the_end_the_prints_own_pace_counts_more_than_earlier_ones() -> None:
    late = shown_at(Place(line=9, position=900, size=1000, print_time=900.0), 500.0)
    assert late.print_time_left is not None
    assert 40 <= late.print_time_left <= 100


def test_the_files_own_marks_say_how_long_it_takes() -> None:
    analysis = FileAnalysis(estimated_print_time=400.0, marks=(Mark(0, 400.0), Mark(100, 100.0), Mark(1000, 0.0)))
    shown = shown_at(Place(line=9, position=100, size=1000, print_time=5.0), None, analysis)
    assert (shown.print_time_left, shown.print_time_left_origin) == (100, "mixed-analysis")


def test_a_new_guess_is_gone_over_to_gently() -> None:
    before = ShownLeft("r", 100.0, 500.0, "average")
    after = progress.left(before, "r", Place(9, 500, 1000, 101.0), None, 300.0)
    assert after.seconds is not None
    assert 480 < after.seconds < 500
    again = progress.left(before, "another run", Place(9, 500, 1000, 101.0), None, 300.0)
    assert again.seconds is not None
    assert again.seconds < 200


def test_an_analysis_that_comes_during_the_print_is_believed_at_once() -> None:
    before = ShownLeft("r", 100.0, 5000.0, "linear")
    analysis = FileAnalysis(estimated_print_time=600.0)
    after = progress.left(before, "r", Place(9, 10, 1000, 100.5), analysis, None)
    assert after.origin == "analysis"
    assert after.seconds is not None
    assert after.seconds < 800


def test_a_finished_print_stays_at_a_hundred_percent_with_nothing_left() -> None:
    shown = progress.finished(2975, 0.77)
    assert (shown.completion, shown.filepos, shown.print_time, shown.print_time_left) == (100.0, 2975, 0, 0)
    assert shown.print_time_left_origin is None


def test_nothing_printed_is_null_in_every_field() -> None:
    empty = progress.NOTHING
    assert {getattr(empty, name) for name in empty.__struct_fields__} == {None}


@given(st.integers(0, 2_000_000), st.integers(0, 1_000_000), st.floats(0, 1e6), st.none() | st.floats(0.1, 1e6))
def test_no_position_gives_a_negative_or_overfull_progress(
    position: int, size: int, seconds: float, average: float | None
) -> None:
    shown = shown_at(Place(1, position, size, seconds), average)
    assert shown.completion is not None
    assert 0 <= shown.completion <= 100
    assert shown.print_time_left is None or shown.print_time_left >= 0


@pytest.mark.parametrize("size", [0, 1])
def test_an_empty_file_is_done_at_once(size: int) -> None:
    assert Place(0, size, size, 0.0).share == 1.0
