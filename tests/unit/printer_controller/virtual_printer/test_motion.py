"""Speeds and accelerations of moves stay within what each axis can do; arcs have the length of arcs."""

from __future__ import annotations

from math import pi

import pytest

from services.printer_controller.virtual_printer.motion import Motion


def test_a_diagonal_is_as_long_as_it_is() -> None:
    motion = Motion(1500.0)
    move = motion.straight(motion.go({"X": 30.0, "Y": 40.0, "F": 6000.0}))
    assert move is not None
    assert (move.length, move.speed) == (50.0, 100.0)


def test_no_axis_is_driven_faster_than_it_can_be() -> None:
    motion = Motion(1500.0)
    move = motion.straight(motion.go({"X": 10.0, "Z": 10.0, "F": 60_000.0}))
    assert move is not None
    assert move.speed * abs(move.direction[2]) == pytest.approx(15.0)
    assert move.acceleration * abs(move.direction[2]) == pytest.approx(150.0)


def test_a_line_that_moves_nothing_is_no_move() -> None:
    motion = Motion(1500.0)
    assert motion.straight(motion.go({"F": 3000.0})) is None
    assert motion.feed == 50.0


@pytest.mark.parametrize(
    ("words", "clockwise", "length"),
    [
        ({"X": 10.0, "Y": 0.0, "I": 5.0, "J": 0.0}, True, 5 * pi),
        ({"X": 10.0, "Y": 0.0, "I": 5.0, "J": 0.0}, False, 5 * pi),
        ({"X": 5.0, "Y": 5.0, "I": 5.0, "J": 0.0}, True, 2.5 * pi),
        ({"X": 5.0, "Y": 5.0, "I": 5.0, "J": 0.0}, False, 7.5 * pi),
        ({"I": 5.0, "J": 0.0}, True, 10 * pi),
        ({"X": 10.0, "Y": 0.0, "R": 5.0}, True, 5 * pi),
        ({"X": 5.0, "Y": 5.0, "R": 5.0}, True, 2.5 * pi),
        ({"X": 5.0, "Y": 5.0, "R": -5.0}, True, 7.5 * pi),
        ({"X": 5.0, "Y": 5.0, "R": 5.0}, False, 2.5 * pi),
    ],
)
def test_an_arc_has_the_length_of_an_arc(words: dict[str, float | None], clockwise: bool, length: float) -> None:
    move = Motion(1500.0).arc(words, clockwise=clockwise)
    assert move is not None
    assert move.length == pytest.approx(length)
