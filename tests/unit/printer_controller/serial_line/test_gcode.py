"""What of a line may reach a printer, and what a command says."""

from __future__ import annotations

import pytest

from services.printer_controller import gcode

LINES = {
    b"G1 X1 ; a move": b"G1 X1",
    b"  G28\r": b"G28",
    b"; only a comment": b"",
    b"": b"",
    b"\t \r": b"",
    b"%": b"",
    b"N12 G1 X1*55": b"G1 X1",
    b"N12 M110": b"",
    b"M110 N5": b"",
    b"M1100": b"M1100",
    "M117 20 °C".encode(): b"M117 20 ?C",
    b"M117 \xff": b"M117 ?",
    b"M117 a\tb": b"M117 a\tb",
}


@pytest.mark.parametrize("raw", LINES, ids=repr)
def test_only_the_command_is_sent(raw):
    assert gcode.command_of(raw) == LINES[raw]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"G1 X1\x00Y2", "control bytes"),
        (b"G1\rM112", "control bytes"),
        (b"\x1b[2J", "control bytes"),
        (b"G1 " + b"X" * 300, "longer than 256 bytes"),
    ],
)
def test_what_is_no_gcode_is_refused(raw, why):
    with pytest.raises(gcode.BadLine, match=why):
        gcode.command_of(raw)


def test_a_code_is_found_with_and_without_blanks_and_zeros():
    assert [gcode.code_of(text) for text in (b"G1 X1", b"G01X1", b"G 1", b"T0", b"hello", b"")] == [
        b"G1", b"G1", b"G1", b"T0", b"", b"",
    ]  # fmt: skip


def test_words_are_read_with_and_without_values():
    assert gcode.words_of(b"G1X-1.5 Y.5E+2") == {b"X": -1.5, b"Y": 0.5, b"E": 2.0}
    assert gcode.words_of(b"G28 X Y") == {b"X": None, b"Y": None}


def test_long_commands_are_known():
    assert [text for text in (b"G28", b"M109 S200", b"G29", b"T1", b"G1 X1", b"M104 S1") if gcode.runs_long(text)] == [
        b"G28", b"M109 S200", b"G29", b"T1",
    ]  # fmt: skip


def test_a_question_for_temperatures_is_known():
    assert gcode.asks_temperatures(b"M105")
    assert gcode.asks_temperatures(b"M105 T0")
    assert not gcode.asks_temperatures(b"M1050")
