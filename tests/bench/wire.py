"""The share of a serial wire that is used: windowed it never idles, one by one it waits for each `ok`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.bench.machine import keep_time
from tests.bench.meter import Meter
from tests.bench.processes import result_of
from tests.bench.rows import Row
from tests.bench.setup import CannotMeasure, Setup
from tests.support.gcode import print_file
from tests.support.printing import PrintRig, assert_exact, executed_moves, start_print
from tests.support.virtual_printer import VirtualPrinterProcess

BARE = "bare asyncio ping-pong"
BITS_PER_BYTE = 10
SECONDS = 4
BYTES_PER_LINE = 38.7
WINDOW = ("rx_buffer = 128",)
ALONE = ("window = false",)


@dataclass(frozen=True)
class Wire:
    """One wire to fill: how fast, how the printer is driven, the least share, and the adapter's latency in ms."""

    name: str
    baudrate: int
    lines: tuple[str, ...]
    least: float
    latency: float = 0

    def printer(self) -> VirtualPrinterProcess:
        """A printer at the end of this wire."""
        return VirtualPrinterProcess(
            "--speed", "0", "--baudrate", str(self.baudrate), "--reply-latency-ms", str(self.latency)
        )  # fmt: skip

    def content(self) -> bytes:
        """A file that takes about four seconds when the wire is full."""
        return print_file(int(SECONDS * self.baudrate / BITS_PER_BYTE / BYTES_PER_LINE))


WIRES = (
    Wire("250,000 baud, windowed", 250_000, WINDOW, 0.97),
    Wire("250,000 baud, windowed, 1 ms of adapter latency", 250_000, WINDOW, 0.97, latency=1),
    Wire("250,000 baud, one by one", 250_000, ALONE, 0.80),
    Wire("115,200 baud, windowed", 115_200, WINDOW, 0.98),
    Wire("115,200 baud, one by one", 115_200, ALONE, 0.85),
)


BESIDE = {wire.name: f"{wire.name}, beside the bare loop" for wire in WIRES if wire.lines == ALONE}
LEAST_BESIDE = 0.97


async def measure(setup: Setup) -> list[Row]:
    """One system with a printer on each wire; they print one after the other, then the bare loop where it is a peer."""
    rows = {wire.name: Row(f"share of the wire, {wire.name}", "", "a full wire", wire.least) for wire in WIRES}
    beside = {name: Row(f"share of the wire, {text}", "", BARE, LEAST_BESIDE) for name, text in BESIDE.items()}
    printers = [wire.printer() for wire in WIRES]
    own = {name: wire.lines for name, wire in zip(PrintRig.NAMES, WIRES, strict=True)}
    async with PrintRig(setup.place("wire"), *printers, own=own) as rig:
        for _ in range(setup.rounds):
            for name, wire, printer in zip(PrintRig.NAMES, WIRES, printers, strict=True):
                note = keep_time(printer.pid)
                async with rig.stack.client(prefix=f"/octoprint/{name}") as client:
                    share = await _share(rig, client, printer, wire)
                rows[wire.name].add(share, 1)
                if wire.name in beside:
                    beside[wire.name].add(share, await _bare_share(setup.place("bare"), wire))
    rows[WIRES[0].name].note = f"{note}, on each wire"
    return [*rows.values(), *beside.values()]


async def _bare_share(folder: Path, wire: Wire) -> float:
    path = folder / "part.gcode"
    path.write_bytes(wire.content())
    with wire.printer() as printer:
        keep_time(printer.pid)
        meter = Meter.of(printer)
        await meter.during(result_of("tests.bench.bare_loop", printer.port, str(path), within=60))
        return meter.bytes_per_second() * BITS_PER_BYTE / wire.baudrate


async def _share(rig: PrintRig, client: httpx.AsyncClient, printer: VirtualPrinterProcess, wire: Wire) -> float:
    content, before = wire.content(), len(executed_moves(printer))
    meter = Meter.of(printer)

    async def print_it() -> str:
        return str((await rig.ended(await start_print(client, rig.heard, content), within=60))["status"])

    if (status := await meter.during(print_it())) != "succeeded":
        raise CannotMeasure(f"the print on the wire with {wire.name} ended {status}")
    assert_exact(printer, content, since=before)
    return meter.bytes_per_second() * BITS_PER_BYTE / wire.baudrate
