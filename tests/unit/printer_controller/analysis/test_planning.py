"""How long moves take."""

from __future__ import annotations

import random
from math import sqrt

import pytest

from services.printer_controller.analysis.machine import Machine
from services.printer_controller.analysis.planning import BATCH, LOOK_AHEAD, Planner, trapezoid

MACHINE = Machine(printing=1_000.0, travel=1_000.0, retracting=2_000.0, accelerations=(5_000.0,) * 4)


def seconds(*moves: tuple[float, ...], machine: Machine = MACHINE) -> float:
    """The time of moves given as (dx, dy, dz, de, feed), from a stop to a stop."""
    planner = Planner(machine)
    for dx, dy, dz, de, feed in moves:
        planner.add(dx, dy, dz, de, feed)
    planner.stop()
    return planner.seconds


@pytest.mark.parametrize(
    ("move", "expected"),
    [
        ((100.0, 0.0, 0.0, 5.0, 50.0), 50.0 / 1_000 * 2 + (100.0 - 2.5) / 50.0),  # cruises
        ((1.0, 0.0, 0.0, 0.1, 50.0), 2 * sqrt(1.0 / 1_000)),  # never reaches its speed
        ((0.0, 0.0, 0.0, -4.0, 40.0), 40.0 / 2_000 * 2 + (4.0 - 0.8) / 40.0),  # the extruder alone
        ((30.0, 40.0, 0.0, 0.0, 100.0), 0.2 + (50.0 - 10.0) / 100.0),
        ((0.0, 0.0, 12.0, 0.0, 100.0), 12.0 / 1_000 * 2 + (12.0 - 0.144) / 12.0),  # the axis cannot be faster
        ((0.0, 0.0, 0.0, 0.0, 100.0), 0.0),
    ],
)
def test_a_single_move_takes_what_its_trapezoid_says(move: tuple[float, ...], expected: float) -> None:
    assert seconds(move) == pytest.approx(expected)


def test_a_line_in_pieces_takes_as_long_as_in_one() -> None:
    whole = seconds((100.0, 0.0, 0.0, 5.0, 50.0))
    assert seconds(*[(5.0, 0.0, 0.0, 0.25, 50.0)] * 20) == pytest.approx(whole)


def test_going_back_means_to_stop_in_between() -> None:
    one = seconds((10.0, 0.0, 0.0, 0.0, 50.0))
    assert seconds((10.0, 0.0, 0.0, 0.0, 50.0), (-10.0, 0.0, 0.0, 0.0, 50.0)) == pytest.approx(2 * one)


def test_a_corner_is_taken_at_the_speed_of_junction_deviation() -> None:
    corner2 = 1_000 * 0.013 * sqrt(0.5) / (1 - sqrt(0.5))
    legs = 2 * trapezoid(0.0, corner2, 2 * 1_000 * 100.0, 50.0, 1_000)
    assert seconds((100.0, 0.0, 0.0, 0.0, 50.0), (0.0, 100.0, 0.0, 0.0, 50.0)) == pytest.approx(legs)


def test_a_corner_is_taken_at_the_jerk_where_the_machine_goes_by_jerk() -> None:
    machine = Machine(travel=1_000.0, jerks=(8.0, 8.0, 0.4, 5.0))
    legs = 2 * trapezoid(0.0, 64.0, 2 * 1_000 * 100.0, 50.0, 1_000)
    moves = ((100.0, 0.0, 0.0, 0.0, 50.0), (0.0, 100.0, 0.0, 0.0, 50.0))
    assert seconds(*moves, machine=machine) == pytest.approx(legs)


def test_a_stop_stands_between_two_moves_of_a_line() -> None:
    planner = Planner(MACHINE)
    planner.add(10.0, 0.0, 0.0, 0.0, 50.0)
    planner.stop(7.0)
    planner.add(10.0, 0.0, 0.0, 0.0, 50.0)
    planner.stop()
    assert planner.seconds == pytest.approx(7.0 + 2 * seconds((10.0, 0.0, 0.0, 0.0, 50.0)))


def test_with_few_short_blocks_in_sight_the_machine_cannot_go_fast() -> None:
    """14 blocks of 0.05 mm are 0.7 mm: from √(2·1000·0.7) mm/s the firmware can still brake, from more it cannot."""
    planner = Planner(MACHINE)
    for _ in range(2_000):
        planner.add(0.05, 0.0, 0.0, 0.0, 100.0)
    planner.settle()
    before = planner.seconds
    for _ in range(1_000):
        planner.add(0.05, 0.0, 0.0, 0.0, 100.0)
    planner.settle()
    assert (planner.seconds - before) / 1_000 == pytest.approx(0.05 / sqrt(2 * 1_000 * 0.7), rel=0.02)


def _block_by_block(moves: list[tuple[float, float]], acceleration: float) -> float:
    """The firmware's way, literally: for each block that begins, plan those behind it anew."""
    total = entry2 = 0.0
    for at, (length, speed) in enumerate(moves):
        window = moves[at + 1 : at + 1 + LOOK_AHEAD]
        leave2 = 0.0
        for number in range(len(window) - 1, -1, -1):
            before_speed = window[number - 1][1] if number else speed
            leave2 = min(min(window[number][1], before_speed) ** 2, leave2 + 2 * acceleration * window[number][0])
        leave2 = min(leave2, entry2 + 2 * acceleration * length)
        total += trapezoid(entry2, leave2, 2 * acceleration * length, speed, acceleration)
        entry2 = leave2
    return total


@pytest.mark.parametrize("seed", range(5))
def test_planning_in_batches_is_planning_block_by_block(seed: int) -> None:
    rng = random.Random(seed)
    moves = [(rng.choice((0.01, 0.1, 1.0, 20.0)) * rng.random(), rng.uniform(5, 200)) for _ in range(BATCH * 2 + 77)]
    planner = Planner(MACHINE)
    for number, (length, speed) in enumerate(moves):
        planner.add(length, 0.0, 0.0, 0.0, speed)
        if number % 700 == 0:
            planner.settle()
    planner.stop()
    assert planner.seconds == pytest.approx(_block_by_block(moves, 1_000.0))


def test_an_arc_is_held_down_by_its_bend() -> None:
    planner = Planner(MACHINE)
    planner.add_arc(100.0, (1.0, 0.0, 0.0, 0.1), (-1.0, 0.0, 0.0, 0.1), 100.0, 1.6)
    planner.stop()
    assert planner.seconds == pytest.approx(trapezoid(0.0, 0.0, 2 * 1_000 * 100.0, 40.0, 1_000))
