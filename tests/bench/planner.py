"""Whether the planner ever runs dry at 500 moves a second: what a print shows as blobs, counted by the printer."""

from __future__ import annotations

from tests.bench.machine import keep_time
from tests.bench.rows import Row
from tests.bench.setup import CannotMeasure, Setup
from tests.support.gcode import print_file
from tests.support.printing import PrintRig, assert_exact, executed_moves
from tests.support.virtual_printer import VirtualPrinterProcess

LINES = 1_200
MOVE_MS = 2


async def measure(setup: Setup) -> list[Row]:
    """Moves of 2 ms at 250,000 baud, windowed, with 16 blocks in the planner."""
    row = Row(f"ms the planner starved in {LINES * MOVE_MS / 1000:g} s, windowed", "ms", "none", 0, at_most=True)
    printer = VirtualPrinterProcess("--move-ms", str(MOVE_MS), "--baudrate", "250000", "--planner", "16")
    async with PrintRig(setup.place("planner"), printer, lines=["rx_buffer = 128"]) as rig:
        content = print_file(LINES)
        row.note = keep_time(printer.pid)
        for _ in range(setup.rounds):
            printer.control({"clear": True})
            since = len(executed_moves(printer))
            record = await rig.ended(await rig.print(content), within=30)
            if record["status"] != "succeeded":
                raise CannotMeasure(f"the print ended {record['status']}")
            row.add(float(printer.counters()["starved_ms"]), 0)
            assert_exact(printer, content, since=since)
    return [row]
