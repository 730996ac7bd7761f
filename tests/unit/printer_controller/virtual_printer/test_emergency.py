"""Urgent commands are heard in the raw bytes, and only they."""

from __future__ import annotations

import pytest

from services.printer_controller.virtual_printer.emergency import EmergencyParser


@pytest.mark.parametrize(
    ("data", "heard"),
    [
        (b"M112\n", ["M112"]),
        (b"N12 M112*35\n", ["M112"]),
        (b"N12M112*35\n", ["M112"]),
        (b"  M410 ; now\r\n", ["M410"]),
        (b"G1 X5\nM108\nM105\nM112\n", ["M108", "M112"]),
        (b"M1120\n", []),
        (b"M117 M112\n", []),
        (b"M106 S255\nM104 S200\n", []),
        (b"M112", []),  # not ended yet
    ],
)
def test_only_whole_urgent_lines_are_heard(data: bytes, heard: list[str]) -> None:
    assert EmergencyParser().heard(data) == heard


def test_a_line_that_comes_byte_by_byte_is_heard_at_its_end() -> None:
    parser = EmergencyParser()
    heard = [parser.heard(bytes([byte])) for byte in b"G28\nM112\n"]
    assert heard[:-1] == [[]] * 8
    assert heard[-1] == ["M112"]


def test_a_reset_forgets_a_line_that_had_begun() -> None:
    parser = EmergencyParser()
    parser.heard(b"M11")
    parser.forget()
    assert parser.heard(b"2\n") == []
