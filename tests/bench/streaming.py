"""Lines a second and processor time per line on an unlimited line, through the running stack, beside a bare loop."""

from __future__ import annotations

from collections.abc import Awaitable
from pathlib import Path
from typing import NamedTuple

import httpx

from tests.bench.machine import cpu_seconds
from tests.bench.meter import Meter
from tests.bench.octoprint import RunningOctoPrint
from tests.bench.processes import result_of
from tests.bench.rows import Row
from tests.bench.setup import CannotMeasure, Setup
from tests.support.gcode import print_file
from tests.support.printing import PrintRig, assert_exact, executed_moves, start_print
from tests.support.virtual_printer import VirtualPrinterProcess

LINES = 20_000
PEER_LINES = 8_000
WITHIN = 120
PER = 100_000
BARE = "bare asyncio ping-pong"
WINDOWED, ONE_BY_ONE = "windowed", "one by one"
FAST = ("--speed", "0")
BARE_COST = 1.47  # 5.6 s in the run where the bare loop of the reference takes 3.8 s


class Figure(NamedTuple):
    """What one stream gave; `cpu` in seconds of the host per 100,000 lines."""

    lines_per_second: float
    cpu: float


class Figures:
    """The rows of this bench: rate and processor time, in both modes, beside the bare loop and OctoPrint."""

    def __init__(self, octoprint: str | None) -> None:
        self.bare = _Beside(BARE, {WINDOWED: 1.8, ONE_BY_ONE: 0.8}, BARE_COST)
        self.octoprint = _Beside(octoprint, {WINDOWED: 5, ONE_BY_ONE: 2.5}, 0.2) if octoprint else None

    def add(self, ours: dict[str, Figure], bare: Figure, octoprint: Figure | None) -> None:
        """One round."""
        for mode, figure in ours.items():
            self.bare.add(mode, figure, bare)
            if self.octoprint and octoprint:
                self.octoprint.add(mode, figure, octoprint)

    def rows(self) -> list[Row]:
        """All of them, in the order of the table."""
        beside = [self.bare, *([self.octoprint] if self.octoprint else [])]
        return [row for each in beside for group in (each.rates, each.costs) for row in group.values()]


class _Beside:
    """Our figures in both modes beside one peer."""

    def __init__(self, peer: str, rates: dict[str, float], cost: float) -> None:
        self.rates = {mode: Row(f"lines/s, {mode}", "/s", peer, bar) for mode, bar in rates.items()}
        self.costs = {mode: Row(f"CPU per 100,000 lines, {mode}", "s", peer, cost, at_most=True) for mode in rates}

    def add(self, mode: str, ours: Figure, theirs: Figure) -> None:
        self.rates[mode].add(ours.lines_per_second, theirs.lines_per_second)
        self.costs[mode].add(ours.cpu, theirs.cpu)


async def measure(setup: Setup) -> list[Row]:
    """Each round: our stack windowed, one by one, the bare loop, and OctoPrint if asked for, one after the other."""
    figures = Figures(f"OctoPrint {setup.octoprint.version}" if setup.octoprint else None)
    content = print_file(LINES)
    printers = {WINDOWED: VirtualPrinterProcess(*FAST), ONE_BY_ONE: VirtualPrinterProcess(*FAST)}
    own = {"printer": ["rx_buffer = 128"], "second": ["window = false"]}
    async with PrintRig(setup.place("streaming"), *printers.values(), own=own) as rig:
        for _ in range(setup.rounds):
            ours = {}
            for mode, name in ((WINDOWED, "printer"), (ONE_BY_ONE, "second")):
                async with rig.stack.client(prefix=f"/octoprint/{name}") as client:
                    ours[mode] = await _ours(rig, client, printers[mode], content)
            bare = await _bare(setup.place("bare"), content)
            figures.add(ours, bare, await _octoprint(setup))
    return figures.rows()


async def _ours(rig: PrintRig, client: httpx.AsyncClient, printer: VirtualPrinterProcess, content: bytes) -> Figure:
    controller = rig.stack.pids()["printer_controller"]
    before = len(executed_moves(printer))

    async def print_it() -> None:
        record = await rig.ended(await start_print(client, rig.heard, content), within=WITHIN)
        if record["status"] != "succeeded":
            raise CannotMeasure(f"the print ended {record['status']}: {record.get('reason')}")

    figures = await _measured(printer, controller, print_it(), LINES)
    assert_exact(printer, content, since=before)
    return figures


async def _bare(folder: Path, content: bytes) -> Figure:
    path = folder / "part.gcode"
    path.write_bytes(content)
    with VirtualPrinterProcess(*FAST) as printer:
        meter = Meter.of(printer)
        run = await meter.during(result_of("tests.bench.bare_loop", printer.port, str(path), within=WITHIN))
        return Figure(meter.moves_per_second(), run["cpu"] / run["lines"] * PER)


async def _octoprint(setup: Setup) -> Figure | None:
    if setup.octoprint is None:
        return None
    with VirtualPrinterProcess(*FAST) as printer:
        async with setup.octoprint.printing_on(setup.place("octoprint"), printer) as peer:
            return await _measured(printer, peer.pid, _print_on(peer), PEER_LINES)


def _print_on(peer: RunningOctoPrint) -> Awaitable[None]:
    return peer.print(print_file(PEER_LINES), within=WITHIN)


async def _measured(printer: VirtualPrinterProcess, host: int, work: Awaitable[None], lines: int) -> Figure:
    """Moves a second as the printer counted them; the processor time holds the start and the end of the print too."""
    meter, cpu = Meter.of(printer), cpu_seconds(host)
    await meter.during(work)
    return Figure(meter.moves_per_second(), (cpu_seconds(host) - cpu) / lines * PER)
