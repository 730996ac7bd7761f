"""Commands: `POST /api/job` that toggles a print over 8 connections, each answered when the printer's owner has it.

Beside the bare chain, whose gateway answers when the broker has the command, and OctoPrint when it was asked for.
"""

from __future__ import annotations

from tests.bench.http_client import requests_per_second
from tests.bench.peers import HEADERS, named, octoprint_printing
from tests.bench.processes import serving
from tests.bench.reads import CONTENT, PATH, slow_printer
from tests.bench.rows import Row
from tests.bench.setup import Setup
from tests.support.gcode import print_file
from tests.support.printing import PrintRig, until_executed
from tests.support.stack import free_ports

TOGGLE = {"command": "pause", "action": "toggle"}
LEAST = 1
LEAST_BESIDE_OCTOPRINT = 5


async def measure(setup: Setup) -> list[Row]:
    """Two seconds of toggles a round through each; ours and the bare chain use the broker of our system."""
    chain = Row("POST /api/job, 8 connections", "/s", "bare chain", LEAST)
    beside = Row("POST /api/job, 8 connections", "/s", named(setup), LEAST_BESIDE_OCTOPRINT)
    content = print_file(CONTENT)
    (port,) = free_ports(1)
    async with (
        PrintRig(setup.place("commands"), printer := slow_printer()) as rig,
        octoprint_printing(setup, slow_printer, content) as peer,
    ):
        await rig.print(content)
        await until_executed(printer, 5)
        await rig.heard.stop()  # it would hear all of ours and nothing of the bare chain's
        broker, key = str(rig.stack.broker_port), {"X-Api-Key": rig.stack.key}
        async with (
            serving("tests.bench.bare_chain", "controller", broker),
            serving("tests.bench.bare_chain", "gateway", broker, str(port), port=port),
        ):
            for _ in range(setup.rounds):
                ours = await requests_per_second(rig.stack.port, PATH, key, body=TOGGLE)
                chain.add(ours, await requests_per_second(port, PATH, {}, body=TOGGLE))
                if peer is not None:
                    beside.add(ours, await requests_per_second(peer.port, PATH, HEADERS, body=TOGGLE))
    return [chain, *([beside] if setup.octoprint else [])]
