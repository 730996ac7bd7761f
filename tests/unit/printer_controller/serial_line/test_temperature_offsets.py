"""Offsets move the targets of a file, of the right heater, and never switch anything on or off."""

from __future__ import annotations

import pytest

from services.printer_controller.temperature_offsets import moved_lines, with_offset

OFFSETS = {"tool0": 10.0, "tool1": -5.0, "bed": 2.5, "chamber": -40.0}


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        (b"M104 S200", b"M104 S195"),  # the tool in use is tool1
        (b"M104 T0 S200", b"M104 T0 S210"),
        (b"M109 S200.5 T1", b"M109 S195.5 T1"),
        (b"M109 R180", b"M109 R175"),
        (b"M140 S60", b"M140 S62.5"),
        (b"M190S60", b"M190S62.5"),
        (b"M141 S60", b"M141 S20"),
        (b"M191 S30", b"M191 S0"),  # not below zero
        (b"M104 S0", b"M104 S0"),
        (b"M104 T7 S200", b"M104 T7 S200"),
        (b"M140", b"M140"),
        (b"M1040 S200", b"M1040 S200"),
        (b"M117 S200", b"M117 S200"),
        (b"G1 X5 S200", b"G1 X5 S200"),
    ],
)
def test_a_target_is_moved_by_the_offset_of_its_heater(line: bytes, sent: bytes):
    assert with_offset(line, OFFSETS, lambda: 1) == sent


def test_without_an_offset_the_lines_come_from_the_file_directly():
    def take():
        return (b"M104 S200", 1, 10)

    assert moved_lines(take, {}, lambda: 0) is take
    assert moved_lines(take, {"tool0": 0.0}, lambda: 0) is take
    assert moved_lines(take, {"tool0": 5.0}, lambda: 0)() == (b"M104 S205", 1, 10)


def test_other_lines_and_the_end_of_the_file_pass_through_without_asking_for_the_tool():
    entries = iter([(b"G1 X5", 1, 6), (b"M105", 2, 11), None])

    def tool() -> int:
        raise AssertionError

    take = moved_lines(lambda: next(entries), OFFSETS, tool)
    assert [take(), take(), take()] == [(b"G1 X5", 1, 6), (b"M105", 2, 11), None]
