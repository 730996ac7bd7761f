"""Files to be printed, from a slicer where there is one, and how long the virtual printer's firmware takes for them."""

from __future__ import annotations

import math
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from services.printer_controller.virtual_printer.firmware import Firmware
from services.printer_controller.virtual_printer.options import Options
from tests.support.gcode import sent_lines, slicer

WINDOW = 4  # lines that the host has under way: the firmware's command queue is full

Outline = Callable[[float, float], float]


class Model(NamedTuple):
    """A body by its radius at each angle (radians) and height (0..1), and how it is to be sliced."""

    radius: Outline
    height: float
    options: tuple[str, ...]


MODELS = {
    "ball": Model(lambda _, z: 12.0 * math.sin(math.pi * (0.08 + 0.84 * z)), 20.0, ("--fill-density", "20%")),
    "star": Model(
        lambda angle, z: 11.0 + 3.0 * math.cos(5 * angle + 3 * z),
        12.0,
        ("--fill-density", "10%", "--use-relative-e-distances", "--retract-lift", "0.4", "--perimeter-speed", "80",
         "--layer-gcode", "G92 E0"),
    ),
    "vase": Model(
        lambda angle, z: 14.0 + 2.0 * math.sin(4 * z) + 0.6 * math.cos(12 * angle),
        25.0,
        ("--spiral-vase", "--layer-height", "0.3", "--perimeters", "1", "--fill-density", "0",
         "--top-solid-layers", "0"),
    ),
}  # fmt: skip


@pytest.fixture(params=MODELS)
def sliced(request: pytest.FixtureRequest, tmp_path: Path, record_property: Callable[[str, object], None]) -> bytes:
    """Each of the models as G-code: from a slicer where this machine has one, else drawn like one."""
    program = slicer()
    record_property("sliced by", program or "this test")
    model = MODELS[request.param]
    if program is None or "prusa" not in program:
        return "\n".join(_drawn(model)).encode()
    mesh, gcode = tmp_path / "model.stl", tmp_path / "model.gcode"
    mesh.write_bytes(_stl(model))
    command = [program, "--export-gcode", "--center", "100,100", *model.options, "--output", str(gcode), str(mesh)]
    subprocess.run(command, check=True, capture_output=True, timeout=90)
    return gcode.read_bytes()


@pytest.fixture(params=MODELS)
def drawn(request: pytest.FixtureRequest) -> bytes:
    """Each of the models without any slicer: outlines and zigzag infill, layer by layer."""
    return "\n".join(_drawn(MODELS[request.param])).encode()


def _stl(model: Model, around: int = 180, up: int = 60) -> bytes:
    def point(i: int, j: int) -> tuple[float, float, float]:
        angle, z = 2 * math.pi * i / around, j / up
        radius = model.radius(angle, z)
        return radius * math.cos(angle), radius * math.sin(angle), z * model.height

    triangles = []
    for i in range(around):
        for j in range(up):
            a, b, c, d = point(i, j), point(i + 1, j), point(i + 1, j + 1), point(i, j + 1)
            triangles += [(a, b, c), (a, c, d)]
        triangles.append(((0.0, 0.0, 0.0), point(i + 1, 0), point(i, 0)))
        triangles.append(((0.0, 0.0, model.height), point(i, up), point(i + 1, up)))
    body = b"".join(struct.pack("<12fH", 0, 0, 0, *a, *b, *c, 0) for a, b, c in triangles)
    return bytes(80) + struct.pack("<I", len(triangles)) + body


def _drawn(model: Model) -> Iterator[str]:
    yield from ("M140 S60", "M104 S200", "M190 S60", "M109 S200", "G28", "G90", "M82", "G92 E0")
    used = 0.0
    for layer in range(1, int(model.height / 0.3) + 1):
        z = layer * 0.3 / model.height
        yield from (";LAYER_CHANGE", f"G1 E{used - 2:.5f} F2400", f"G1 Z{layer * 0.3:.3f} F7800")
        path = [*_ring(model, z, 0.0), *_ring(model, z, 0.45), *_zigzag(model, z, layer)]
        for number, (x, y) in enumerate(path):
            if number == 0:
                yield from (f"G1 X{x:.3f} Y{y:.3f} F7800", f"G1 E{used:.5f} F2400", "G1 F1800")
                continue
            used += math.dist(path[number - 1], (x, y)) * 0.033
            yield f"G1 X{x:.3f} Y{y:.3f} E{used:.5f}"
    yield from ("M104 S0", "M140 S0", "G28 X0", "M84")


def _ring(model: Model, z: float, inside: float) -> Iterator[tuple[float, float]]:
    for step in range(181):
        angle = 2 * math.pi * step / 180
        radius = model.radius(angle, z) - inside
        yield 100 + radius * math.cos(angle), 100 + radius * math.sin(angle)


def _zigzag(model: Model, z: float, layer: int) -> Iterator[tuple[float, float]]:
    reach = 0.6 * min(model.radius(step / 10, z) for step in range(63))
    for row in range(9):
        along, across = reach * (1 if row % 2 else -1), reach * (row / 4 - 1)
        for step in (1, -1):
            x, y = (along * step, across) if layer % 2 else (across, along * step)
            yield 100 + x, 100 + y


@pytest.fixture
def firmware_seconds() -> Callable[[bytes], float]:
    """How long the virtual printer's firmware takes for a file, in its own time, fed by a host that is always ready."""
    return _firmware_seconds


def _firmware_seconds(content: bytes) -> float:
    board = Firmware(Options(busy_interval=0.0))
    board.reset()
    board.voice.take()
    free = WINDOW
    for line in [*sent_lines(content), "M400"]:
        while not free:
            board.advance(board.next_event())
            free += _oks(board)
        board.receive(line.encode() + b"\n", board.now)
        free += _oks(board) - 1
    while free < WINDOW:
        board.advance(board.next_event())
        free += _oks(board)
    assert board.counters.starved == 0
    return board.now


def _oks(board: Firmware) -> int:
    return sum(reply.startswith(b"ok") for _, reply in board.voice.take())
