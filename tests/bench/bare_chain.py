"""The limit of the event chain: REST → MQTT → echo process → MQTT → REST, with the same libraries and nothing of ours.

`python -m tests.bench.bare_chain gateway|controller BROKER_PORT [HTTP_PORT]`: a tiny Litestar application publishes the
command with QoS 1 and shows the retained state it hears; a tiny controller toggles and publishes it. No database, no
accounts, no answers. TCP_NODELAY on every client socket (the broker of `jobwire up` sets its own side).
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt
import msgspec
import uvicorn
import uvloop
from litestar import Litestar, Request, Response, get, post

from tests.bench.bare_app import JOB

# Our broker lets anybody write and read below this one.
COMMAND, STATE = "homeassistant/bare_chain/set", "homeassistant/bare_chain/state"
_NODELAY = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
_OTHER = {"Printing": "Paused", "Paused": "Printing"}


def connect(port: int) -> aiomqtt.Client:
    """An MQTT 5 client as the services have one."""
    return aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5, socket_options=_NODELAY)


async def control(port: int) -> None:
    """The device's side: each command toggles the state, which is published retained."""
    state = "Printing"
    async with connect(port) as client:
        await client.subscribe(COMMAND, qos=1)
        await client.publish(STATE, state, qos=1, retain=True)
        async for _ in client.messages:
            state = _OTHER[state]
            await client.publish(STATE, state, qos=1, retain=True)


def application(port: int) -> Litestar:
    """The REST side of the chain."""
    shown: dict[str, Any] = {**JOB}
    broker: list[aiomqtt.Client] = []

    async def follow(client: aiomqtt.Client) -> None:
        async for message in client.messages:
            shown["state"] = bytes(message.payload).decode() if isinstance(message.payload, bytes) else "Unknown"

    @asynccontextmanager
    async def connected(_: Litestar) -> AsyncGenerator[None, None]:
        async with connect(port) as client:
            broker.append(client)
            await client.subscribe(STATE, qos=1)
            task = asyncio.create_task(follow(client))
            yield
            task.cancel()

    @get("/api/job", media_type="application/json")
    async def read_job() -> dict[str, Any]:
        return shown

    @post("/api/job", status_code=204)
    async def command_job(request: Request[Any, Any, Any]) -> Response[None]:
        await broker[0].publish(COMMAND, msgspec.json.encode(await request.json()), qos=1)
        return Response(None, status_code=204)

    return Litestar([read_job, command_job], lifespan=[connected], openapi_config=None)


def main(role: str, broker_port: int, http_port: int = 0) -> None:
    """Run one side until it is stopped."""
    if role == "controller":
        uvloop.run(control(broker_port))
    else:
        uvicorn.run(
            application(broker_port), host="127.0.0.1", port=http_port, loop="uvloop", http="httptools",
            log_level="warning", access_log=False,
        )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], *(int(value) for value in sys.argv[2:]))
