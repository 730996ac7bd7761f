"""Moves take the time that a machine with acceleration takes, and a dry planner is noticed."""

from __future__ import annotations

from math import sqrt

import pytest

from services.printer_controller.virtual_printer.counters import Counters
from services.printer_controller.virtual_printer.options import Options
from services.printer_controller.virtual_printer.planner import Move, Planner, junction_speed2, trapezoid_seconds

EAST = (1.0, 0.0, 0.0, 0.0)
WEST = (-1.0, 0.0, 0.0, 0.0)
NORTH = (0.0, 1.0, 0.0, 0.0)


def along(direction: tuple[float, ...], length: float = 1.0, speed: float = 100.0) -> Move:
    return Move(length, direction, speed, 1000.0)


def planner(**options: object) -> tuple[Planner, Counters]:
    counters = Counters()
    return Planner(Options(**options), counters), counters  # type: ignore[arg-type]


def end_of_all(plan: Planner) -> float:
    end = 0.0
    while plan.busy:
        end = plan.next_end()
        plan.advance(end)
    return end


def test_a_long_move_speeds_up_cruises_and_brakes() -> None:
    # 100 mm/s at 1000 mm/s²: 0.1 s and 5 mm each for speeding up and braking, 90 mm between them
    assert trapezoid_seconds(100, 0, 0, 100, 1000) == pytest.approx(0.1 + 0.9 + 0.1)


def test_a_short_move_never_reaches_its_speed() -> None:
    assert trapezoid_seconds(1, 0, 0, 100, 1000) == pytest.approx(2 * sqrt(1 / 1000))


def test_a_move_through_corners_at_speed_takes_length_by_speed() -> None:
    assert trapezoid_seconds(10, 100, 100, 100, 1000) == pytest.approx(0.1)


def test_straight_on_is_taken_at_full_speed_and_a_turn_back_at_none() -> None:
    assert junction_speed2(along(EAST), along(EAST)) == pytest.approx(100**2)
    assert junction_speed2(along(EAST), along(WEST)) == 0
    assert 0 < junction_speed2(along(EAST), along(NORTH)) < 100**2


def test_many_small_moves_in_a_row_take_about_as_long_as_one_large_one() -> None:
    pieces, _ = planner(planner=64)
    whole, _ = planner()
    for _ in range(50):
        pieces.add(along(EAST, 1.0), 0.0)
    whole.add(along(EAST, 50.0), 0.0)
    assert end_of_all(pieces) == pytest.approx(end_of_all(whole), rel=0.15)


def test_the_look_ahead_always_leaves_room_to_brake() -> None:
    plan, _ = planner()
    for direction in (EAST, EAST, NORTH, WEST, EAST, EAST, NORTH):
        plan.add(along(direction, 0.5), 0.0)
    slow = 7 * 2 * sqrt(0.5 / 1000)  # each from rest to rest
    fast = 7 * 0.5 / 100
    assert fast < end_of_all(plan) < slow


def test_one_place_of_the_buffer_stays_empty() -> None:
    plan, _ = planner(planner=16)
    assert plan.free == 15
    for _ in range(15):
        plan.add(along(EAST), 0.0)
    assert plan.free == 0
    plan.advance(plan.next_end())
    assert plan.free == 1


def test_the_speed_factor_shortens_all_moves() -> None:
    real, _ = planner(move_seconds=2.0)
    fast, _ = planner(move_seconds=2.0, speed=10.0)
    real.add(along(EAST), 5.0)
    fast.add(along(EAST), 5.0)
    assert (real.next_end(), fast.next_end()) == (7.0, 5.2)


def test_a_late_move_in_a_stream_is_counted_as_starvation() -> None:
    plan, counters = planner(move_seconds=0.002)
    plan.add(along(EAST), 1.0)
    plan.add(along(EAST), 1.001)
    plan.add(along(EAST), 1.010)  # the second one ended at 1.004
    assert counters.starved == 1
    assert counters.starved_ms == pytest.approx(6.0)


def test_a_dry_planner_before_the_first_and_after_the_last_move_is_no_starvation() -> None:
    plan, counters = planner(move_seconds=0.002)
    plan.add(along(EAST), 50.0)
    plan.advance(500.0)
    assert (counters.starved, counters.starved_ms) == (0, 0.0)


def test_a_pause_that_the_firmware_itself_made_is_no_starvation() -> None:
    plan, counters = planner(move_seconds=0.002)
    plan.add(along(EAST), 1.0)
    plan.advance(2.0)
    plan.settle()
    plan.add(along(EAST), 3.0)
    assert counters.starved == 0
