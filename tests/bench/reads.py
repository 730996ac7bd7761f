"""Live reads: `GET /api/job` of the gateway, with its accounts and measures, beside a bare application's same JSON.

Beside OctoPrint as well when it was asked for; then both print slowly, as they do when somebody looks.
"""

from __future__ import annotations

import time

from tests.bench.http_client import Connection, requests_per_second
from tests.bench.peers import HEADERS, named, octoprint_printing
from tests.bench.processes import serving
from tests.bench.rows import Row, percentile
from tests.bench.setup import Setup
from tests.support.gcode import print_file
from tests.support.printing import PrintRig, until_executed
from tests.support.stack import free_ports
from tests.support.virtual_printer import VirtualPrinterProcess

PATH = "/api/job"
LEAST = 0.8
LEAST_BESIDE_OCTOPRINT = 15
CONNECTIONS = (8, 64)
SINGLE = 400
CONTENT = 20_000  # moves of 50 ms: more than any bench lasts


def slow_printer() -> VirtualPrinterProcess:
    """A printer that takes twenty moves a second."""
    return VirtualPrinterProcess("--move-ms", "50")


async def measure(setup: Setup) -> list[Row]:
    """Two seconds of reads over 8 and over 64 connections a round, and 400 over one, of each."""
    rates = {count: Row(f"GET /api/job, {count} connections", "/s", "bare Litestar", LEAST) for count in CONNECTIONS}
    beside = {
        count: Row(f"GET /api/job, {count} connections", "/s", named(setup), LEAST_BESIDE_OCTOPRINT)
        for count in CONNECTIONS
    }
    single = Row("GET /api/job, one connection, p50", "ms", "bare Litestar", 1 / LEAST, at_most=True)
    folder, content = setup.place("reads"), print_file(CONTENT)
    (port,) = free_ports(1)
    async with (
        PrintRig(folder, printer := slow_printer()) as rig,
        serving("tests.bench.bare_app", str(port), str(folder / "bare.db"), port=port),
        octoprint_printing(setup, slow_printer, content) as peer,
    ):
        await rig.print(content)
        await until_executed(printer, 5)
        key = {"X-Api-Key": rig.stack.key}
        for _ in range(setup.rounds):
            for count in CONNECTIONS:
                ours = await requests_per_second(rig.stack.port, PATH, key, connections=count)
                rates[count].add(ours, await requests_per_second(port, PATH, key, connections=count))
                if peer is not None:
                    theirs = await requests_per_second(peer.port, PATH, HEADERS, connections=count)
                    beside[count].add(ours, theirs)
            single.add(await _one(rig.stack.port, key), await _one(port, {}))
    return [*rates.values(), single, *(beside.values() if setup.octoprint else ())]


async def _one(port: int, headers: dict[str, str]) -> float:
    """The median of reads over one connection, in milliseconds."""
    connection, taken = await Connection.open(port, headers), []
    for _ in range(SINGLE):
        started = time.perf_counter()
        await connection.get(PATH)
        taken.append((time.perf_counter() - started) * 1000)
    connection.close()
    return percentile(taken, 50)
