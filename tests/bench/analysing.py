"""A print while a file of 35 MB is analysed: its rate on an unlimited line beside the rate alone, and its planner.

The analysis is niced and scheduled as idle work, so it should take what the print leaves.
"""

from __future__ import annotations

import time
from pathlib import Path

from tests.bench.machine import keep_time
from tests.bench.meter import Meter
from tests.bench.planner import LINES as PLANNED
from tests.bench.planner import MOVE_MS
from tests.bench.rows import Row
from tests.bench.setup import CannotMeasure, Setup
from tests.support.gcode import moves, print_file
from tests.support.printing import PrintRig, run_ended, start_print, upload
from tests.support.virtual_printer import VirtualPrinterProcess

LINES = 20_000
SIZE = 35_000_000
WITHIN = 120.0
LEAST = 0.9
MOST_STARVED = PLANNED * MOVE_MS / 100  # ms: one in a hundred
_ANALYSIS = b"printer_controller.analysis"


async def measure(setup: Setup) -> list[Row]:
    """Each round: a print alone, the upload of a large file, then both prints while that is analysed."""
    rate = Row("lines/s, windowed, while 35 MB are analysed", "/s", "the same without", LEAST)
    starved = Row("ms the planner starved while 35 MB are analysed", "ms", "the most allowed", 1, at_most=True)
    fast = VirtualPrinterProcess("--speed", "0")
    paced = VirtualPrinterProcess("--move-ms", str(MOVE_MS), "--baudrate", "250000", "--planner", "16")
    large = ("\n".join(moves(SIZE // 35)) + "\n").encode()
    async with PrintRig(setup.place("analysing"), fast, paced, lines=["rx_buffer = 128"]) as rig:
        rate.note = starved.note = keep_time(paced.pid)
        for number in range(setup.rounds):
            await _nothing_is_analysed(rig)
            alone = await _print(rig, fast, "printer", print_file(LINES))
            await upload(rig.client, f"large{number}.gcode", large + f"; {number}\n".encode())
            pid = await _analysis(rig)
            rate.add(await _print(rig, fast, "printer", print_file(LINES)), alone)
            paced.control({"clear": True})
            await _print(rig, paced, "second", print_file(PLANNED))
            starved.add(float(paced.counters()["starved_ms"]), MOST_STARVED)
            if pid not in _analyses():
                raise CannotMeasure("the analysis ended before the prints")
            (await rig.client.delete(f"/api/files/local/large{number}.gcode")).raise_for_status()
    return [rate, starved]


async def _print(rig: PrintRig, printer: VirtualPrinterProcess, name: str, content: bytes) -> float:
    """Moves a second of one print, in the middle of it."""
    meter = Meter.of(printer)
    async with rig.stack.client(prefix=f"/octoprint/{name}") as client:
        run = await start_print(client, rig.heard, content, name=f"{name}.gcode")
        record = await meter.during(run_ended(rig.heard, run, within=WITHIN))
    if record["status"] != "succeeded":
        raise CannotMeasure(f"the print ended {record['status']}: {record.get('reason')}")
    return meter.moves_per_second()


async def _analysis(rig: PrintRig) -> int:
    """The process that analyses, once it has used processor time."""
    found: list[int] = []

    def works() -> bool:
        found[:] = [pid for pid in _analyses() if _processor_ticks(pid) > 0]
        return bool(found)

    await rig.eventually(works, "the file is analysed", within=30.0)
    return found[0]


async def _nothing_is_analysed(rig: PrintRig) -> None:
    until = time.monotonic() + WITHIN
    await rig.eventually(lambda: not _analyses() or time.monotonic() > until, "no analysis runs", within=WITHIN)


def _analyses() -> list[int]:
    return [int(each.parent.name) for each in Path("/proc").glob("[0-9]*/cmdline") if _ANALYSIS in _content(each)]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _processor_ticks(pid: int) -> int:
    fields = _content(Path(f"/proc/{pid}/stat")).rpartition(b")")[2].split()
    return int(fields[11]) + int(fields[12]) if fields else 0
