"""What the commands of a file do to the estimate, in one table; those that are not in it take no time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from services.printer_controller.analysis.arcs import arc_between, centre_by_radius
from services.printer_controller.analysis.course import Course
from services.printer_controller.analysis.heating import Heating
from services.printer_controller.analysis.machine import Axes, Machine
from services.printer_controller.analysis.planning import Planner

INCH = 25.4
MOST_TOOLS = 64
LONGEST_DWELL = 3_600.0  # seconds
MARLIN_JERKS: Axes = (10.0, 10.0, 0.3, 5.0)  # mm/s
_PER_MINUTE = 2_000.0  # RepRapFirmware gives M203 in mm/min: no axis is that fast in mm/s

Words = dict[str, float | None]


class State:
    """Everything that commands change."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.planner = Planner(machine)
        self.course = Course(machine, self.planner)
        self.heating = Heating(machine)
        self.tool = 0
        self.retraction = machine.retraction
        self.retraction_speed = machine.retraction_speed


def _move(state: State, words: Words) -> None:
    """G0, G1 written in an unusual way; G5 is taken for the straight line to its end."""
    get = words.get
    state.course.go(get("X"), get("Y"), get("Z"), get("E"), get("F"))


def _arc(state: State, words: Words, *, clockwise: bool) -> None:
    """G2, G3 with I and J or with R."""
    course, get = state.course, words.get
    course.hurry(get("F") or 0.0)
    dx, dy, dz, de = course.way(get("X"), get("Y"), get("Z"), get("E"))
    i, j = (get("I") or 0.0) * course.unit, (get("J") or 0.0) * course.unit
    if radius := get("R"):
        i, j = centre_by_radius(dx, dy, radius * course.unit, clockwise=clockwise)
    arc = arc_between(course.x, course.y, dx, dy, i, j, clockwise=clockwise)
    if arc is None:
        _move(state, words)
    else:
        course.sweep(arc, dz, de, to=(dx, dy))


def _dwell(state: State, words: Words) -> None:
    """G4 S<seconds> or P<milliseconds>; M0 and M1, where no time is given, wait for a person: that is not counted."""
    seconds = words.get("S") or (words.get("P") or 0.0) / 1_000.0
    state.planner.stop(min(max(0.0, seconds), LONGEST_DWELL))


def _finish(state: State, _words: Words) -> None:
    """M400, M84 …: the moves come to their end."""
    state.planner.stop()


def _retract(state: State, words: Words, *, back: bool) -> None:
    """G10 and G11 without words: retraction by the firmware. With P they are RepRapFirmware's tool settings."""
    if not words:
        way = -state.retraction if back else state.retraction
        state.planner.add(0.0, 0.0, 0.0, way, state.retraction_speed)


def _retraction(state: State, words: Words) -> None:
    """M207 S<mm> F<mm/min>."""
    state.retraction = words.get("S") or state.retraction
    state.retraction_speed = (words.get("F") or state.retraction_speed * 60.0) / 60.0


def _home(state: State, words: Words) -> None:
    """G28 of the axes named, or of all: the way there at homing speed and a slow second touch each."""
    axes = "".join(axis for axis in "XYZ" if axis in words) or "XYZ"
    ways = state.course.home(axes)
    machine = state.machine
    moving = sum(way / speed for way, speed in zip(ways, machine.homing, strict=True))
    state.planner.stop(moving + machine.homing_touch * len(axes))


def _level(state: State, _words: Words) -> None:
    """G29."""
    state.planner.stop(state.machine.levelling)


def _unit(state: State, _words: Words, *, millimetres: float) -> None:
    state.course.unit = millimetres


def _relative(state: State, _words: Words, *, relative: bool) -> None:
    state.course.relative = relative


def _extruder_relative(state: State, _words: Words, *, relative: bool) -> None:
    state.course.extruder_relative = relative


def _set_position(state: State, words: Words) -> None:
    """G92 of the axes named, or zero for all."""
    course = state.course
    named = {axis.lower(): (words[axis] or 0.0) * course.unit for axis in "XYZE" if axis in words}
    for axis, value in (named or dict.fromkeys("xyze", 0.0)).items():
        setattr(course, axis, value)


def change_tool(state: State, tool: int) -> None:
    """T<number>."""
    if tool < MOST_TOOLS:
        state.tool = tool
        state.course.change_tool(tool)


def _heat(state: State, words: Words, *, heater: str = "", wait: bool = False) -> None:
    """M104, M109, M140, M190 … S<°C>, or R<°C> to wait for cooling too; T names a hotend."""
    target = words.get("S", words.get("R"))
    tool = words.get("T")
    number = state.tool if tool is None else min(int(tool), MOST_TOOLS)
    name = heater or f"tool{number}"
    planner, heating = state.planner, state.heating
    if target is not None:
        heating.set(name, target, planner.seconds)
    if wait and target:
        planner.stop()
        planner.stop(heating.wait(name, planner.seconds))


def _feed_percent(state: State, words: Words) -> None:
    """M220 S<percent>, within Marlin's limits."""
    percent = words.get("S")
    if percent is not None:
        state.course.pace = min(max(percent, 10.0), 999.0) / 100.0


def _four(words: Words, old: Axes, divisor: float = 1.0) -> Axes:
    """The new values of X, Y, Z and E where they are given and make sense."""
    x, y, z, e = ((words.get(axis) or before * divisor) / divisor for axis, before in zip("XYZE", old, strict=True))
    return (x, y, z, e) if min(x, y, z, e) > 0.0 else old


def _accelerations(state: State, words: Words) -> None:
    """M201, mm/s²."""
    state.planner.accelerations = _four(words, state.planner.accelerations)


def _speeds(state: State, words: Words) -> None:
    """M203, mm/s."""
    per_minute = max(words.get("X") or 0.0, words.get("Y") or 0.0) >= _PER_MINUTE
    state.planner.speeds = _four(words, state.planner.speeds, 60.0 if per_minute else 1.0)


def _acceleration(state: State, words: Words) -> None:
    """M204 P<printing> T<travel> R<retracting>, or S for the first two, mm/s²."""
    planner = state.planner
    both = words.get("S")
    planner.printing = max(words.get("P") or both or planner.printing, 1.0)
    planner.travel = max(words.get("T") or both or planner.travel, 1.0)
    planner.retracting = max(words.get("R") or planner.retracting, 1.0)


def _corners(state: State, words: Words) -> None:
    """M205 J<junction deviation, mm>, or X, Y, Z, E<jerk, mm/s>: which of them comes last is what corners go by."""
    deviation = words.get("J")
    if deviation is not None and deviation > 0.0:
        state.planner.junction_deviation, state.planner.jerks = deviation, None
    elif words.keys() & {"X", "Y"}:
        state.planner.jerks = _four(words, state.planner.jerks or MARLIN_JERKS)


COMMANDS: dict[bytes, Callable[[State, Words], None]] = {
    b"G0": _move,
    b"G1": _move,
    b"G2": partial(_arc, clockwise=True),
    b"G3": partial(_arc, clockwise=False),
    b"G4": _dwell,
    b"G5": _move,
    b"G10": partial(_retract, back=True),
    b"G11": partial(_retract, back=False),
    b"G20": partial(_unit, millimetres=INCH),
    b"G21": partial(_unit, millimetres=1.0),
    b"G28": _home,
    b"G29": _level,
    b"G90": partial(_relative, relative=False),
    b"G91": partial(_relative, relative=True),
    b"G92": _set_position,
    b"M0": _dwell,
    b"M1": _dwell,
    b"M18": _finish,
    b"M82": partial(_extruder_relative, relative=False),
    b"M83": partial(_extruder_relative, relative=True),
    b"M84": _finish,
    b"M104": _heat,
    b"M109": partial(_heat, wait=True),
    b"M140": partial(_heat, heater="bed"),
    b"M141": partial(_heat, heater="chamber"),
    b"M190": partial(_heat, heater="bed", wait=True),
    b"M191": partial(_heat, heater="chamber", wait=True),
    b"M201": _accelerations,
    b"M203": _speeds,
    b"M204": _acceleration,
    b"M205": _corners,
    b"M207": _retraction,
    b"M220": _feed_percent,
    b"M400": _finish,
}
