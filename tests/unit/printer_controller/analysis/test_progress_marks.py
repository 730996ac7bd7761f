"""Marks of the remaining time."""

from __future__ import annotations

from itertools import pairwise

from services.printer_controller.analysis.progress_marks import MOST_MARKS, FirmwareMarks, Timeline
from services.printer_controller.analysis.result import Mark


def told(*commands: tuple[int, str]) -> FirmwareMarks:
    marks = FirmwareMarks()
    for position, words in commands:
        marks.add(position, words.encode())
    return marks


def test_minutes_left_become_seconds_at_their_place_and_end_with_the_file() -> None:
    marks = told((10, " P0 R75"), (20, " Q0 S80"), (500, " P50 R40 ; half"), (900, "P99 R0.5"))
    assert marks.marks(1_000, None) == (Mark(10, 4_500.0), Mark(500, 2_400.0), Mark(900, 30.0), Mark(1_000, 0.0))
    assert marks.first_left() == 4_500.0


def test_a_percentage_alone_is_one_of_the_whole_time() -> None:
    marks = told((10, " P0"), (500, " P25"), (900, " P300"))
    assert marks.marks(1_000, 400.0) == (Mark(10, 400.0), Mark(500, 300.0), Mark(900, 0.0), Mark(1_000, 0.0))
    assert marks.marks(1_000, None) == ()


def test_the_remaining_time_never_rises_on_the_way() -> None:
    marks = told((10, " P0 R75"), (100, " P0 R90"), (500, " P50 R40"), (600, " P50 R40"), (700, " P60 R30"))
    assert [mark.left for mark in marks.marks(1_000, None)] == [4_500.0, 2_400.0, 1_800.0, 0.0]


def test_a_single_mark_is_nothing_to_go_by() -> None:
    assert told((10, " P0 R75")).marks(1_000, None) == ()


def test_any_number_of_marks_is_thinned_out_evenly() -> None:
    marks = told(*((number * 10, f" P0 R{100_000 - number}") for number in range(50_000)))
    kept = marks.marks(500_000, None)
    assert MOST_MARKS / 2 <= len(kept) <= MOST_MARKS + 2
    gaps = {after.position - before.position for before, after in pairwise(kept)}
    assert len(gaps) <= 2


def test_a_computed_timeline_is_scaled_to_the_time_that_is_believed() -> None:
    timeline = Timeline()
    for position, seconds in ((100, 10.0), (200, 10.0), (300, 40.0), (400, 50.0)):
        timeline.add(position, seconds)
    assert timeline.marks(400, 50.0, 100.0) == (Mark(0, 100.0), Mark(100, 80.0), Mark(300, 20.0), Mark(400, 0.0))
    assert timeline.marks(400, 0.0, 100.0) == ()


def test_a_timeline_of_a_long_file_stays_short() -> None:
    timeline = Timeline()
    for number in range(1, 20_000):
        timeline.add(number * 7, float(number))
    marks = timeline.marks(140_000, 20_000.0, 20_000.0)
    assert len(marks) <= MOST_MARKS + 1
    assert marks[0] == Mark(0, 20_000.0)
    assert all(before.left > after.left for before, after in pairwise(marks))
