"""Devices that only know their own topics: each takes `ON` or `OFF` and reports it, as the bare chain's echo does.

`python -m tests.bench.load_device BROKER_PORT`
"""

from __future__ import annotations

import sys

import uvloop

from tests.bench.bare_chain import connect

# Our broker lets anybody write and read below this one.
PLACE = "homeassistant/bench_load"


def command_topic(device: int | str) -> str:
    """Where the device is told what to do."""
    return f"{PLACE}/{device}/set"


def state_topic(device: int | str) -> str:
    """Where it reports."""
    return f"{PLACE}/{device}/state"


async def serve(port: int) -> None:
    """All devices there may be, until stopped."""
    async with connect(port) as client:
        await client.subscribe(command_topic("+"), qos=1)
        async for message in client.messages:
            device = str(message.topic).split("/")[-2]
            if isinstance(message.payload, bytes):
                await client.publish(state_topic(device), message.payload, qos=1, retain=True)


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
