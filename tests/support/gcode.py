"""Print files for tests: slicer-like G-code of any length, always the same, and a file from a slicer if one is here."""

from __future__ import annotations

import math
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

_SLICERS = ("prusa-slicer", "slic3r")
_CENTRE = 100.0
_TURN = 0.0173


def moves(count: int, *, first: int = 0, feedrate: float | None = None) -> Iterator[str]:
    """`count` moves along a rosette on a bed of 200 × 200 mm, no two the same.

    With line number and checksum a line takes 38.7 bytes on the wire on average. `feedrate` (mm/min) is said once, on
    the first line.
    """
    for number in range(first, first + count):
        angle = number * _TURN
        radius = 60.0 + 20.0 * math.sin(angle * 7)
        x = _CENTRE + radius * math.cos(angle)
        y = _CENTRE + radius * math.sin(angle)
        line = f"G1 X{x:.3f} Y{y:.3f} E{number * 0.00037 % 97:.4f}"
        yield f"{line} F{feedrate:g}" if feedrate is not None and number == first else line


def print_file(count: int, *, feedrate: float | None = None) -> bytes:
    """A file of exactly `count` lines that reach the printer, with comments and blank lines as slicers write them."""
    lines = ["; made for Jobwire's tests", "", *moves(count, feedrate=feedrate)]
    for at in range(len(lines) - 1, 2, -1000):
        lines.insert(at, f";LAYER_CHANGE {at}")
    return ("\n".join(lines) + "\n").encode()


def even_moves(count: int, *, length: float, feedrate: float) -> bytes:
    """`count` moves of `length` mm in a row, back and forth over the bed, at `feedrate` mm/min: each takes as long.

    The lines are as long on the wire as those of `moves`.
    """
    per_row = int(160.0 / length)
    lines = [f"G1 X20.000 Y20.000 E0.0000 F{feedrate:g}"]
    for number in range(1, count):
        row, column = divmod(number, per_row)
        x = 20.0 + length * (column if row % 2 == 0 else per_row - column)
        lines.append(f"G1 X{x:.3f} Y{20 + row * length % 160:.3f} E{number * 0.00037 % 97:.4f}")
    return ("\n".join(lines) + "\n").encode()


def sent_lines(content: bytes) -> list[str]:
    """What of a file must reach the printer: comments, blank lines and trailing spaces removed, in order."""
    lines = (line.split(";", 1)[0].strip() for line in content.decode().splitlines())
    return [line for line in lines if line]


def sent_before(content: bytes, line: int) -> int:
    """How many of the first `line` lines of a file reach the printer."""
    return len(sent_lines(b"\n".join(content.split(b"\n")[:line])))


def numbered(line: str, number: int) -> bytes:
    """One line as it goes over the wire: number, text, checksum (the exclusive or of all bytes before the `*`)."""
    body = f"N{number} {line}".encode()
    checksum = 0
    for byte in body:
        checksum ^= byte
    return b"%s*%d\n" % (body, checksum)


def slicer() -> str | None:
    """The program of a slicer on this machine, or None."""
    return next((program for name in _SLICERS if (program := shutil.which(name))), None)


def sliced_file(folder: Path, *, size: float = 105.0, timeout: float = 90.0) -> bytes | None:
    """A ring sliced by the slicer on this machine (`size` mm wide); None where there is none."""
    program = slicer()
    if program is None:
        return None
    mesh, sliced = folder / "ring.stl", folder / "ring.gcode"
    mesh.write_bytes(_ring(size))
    arguments = ["--export-gcode"] if "prusa" in program else []
    arguments += ["--center", "100,100", "--layer-height", "0.2", "--fill-density", "20%"]
    subprocess.run(
        [program, *arguments, "--output", str(sliced), str(mesh)], check=True, capture_output=True, timeout=timeout
    )
    return sliced.read_bytes()


def _ring(size: float, around: int = 360, across: int = 90) -> bytes:
    """A ring (torus) as a binary STL: many short edges, so that it slices into many moves."""
    minor = size / 8
    major = size / 2 - minor

    def point(i: int, j: int) -> tuple[float, float, float]:
        u, v = 2 * math.pi * i / around, 2 * math.pi * j / across
        reach = major + minor * math.cos(v)
        return reach * math.cos(u), reach * math.sin(u), minor * math.sin(v)

    triangles: list[bytes] = []
    for i in range(around):
        for j in range(across):
            a, b, c, d = point(i, j), point(i + 1, j), point(i + 1, j + 1), point(i, j + 1)
            for corners in ((a, b, c), (a, c, d)):
                triangles.append(struct.pack("<12fH", 0, 0, 0, *corners[0], *corners[1], *corners[2], 0))
    return b"\0" * 80 + struct.pack("<I", len(triangles)) + b"".join(triangles)
