"""What a lost `ok` costs, and that neither a lost nor a doubled one ever makes a line run twice."""

from __future__ import annotations

import httpx

from tests.bench.meter import Meter
from tests.bench.rows import Row
from tests.bench.setup import CannotMeasure, Setup
from tests.support.gcode import print_file, sent_lines
from tests.support.printing import PrintRig, executed_moves, is_move, start_print
from tests.support.virtual_printer import VirtualPrinterProcess

LINES = 2_000
LOST = 4
DOUBLED_EVERY = 50
LONGEST = 1.5
MODES = (("printer", "windowed"), ("second", "one by one"))


async def measure(setup: Setup) -> list[Row]:
    """The same file over a good line, with four lost oks, and with forty doubled ones, in both modes."""
    costs = {
        name: Row(f"seconds per lost ok, {mode}", "s", "the most allowed", 1, at_most=True) for name, mode in MODES
    }
    wrong = {
        name: Row(f"lines doubled, lost or out of order, {mode}", "", "none", 0, at_most=True) for name, mode in MODES
    }
    printers = [VirtualPrinterProcess("--speed", "0"), VirtualPrinterProcess("--speed", "0")]
    own = {"printer": ["rx_buffer = 128"], "second": ["window = false"]}
    async with PrintRig(setup.place("faults"), *printers, own=own) as rig:
        for _ in range(setup.rounds):
            for (name, _mode), printer in zip(MODES, printers, strict=True):
                async with rig.stack.client(prefix=f"/octoprint/{name}") as client:
                    good, bad = await _print(rig, client, printer, None)
                    slow, more = await _print(
                        rig, client, printer, {"fault": "lose_ok", "every": LINES // LOST - 1, "count": LOST}
                    )
                    _, most = await _print(rig, client, printer, {"fault": "double_ok", "every": DOUBLED_EVERY})
                costs[name].add(max(0.0, slow - good) / LOST, LONGEST)
                wrong[name].add(bad + more + most, 0)
    return [*costs.values(), *wrong.values()]


async def _print(
    rig: PrintRig, client: httpx.AsyncClient, printer: VirtualPrinterProcess, fault: dict[str, object] | None
) -> tuple[float, int]:
    """Seconds from the first move to the last, and how many lines were not executed once in their place."""
    printer.control({"clear": False})
    if fault:
        printer.control(fault)
    content, logged, meter = print_file(LINES), len(executed_moves(printer)), Meter.of(printer)

    async def print_it() -> str:
        return str((await rig.ended(await start_print(client, rig.heard, content), within=90))["status"])

    if (status := await meter.during(print_it())) != "succeeded":
        raise CannotMeasure(f"a print with {fault} ended {status}")
    wanted = [line for line in sent_lines(content) if is_move(line)]
    executed = executed_moves(printer, since=logged)
    return meter.seconds_until(LINES), sum(a != b for a, b in zip(executed, wanted, strict=False)) + abs(
        len(executed) - len(wanted)
    )
