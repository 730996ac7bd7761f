"""A thousand push listeners at two updates a second, while a print goes on: what the gateway uses of one core.

Each listener is a plain WebSocket that logs in and then only reads; the printer moves twenty times a second, so that
every update is another.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
from contextlib import AsyncExitStack
from typing import Any

from tests.bench.machine import cpu_seconds, resident_megabytes
from tests.bench.reads import CONTENT, slow_printer
from tests.bench.rows import Row
from tests.bench.setup import CannotMeasure, Setup
from tests.support.gcode import print_file
from tests.support.printing import PrintRig, until_executed

LISTENERS = 1000
MOST = 0.5  # of one core
RATE = 2.0  # updates a second for each
LEAST_RATE = 1.9
SECONDS = 5.0
SETTLING = 2.0
AT_ONCE = 50  # connections that are being opened at a time
_FILES = LISTENERS + 256
_UPDATE = b'{"current":'
_UPGRADE = (
    b"GET /sockjs/websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Counts:
    """What all listeners together have heard."""

    updates = 0
    lost = 0


class Listener(asyncio.Protocol):
    """Counts updates without taking them apart: the load must cost less than what it measures."""

    def __init__(self, login: bytes, counts: Counts) -> None:
        self._login = login
        self._counts = counts
        self._transport: Any = None
        self._end = b""
        self.is_in: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.write(_UPGRADE)

    def data_received(self, data: bytes) -> None:
        if not self.is_in.done():
            self._transport.write(self._login)
            self.is_in.set_result(None)
        self._counts.updates += (self._end + data).count(_UPDATE)
        self._end = data[1 - len(_UPDATE) :]

    def connection_lost(self, exc: Exception | None) -> None:
        self._counts.lost += 1


async def measure(setup: Setup) -> list[Row]:
    """The listeners stay for all rounds of five seconds; a round in which one was lost or got less is no figure."""
    share = Row(f"share of a core, {LISTENERS} push listeners", "", "the most allowed", 1, at_most=True)
    _allow_files()
    counts = Counts()
    async with PrintRig(setup.place("listeners"), printer := slow_printer()) as rig, AsyncExitStack() as opened:
        await rig.print(print_file(CONTENT))
        await until_executed(printer, 5)
        gateway = rig.stack.pids()["gateway"]
        before = resident_megabytes(gateway)
        who = (await rig.client.post("/api/login", json={"passive": True})).json()
        await _listen(rig.stack.port, _frame(json.dumps({"auth": f"{who['name']}:{who['session']}"})), counts, opened)
        await asyncio.sleep(SETTLING)
        for _ in range(setup.rounds):
            share.add(await _round(gateway, counts), MOST)
        grown = (resident_megabytes(gateway) - before) * 1000 / LISTENERS
    share.note = f"at {RATE:g} updates a second each; {grown:.0f} kB of memory for each"
    return [share]


def _allow_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= hard < _FILES:
        raise CannotMeasure(f"{_FILES} open files are needed, and the system allows {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, _FILES), hard))


async def _round(gateway: int, counts: Counts) -> float:
    loop = asyncio.get_running_loop()
    updates, cpu, started = counts.updates, cpu_seconds(gateway), loop.time()
    await asyncio.sleep(SECONDS)
    seconds = loop.time() - started
    rate = (counts.updates - updates) / seconds / LISTENERS
    if counts.lost or rate < LEAST_RATE:
        raise CannotMeasure(f"{counts.lost} listeners were lost, and each had {rate:.2f} updates a second")
    return (cpu_seconds(gateway) - cpu) / seconds


async def _listen(port: int, login: bytes, counts: Counts, opened: AsyncExitStack) -> None:
    loop = asyncio.get_running_loop()

    async def one() -> None:
        transport, listener = await loop.create_connection(lambda: Listener(login, counts), "127.0.0.1", port)
        opened.callback(transport.abort)
        await asyncio.wait_for(listener.is_in, 10)

    for _ in range(LISTENERS // AT_ONCE):
        await asyncio.gather(*(one() for _ in range(AT_ONCE)))


def _frame(text: str) -> bytes:
    """One masked text frame of at most 65,535 bytes (RFC 6455)."""
    data, key = text.encode(), os.urandom(4)
    length = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0x80 | 126]) + len(data).to_bytes(2, "big")
    return b"\x81" + length + key + bytes(byte ^ key[index % 4] for index, byte in enumerate(data))
