"""The own estimate against what the virtual printer then takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from services.printer_controller.analysis.reading import read
from services.printer_controller.analysis.result import FileAnalysis
from services.printer_controller.analysis.time_left import Progress, share_done
from tests.support.printer_session import SessionOnPrinter
from tests.support.virtual_printer import VirtualPrinterProcess

SPEED = 50  # times as fast as a real printer
FirmwareSeconds = Callable[[bytes], float]


def analysed(folder: Path, content: bytes) -> FileAnalysis:
    path = folder / "analysed.gcode"
    path.write_bytes(content)
    return read(path)


def test_the_own_estimate_of_a_sliced_file_is_within_a_tenth_of_the_print(
    sliced: bytes, firmware_seconds: FirmwareSeconds, tmp_path: Path
) -> None:
    analysis = analysed(tmp_path, sliced)
    taken = firmware_seconds(sliced)
    assert taken > 120, "the model is too small to tell anything"
    assert analysis.own_print_time == pytest.approx(taken, rel=0.1)


def test_the_own_estimate_of_a_drawn_file_is_within_a_tenth_of_the_print(
    drawn: bytes, firmware_seconds: FirmwareSeconds, tmp_path: Path
) -> None:
    analysis = analysed(tmp_path, drawn)
    assert analysis.estimated_by == "own"
    assert analysis.estimated_print_time == pytest.approx(firmware_seconds(drawn), rel=0.1)


def test_the_marks_say_how_far_the_print_is_in_time(
    drawn: bytes, firmware_seconds: FirmwareSeconds, tmp_path: Path
) -> None:
    marks = analysed(tmp_path, drawn).marks
    whole = firmware_seconds(drawn)
    for quarter in (1, 2, 3):
        position = drawn.rindex(b"\n", 0, len(drawn) * quarter // 4) + 1
        over = firmware_seconds(drawn[:position])
        assert share_done(Progress(position, len(drawn), 0.0), marks) == pytest.approx(over / whole, abs=0.05)


async def test_a_print_over_a_real_line_takes_as_long_as_estimated(tmp_path: Path) -> None:
    """What the machine of this test could not feed in time is taken off."""
    corners = ("X150 Y50", "X150 Y150", "X50 Y150", "X50 Y50")
    lines = [f"G1 {corner} E{number * 4}" for number, corner in enumerate(corners * 40)]
    content = "\n".join(["G28", "G1 X50 Y50 Z0.2 F6000", "G1 F4500", *lines]).encode()
    estimated = analysed(tmp_path, content).estimated_print_time
    assert estimated is not None
    with VirtualPrinterProcess("--speed", str(SPEED)) as printer:
        at = SessionOnPrinter(printer, tmp_path, {})
        try:
            await at.session.connect(None, None)
            at.session.start(at.file(content=content))
            end = await at.end(60.0)
        finally:
            await at.leave()
        starved = printer.counters()["starved_ms"] / 1_000
    assert end.outcome == "done"
    assert (end.print_time - starved) * SPEED == pytest.approx(estimated, rel=0.1)
