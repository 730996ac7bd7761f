"""From `POST /api/job` to a `GET` that shows it: through gateway, broker, owner, its database, and back.

Beside it the bare chain: the same hops without accounts, answers, database and printer. Shown means the first state
other than the one before: ours says `Pausing` or `Paused`, the bare chain `Paused`.
"""

from __future__ import annotations

import time

from tests.bench.http_client import Connection
from tests.bench.processes import serving
from tests.bench.rows import Row, percentile
from tests.bench.setup import CannotMeasure, Setup
from tests.support.gcode import print_file
from tests.support.printing import PrintRig, until_executed
from tests.support.stack import free_ports
from tests.support.virtual_printer import VirtualPrinterProcess

TOGGLES = 60
TOGGLE = {"command": "pause", "action": "toggle"}
SETTLED = (b'"Printing"', b'"Paused"')
PATH = "/api/job"
WITHIN = 5.0
# 3 and 10 ms where the bare chain of the reference takes 1.8 and 3.8 ms
BARS = {50: 3 / 1.8, 99: 10 / 3.8}


async def measure(setup: Setup) -> list[Row]:
    """Sixty toggles through each chain a round; both use the broker of our stack."""
    rows = {
        percent: Row(f"POST → seen in GET, p{percent}", "ms", "bare chain", bar, at_most=True)
        for percent, bar in BARS.items()
    }
    printer = VirtualPrinterProcess("--move-ms", "10")
    async with PrintRig(setup.place("visible"), printer, lines=["rx_buffer = 128"]) as rig:
        await rig.print(print_file(100_000))
        await until_executed(printer, 10)
        await rig.heard.stop()  # it would hear all of ours and nothing of the bare chain's
        (port,) = free_ports(1)
        broker = str(rig.stack.broker_port)
        async with (
            serving("tests.bench.bare_chain", "controller", broker),
            serving("tests.bench.bare_chain", "gateway", broker, str(port), port=port),
        ):
            for _ in range(setup.rounds):
                ours = await _toggles(rig.stack.port, {"X-Api-Key": rig.stack.key})
                bare = await _toggles(port, {})
                for percent, row in rows.items():
                    row.add(percentile(ours, percent), percentile(bare, percent))
    return list(rows.values())


async def _toggles(port: int, headers: dict[str, str]) -> list[float]:
    """Milliseconds of each toggle."""
    connection = await Connection.open(port, headers)
    taken = []
    for _ in range(TOGGLES):
        before = await _settled(connection)
        started = time.perf_counter()
        status, body = await connection.post(PATH, TOGGLE)
        if status != 204:
            raise CannotMeasure(f"a toggle was answered {status} {body!r}")
        while before in (await connection.get(PATH))[1]:
            if time.perf_counter() - started > WITHIN:
                raise CannotMeasure(f"a toggle was not seen within {WITHIN} s")
        taken.append((time.perf_counter() - started) * 1000)
    connection.close()
    return taken


async def _settled(connection: Connection) -> bytes:
    """Wait for a state that a toggle changes; the state as it stands in the answer."""
    end = time.perf_counter() + WITHIN
    while time.perf_counter() < end:
        _, body = await connection.get(PATH)
        found = next((state for state in SETTLED if b'"state":' + state in body), None)
        if found is not None:
            return found
    raise CannotMeasure(f"the state did not settle within {WITHIN} s: {body!r}")
