"""Memory of each process: the printer controller while a file of 100 MB is streamed, the others at rest."""

from __future__ import annotations

import asyncio
import time

from tests.bench.http_client import requests_per_second
from tests.bench.machine import resident_megabytes
from tests.bench.processes import serving
from tests.bench.rows import Row
from tests.bench.setup import CannotMeasure, Setup
from tests.support.gcode import moves
from tests.support.printing import ENDED, PrintRig, start_print, statuses, until_executed
from tests.support.stack import free_ports
from tests.support.virtual_printer import VirtualPrinterProcess

MEGABYTES = 100
SHORT, LONG = 20.0, 600.0
MOST = 80.0
MOST_GROWTH = 2.0
GATEWAY = 1.3
SAMPLE_EVERY = 0.5
BLOCK = 40_000  # lines made at a time


def large_file() -> bytes:
    """A print file of at least 100 MB, every move another."""
    parts, size, first = [], 0, 0
    while size < MEGABYTES * 1_000_000:
        parts.append(("\n".join(moves(BLOCK, first=first)) + "\n").encode())
        size, first = size + len(parts[-1]), first + BLOCK
    return b"".join(parts)


async def measure(setup: Setup) -> list[Row]:
    """One round: memory does not vary with load. `whole` streams to the last line, else the first twenty seconds."""
    streaming = Row(f"MB of the printer controller streaming {MEGABYTES} MB", "MB", "the most allowed", 1, at_most=True)
    growth = Row("MB it grows while it streams", "MB", "the most allowed", 1, at_most=True)
    gateway = Row("MB of the gateway", "MB", "bare Litestar with its store", GATEWAY, at_most=True)
    others: list[Row] = []
    folder = setup.place("memory")
    (port,) = free_ports(1)
    async with (
        PrintRig(folder, VirtualPrinterProcess("--speed", "0"), lines=["rx_buffer = 128"]) as rig,
        serving("tests.bench.bare_app", str(port), str(folder / "bare.db"), port=port) as bare,
    ):
        for served in (rig.stack.port, port):
            await requests_per_second(served, "/api/job", {"X-Api-Key": rig.stack.key})
        for name, pid in {"jobwire up": rig.stack.pid, "virtual printer": rig.printer.pid, **rig.stack.pids()}.items():
            if name not in ("gateway", "printer_controller"):
                others.append(Row(f"MB of {name} at rest", "MB", "the most allowed", 1, at_most=True))
                others[-1].add(resident_megabytes(pid), MOST)
        gateway.add(resident_megabytes(rig.stack.pids()["gateway"]), resident_megabytes(bare))
        samples = await _while_streaming(rig, LONG if setup.whole else SHORT)
        streaming.add(max(samples), MOST)
        growth.add(max(0.0, samples[-1] - samples[len(samples) // 4]), MOST_GROWTH)
        after_upload = resident_megabytes(rig.stack.pids()["gateway"])
    gateway.note = f"after two seconds of reads; {after_upload:.0f} MB after the upload of {MEGABYTES} MB"
    growth.note = f"from the first quarter of {len(samples) * SAMPLE_EVERY:.0f} s to their end"
    return [streaming, growth, gateway, *others]


async def _while_streaming(rig: PrintRig, seconds: float) -> list[float]:
    """Samples of the controller's memory over `seconds`, or until the file has ended; then the print is cancelled."""
    run = await start_print(rig.client, rig.heard, large_file())
    await until_executed(rig.printer, 1000)
    controller, end, samples = rig.stack.pids()["printer_controller"], time.monotonic() + seconds, []
    while time.monotonic() < end and not ENDED & set(statuses(rig.heard, run)):
        samples.append(resident_megabytes(controller))
        await asyncio.sleep(SAMPLE_EVERY)
    if rig.stack.pids()["printer_controller"] != controller:
        raise CannotMeasure("the printer controller ended while it streamed")
    if (ends := ENDED & set(statuses(rig.heard, run))) - {"succeeded"}:
        raise CannotMeasure(f"the large print ended {ends}")
    await rig.client.post("/api/job", json={"command": "cancel"})
    return samples
