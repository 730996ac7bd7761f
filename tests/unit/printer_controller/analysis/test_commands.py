"""What commands do to position, filament and time."""

from __future__ import annotations

from typing import Any

import pytest

from services.printer_controller.analysis.interpreter import Interpreter
from services.printer_controller.analysis.machine import Machine

MACHINE = Machine()
COLD_TO_200 = (200 - 21) / MACHINE.hotend_heating
COLD_TO_60 = (60 - 21) / MACHINE.bed_heating


def follow(text: str) -> Interpreter:
    """A file that was followed to its end."""
    interpreter = Interpreter(MACHINE)
    interpreter.follow((text + "\n").encode())
    interpreter.state.planner.stop()
    return interpreter


def position(text: str) -> Any:
    course = follow(text).state.course
    return pytest.approx((course.x, course.y, course.z, course.e))


def seconds(text: str) -> float:
    return follow(text).state.planner.seconds


def lengths(text: str) -> dict[str, Any]:
    return {tool: pytest.approx(use.length) for tool, use in follow(text).state.course.filament([]).items()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("G1 X10 Y20 Z.3 E1.5 F1800", (10, 20, 0.3, 1.5)),
        ("G1 F1800 X10 Y-20 E5.", (10, -20, 0, 5)),
        ("G1 E2 Z1 Y3 X4", (4, 3, 1, 2)),  # in an order that no slicer writes
        ("G01X10Y20", (10, 20, 0, 0)),
        ("G0 X+10  Y20 ; there", (10, 20, 0, 0)),
        ("\tG1 X1\r", (1, 0, 0, 0)),
        ("N7 G1 X10*33", (10, 0, 0, 0)),
        ("G1 X5\nG1 Y5\nG1", (5, 5, 0, 0)),
        ("G91\nG1 X5 E1\nG1 X5 E1\nG90\nG1 Y1", (10, 1, 0, 2)),
        ("M83\nG1 X5 E1\nG1 X7 E1\nM82\nG1 E0.5", (7, 0, 0, 0.5)),
        ("G20\nG1 X1 Z.1\nG21\nG1 Y1", (25.4, 1, 2.54, 0)),
        ("G1 X10 E5\nG92 E0\nG1 E1", (10, 0, 0, 1)),
        ("G1 X10 Y10\nG92\nG1 X1", (1, 0, 0, 0)),
        ("G1 X10 Y10 Z5\nG28 X0 Y", (0, 0, 5, 0)),
        ("G1 X10 Y10 Z5\nG28", (0, 0, 0, 0)),
        ("G2 X10 Y0 I5 J0 E1", (10, 0, 0, 1)),
        ("G3 X10 R5", (10, 0, 0, 0)),
        ("G5 X10 Y10 I1 J1 P1 Q1", (10, 10, 0, 0)),
        ("G1 X1e9", (1, 0, 0, 0)),  # as Marlin reads it: up to the letter
        ("G1 X99999999999 Y1", (0, 1, 0, 0)),
        ("G1 X1.2.3 Y--5 Z", (1.2, 0, 0, 0)),
        ("; G1 X5", (0, 0, 0, 0)),
        ("g1 x5", (0, 0, 0, 0)),  # no command to Marlin
        ("M117 G1 X5", (0, 0, 0, 0)),
    ],
)
def test_the_position_is_where_the_firmware_would_be(text: str, expected: tuple[float, ...]) -> None:
    assert position(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("G1 X10 E5\nG1 E3\nG1 E5\nG1 X20 E8\nG1 E4", {"tool0": 8.0}),  # retractions give nothing back
        ("G1 X1 E5\nT1\nG92 E0\nG1 X2 E3\nT0\nG92 E0\nG1 X3 E1", {"tool0": 6.0, "tool1": 3.0}),
        ("M83\nT3\nG1 X1 E5", {"tool3": 5.0}),
        ("M83\nT3000\nG1 X1 E5", {"tool0": 5.0}),
        ("G1 X1\nG1 E-5", {}),
        ("G10\nG1 X1\nG11", {}),
    ],
)
def test_filament_is_counted_by_tool(text: str, expected: dict[str, float]) -> None:
    assert lengths(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("G4 S2", 2.0),
        ("G4 P500", 0.5),
        ("G4", 0.0),
        ("G4 S1e9\nG4 S999999", 1.0 + 3_600.0),
        ("M0 S3\nM1 P500\nM0", 3.5),
        ("G28", 3 * MACHINE.homing_touch),
        ("G92 X100 Z8\nG28 X", MACHINE.homing_touch + 100 / MACHINE.homing[0]),
        ("G29", MACHINE.levelling),
        ("M104 S200", 0.0),
        ("M109 S200", COLD_TO_200 + MACHINE.settling),
        ("M109 S200\nM109 S200", COLD_TO_200 + 2 * MACHINE.settling),
        ("M109 R200\nM109 S180", COLD_TO_200 + 2 * MACHINE.settling),
        ("M104 S200\nM190 S60\nM109 S200", COLD_TO_60 + MACHINE.settling * 2 + max(0.0, COLD_TO_200 - COLD_TO_60 - 3)),
        ("M104 T1 S200\nG4 S500\nM109 T1 S200", 500.0 + MACHINE.settling),
        ("M109 S0\nM190\nM109 T9", 0.0),
        ("M106 S255\nM117 hello\nM900 K1\nT0\nG10 P0 S200", 0.0),
    ],
)
def test_waiting_takes_its_time(text: str, expected: float) -> None:
    assert seconds(text) == pytest.approx(expected)


FAR = "G1 X2000 E50 F6000"  # twenty seconds at 100 mm/s, and a little to get there and to stop


@pytest.mark.parametrize(
    ("before", "factor"),
    [
        ("M220 S50", 2.0),
        ("M220 S200", 0.5),
        ("M220 S1", 10.0),  # Marlin's lower limit
        ("M220", 1.0),
        ("M203 X50", 2.0),
        ("M203 X3000 Y3000 Z720 E4800", 2.0),  # in mm/min, as for RepRapFirmware
        ("M203 E1.25", 2.0),
        ("M203 X-5", 1.0),
        ("M205 X8 Y8", 1.0),
        ("M205 J0.05", 1.0),
    ],
)
def test_speed_limits_of_the_file_are_kept(before: str, factor: float) -> None:
    assert seconds(f"{before}\n{FAR}") / seconds(FAR) == pytest.approx(factor, rel=0.04)


SHORT = "G1 X1 E.1 F30000"  # never at speed: √(length / acceleration) counts


@pytest.mark.parametrize(
    ("before", "move", "factor"),
    [
        ("M204 P375 T3000", SHORT, 2.0),
        ("M204 S375", SHORT, 2.0),
        ("M204 P6000 T375", "G1 X1 F30000", 2.0),
        ("M204 R750", "G1 E.1 F30000", 2.0),
        ("M201 X375", SHORT, 2.0),
        ("M201 X375", "G1 Y1 E.1 F30000", 1.0),
        ("M204 P0", SHORT, 1.0),
    ],
)
def test_accelerations_of_the_file_are_kept(before: str, move: str, factor: float) -> None:
    assert seconds(f"{before}\n{move}") / seconds(move) == pytest.approx(factor, rel=0.01)


def test_firmware_retraction_is_a_move_of_the_extruder() -> None:
    assert seconds("G10\nG11") == pytest.approx(seconds("M83\nG1 E-3 F2700\nG1 E3"))
    assert seconds("M207 S1 F600\nG10\nG11") == pytest.approx(seconds("M83\nG1 E-1 F600\nG1 E1"))


def test_an_arc_is_as_long_as_it_is_round() -> None:
    half = seconds("G2 X20 I10 E1 F600")
    assert half == pytest.approx(31.416 / 10, rel=0.02)
    assert seconds("G2 I10 F600") == pytest.approx(2 * 31.416 / 10, rel=0.02)
    assert seconds("G2 X20 R-10 F600") == pytest.approx(half, rel=0.001)


@pytest.mark.parametrize(
    ("text", "room"),
    [
        ("G1 X20 Y30 Z.2\nG1 X50 E5\nG1 X90 Y90 Z10", (20, 30, 50, 30, 0.2)),
        ("G1 X10 Y10 E1", (0, 0, 10, 10, 0)),  # it began to extrude at the origin
        ("G1 X10 Y10\nG2 X30 Y10 I10 J0 E5", (10, 10, 30, 20, 0)),  # clockwise over the top
        ("G1 X10 Y10\nG3 X30 Y10 I10 J0 E5", (10, 0, 30, 10, 0)),
    ],
)
def test_the_printed_room_is_around_what_is_extruded(text: str, room: tuple[float, ...]) -> None:
    area = follow(text).state.course.printing_area()
    assert area is not None
    assert (area.min_x, area.min_y, area.max_x, area.max_y, area.max_z) == pytest.approx(room)
    assert area.min_z == 0.0


def test_priming_on_the_spot_needs_no_room() -> None:
    course = follow("G1 X20 Y30\nG1 E5\nG1 X50").state.course
    assert course.printing_area() is None
    assert course.travel_area() is not None


@pytest.mark.parametrize(
    ("heights", "layers"),
    [
        (["0.2", "0.4", "0.6"], 3),
        (["0.2", "0.4", "0.2", "0.4", "0.6"], 3),  # one object after the other would count as one
        (["0.2"], 1),
        ([f"{0.2 + number * 0.001:.3f}" for number in range(201)], 6),  # a spiral
    ],
)
def test_layers_are_the_heights_at_which_it_extrudes(heights: list[str], layers: int) -> None:
    lines = [f"G1 Z{float(height) + 5}\nG1 Z{height}\nG1 X{at} E{at}" for at, height in enumerate(heights, 1)]
    assert follow("\n".join(lines)).state.course.layers == layers


def test_lines_that_no_printer_gets_are_counted() -> None:
    assert follow("G1 X1\n\x00\x01\nM117 " + "x" * 500 + "\nG1 X2").refused == 2
