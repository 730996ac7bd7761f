"""What a print relies on is known from the lines that were acknowledged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.printer_controller.modal import Modal, ModalFollower


def after(*lines: str) -> Modal:
    follower = ModalFollower()
    follower.follow([line.encode() for line in lines])
    return follower.snapshot()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("G1 X1 Y2 Z3 E4 F1500",), {"x": 1, "y": 2, "z": 3, "e": 4, "feedrate": 1500}),
        (("G1 X1 Y2", "G1 X5 E1", "G1 Y7"), {"x": 5, "y": 7, "e": 1}),
        (("G0 X1", "G2 X9 Y8 I1 J1 E2"), {"x": 9, "y": 8, "e": 2}),
        (("G1 X1 Z1", "G28"), {"x": None, "z": None}),
        (("G1 X1 Y1 Z1", "G28 X0", "G1 Y2"), {"x": None, "y": 2, "z": 1}),
        (("G1 X1 Y1 E5", "G92 E0"), {"x": 1, "e": 0}),
        (("G92",), {"x": 0, "y": 0, "z": 0, "e": 0}),
        (("G1 X10 Y10 Z1", "G91", "G1 X1", "G1 Z5", "G1 X1 Y-2"), {"x": 12, "y": 8, "z": 6, "relative": True}),
        (("G91", "G1 X1"), {"x": None}),
        (("M83", "G1 X1 E1", "G1 X2 E1"), {"x": 2, "e": None, "extruder_relative": True}),
        (("M83", "M82", "G1 E3"), {"e": 3, "extruder_relative": False}),
        (("G20", "G1 X1 F10"), {"x": 25.4, "feedrate": 254, "inches": True}),
        (("M104 S200", "M140 S60", "M141 S40"), {"targets": {"tool0": 200, "bed": 60, "chamber": 40}}),
        (("T1", "M109 R210", "M104 T0 S150"), {"tool": 1, "targets": {"tool1": 210, "tool0": 150}}),
        (("M106",), {"fan": 255}),
        (("M106 S300", "M106 P1 S5"), {"fan": 255}),
        (("M106 S77.5",), {"fan": 77}),
        (("M106 S77", "M107"), {"fan": 0}),
        (("G1X3Y4", "G01 Z2"), {"x": 3, "y": 4, "z": 2}),
        (("M117 X99 says nothing", "garbage"), {"x": None}),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, tuple) else "",
)
def test_lines_change_what_holds(lines, expected):
    modal = after(*lines)
    assert {name: getattr(modal, name) for name in expected} == expected


moves = st.lists(
    st.one_of(
        st.builds("G1 X{} Y{} E{}".format, st.integers(-9, 99), st.integers(-9, 99), st.integers(0, 99)),
        st.builds("G1 X{}".format, st.integers(0, 99)),
        st.builds("G1 Z{} F{}".format, st.integers(0, 9), st.integers(1, 9000)),
        st.builds("G92 E{}".format, st.integers(0, 9)),
        st.sampled_from(["G28 X", "G90", "G91", "M82", "M83", "M106 S9"]),
    ),
    max_size=40,
)


@given(moves, st.lists(st.integers(0, 40), max_size=5))
def test_it_makes_no_difference_how_often_one_looks(lines, looks):
    follower = ModalFollower()
    for at, line in enumerate(lines):
        follower.follow([line.encode()])
        if at in looks:
            follower.snapshot()
    assert follower.snapshot() == after(*lines)
