"""How soon everybody knows: from the pulled cable to the failed run, with its last acknowledged line, on MQTT."""

from __future__ import annotations

import time

from tests.bench.rows import Row
from tests.bench.setup import CannotMeasure, Setup
from tests.support.gcode import print_file, sent_before
from tests.support.printing import PrintRig, assert_once_so_far, executed_moves, until_executed, until_state
from tests.support.virtual_printer import VirtualPrinterProcess

LINES = 6_000
LONGEST = 1.0
MOST_IN_FLIGHT = 40


async def measure(setup: Setup) -> list[Row]:
    """A printer that takes 5 ms a move is unplugged in the middle of a print, then plugged in again."""
    row = Row("seconds from unplugged to the failed run on MQTT", "s", "the most allowed", 1, at_most=True)
    content, printer = print_file(LINES), VirtualPrinterProcess("--move-ms", "5")
    async with PrintRig(setup.place("unplug"), printer, lines=["rx_buffer = 128"]) as rig:
        for _ in range(setup.rounds):
            logged, moved = len(executed_moves(printer)), int(printer.counters()["moves"])
            run = await rig.print(content)
            await until_executed(printer, moved + 200)
            pulled = time.monotonic()
            printer.control({"fault": "unplug"})
            record = await rig.ended(run, within=15)
            row.add(rig.heard.on(f"jobwire/run/{run}")[-1].at - pulled, LONGEST)
            await until_state(rig.client, "Offline after error", "Offline", "Error")
            acknowledged = sent_before(content, record["progress"]["line"])
            ahead = assert_once_so_far(printer, content, since=logged) - acknowledged
            if record["status"] != "failed" or not 0 <= ahead <= MOST_IN_FLIGHT:
                raise CannotMeasure(f"the run ended {record['status']} with a line {ahead} behind the printer")
            printer.control({"fault": "plug"})
            await until_state(rig.client, "Operational", within=30)
    row.note = "the printer had at most 40 lines more than the run's last acknowledged one, in its window and buffers"
    return [row]
