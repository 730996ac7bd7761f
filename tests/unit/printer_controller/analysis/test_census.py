"""Every command of a file is known with its first line, without looking at each move."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.printer_controller.analysis.census import MOST_COMMANDS, Census
from services.printer_controller.analysis.reading import read
from services.printer_controller.analysis.whole_lines import LONGEST_LINE

FILE = (
    b"; head\r\nG28 ; M997 in a comment\r\nG1 X1 Y2 E0.1 F1200\nG1 X2;M500\nm500\nG1 X3 M502\n\n"
    b"N7 M104 S0*22\nM117 M994 is here\nSAVE_CONFIG\nM104 S1\nT1\nG92E0\nD3 Ax1"
)
COMMANDS = {
    "G28": 2, "M500": 5, "G1": 6, "M502": 6, "M104": 8, "M117": 9, "SAVE_CONFIG": 10, "T1": 12, "G92": 13, "D3": 14,
}  # fmt: skip


@pytest.mark.parametrize("lines_at_once", [1, 2, 100])
def test_the_first_line_of_each_command_is_counted(lines_at_once: int) -> None:
    census, lines = Census(), (FILE + b"\n").splitlines(keepends=True)
    for start in range(0, len(lines), lines_at_once):
        census.add(b"".join(lines[start : start + lines_at_once]), 0)
    assert census.first_lines == COMMANDS


def test_the_analysis_of_a_file_has_them(tmp_path: Path) -> None:
    path = tmp_path / "a.gcode"
    path.write_bytes(FILE)
    assert read(path).commands == COMMANDS


def test_lines_that_were_left_out_count(tmp_path: Path) -> None:
    path = tmp_path / "a.gcode"
    path.write_bytes(b"G28\n" + b"x" * (LONGEST_LINE * 8) + b"\nM500\n")
    assert read(path).commands["M500"] == 3


def test_a_file_of_inventions_does_not_fill_the_memory() -> None:
    census = Census()
    census.add(b"".join(b"M%d\n" % number for number in range(10_000)), 0)
    assert len(census.first_lines) == MOST_COMMANDS
