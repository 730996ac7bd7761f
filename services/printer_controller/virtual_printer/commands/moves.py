"""Moves, positions and homing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..motion import AXES, INCH
from ..parser import words
from ..planner import Move
from .table import Handler, Waiting, moves_finished, passed

if TYPE_CHECKING:
    from ..firmware import Firmware

HOMING_SPEEDS = {"X": 50.0, "Y": 50.0, "Z": 8.0}  # mm/s
HOMING_BUMP = 1.5  # seconds per axis for the second, slow touch
PROBE_GRID = 3
PROBE_SECONDS = 2.0


def straight(board: Firmware, argument: str) -> Waiting | None:
    """G0, G1."""
    way = board.motion.go(words(argument))
    board.counters.moves += 1
    return None if board.instant else _planned(board, board.motion.straight(way))


def arc(board: Firmware, argument: str, *, clockwise: bool) -> Waiting | None:
    """G2, G3."""
    move = board.motion.arc(words(argument), clockwise=clockwise)
    board.counters.moves += 1
    return None if board.instant else _planned(board, move)


def _planned(board: Firmware, move: Move | None) -> Waiting | None:
    if move is None:
        return None
    board.planner.advance(board.now)
    if not board.planner.free:
        return _when_free(board, move)
    board.planner.add(move, board.now)
    return None


def _when_free(board: Firmware, move: Move) -> Waiting:
    while not board.planner.free:
        yield board.planner.next_end()
    board.planner.add(move, board.now)


def dwell(board: Firmware, argument: str) -> Waiting:
    """G4 S<seconds> or P<milliseconds>."""
    given = words(argument)
    yield from moves_finished(board)
    yield from passed(board, given.get("S") or (given.get("P") or 0.0) / 1000)


def finish_moves(board: Firmware, _argument: str) -> Waiting:
    """M400."""
    yield from moves_finished(board)


def home(board: Firmware, argument: str) -> Waiting:
    """G28 of the axes named, or of all."""
    yield from moves_finished(board)
    named = [axis for axis in HOMING_SPEEDS if axis in words(argument)] or list(HOMING_SPEEDS)
    position = board.motion.position
    yield from passed(board, sum(abs(position[axis]) / HOMING_SPEEDS[axis] + HOMING_BUMP for axis in named))
    position.update(dict.fromkeys(named, 0.0))


def level(board: Firmware, _argument: str) -> Waiting:
    """G29: probes a flat bed point by point and prints the grid."""
    yield from moves_finished(board)
    for _ in range(PROBE_GRID * PROBE_GRID):
        yield from passed(board, PROBE_SECONDS)
    board.say("Bilinear Leveling Grid:")
    board.say("      " + "      ".join(str(column) for column in range(PROBE_GRID)))
    for row in range(PROBE_GRID):
        board.say(f" {row} " + " ".join(["+0.000"] * PROBE_GRID))


def set_position(board: Firmware, argument: str) -> None:
    """G92 of the axes named, or zero for all."""
    motion = board.motion
    given = {axis: (value or 0.0) * motion.unit for axis, value in words(argument).items() if axis in AXES}
    motion.position.update(given or dict.fromkeys(AXES, 0.0))


def report_position(board: Firmware, _argument: str) -> None:
    """M114."""
    position = board.motion.position
    planned = " ".join(f"{axis}:{position[axis]:.2f}" for axis in AXES)
    board.say(f"{planned} Count " + " ".join(f"{axis}:{round(position[axis] * 80)}" for axis in "XYZ"))


def _unit(board: Firmware, _argument: str, *, millimetres: float) -> None:
    board.motion.unit = millimetres


def _coordinates(board: Firmware, _argument: str, *, absolute: bool) -> None:
    board.motion.absolute = board.motion.absolute_e = absolute


def _extruder(board: Firmware, _argument: str, *, absolute: bool) -> None:
    board.motion.absolute_e = absolute


def feed_rate(board: Firmware, argument: str) -> None:
    """M220 S<percent>; without it, says what it is."""
    percent = words(argument).get("S")
    if percent is None:
        board.say(f"FR:{board.motion.feed_percent:.0f}%")
    else:
        board.motion.feed_percent = min(max(percent, 10.0), 999.0)


def flow_rate(board: Firmware, argument: str) -> None:
    """M221 S<percent>; without it, says what it is."""
    percent = words(argument).get("S")
    if percent is None:
        board.say(f"echo:E{board.thermostat.tool} Flow: {board.motion.flow_percent:.0f}%")
    else:
        board.motion.flow_percent = percent


def motors_off(board: Firmware, _argument: str) -> Waiting:
    """M18, M84."""
    yield from moves_finished(board)


def motors_on(_board: Firmware, _argument: str) -> None:
    """M17."""


def _tool(board: Firmware, _argument: str, *, number: int) -> None:
    if number < len(board.thermostat.tools):
        board.thermostat.tool = number
        if len(board.thermostat.tools) > 1:
            board.say(f"echo:Active Extruder: {number}")
    else:
        board.say(f"echo:T{number} Invalid extruder")


HANDLERS: dict[str, Handler] = {
    "G0": straight,
    "G1": straight,
    "G2": partial(arc, clockwise=True),
    "G3": partial(arc, clockwise=False),
    "G4": dwell,
    "G20": partial(_unit, millimetres=INCH),
    "G21": partial(_unit, millimetres=1.0),
    "G28": home,
    "G29": level,
    "G90": partial(_coordinates, absolute=True),
    "G91": partial(_coordinates, absolute=False),
    "G92": set_position,
    "M17": motors_on,
    "M18": motors_off,
    "M82": partial(_extruder, absolute=True),
    "M83": partial(_extruder, absolute=False),
    "M84": motors_off,
    "M114": report_position,
    "M220": feed_rate,
    "M221": flow_rate,
    "M400": finish_moves,
    **{f"T{number}": partial(_tool, number=number) for number in range(10)},
}
