"""An upload of 1 GiB: its rate beside a bare application that writes the same bytes to the same disk, and its memory.

Ours takes the form apart, hashes the file twice (SHA-256 for the store, SHA-1 for OctoPrint's clients), makes it safe
on the disk and commits it before it answers; the limit only writes and makes it safe.
"""

from __future__ import annotations

import asyncio
import socket
import time

from tests.bench.machine import resident_megabytes
from tests.bench.processes import serving
from tests.bench.rows import Row
from tests.bench.setup import CannotMeasure, Setup
from tests.support.gcode import moves
from tests.support.printing import PrintRig
from tests.support.stack import free_ports
from tests.support.virtual_printer import VirtualPrinterProcess

SIZE = 1024**3
BLOCK = 1024**2
LEAST = 0.7
MOST_GROWTH = 32.0  # MB
WITHIN = 120.0
SAMPLE_EVERY = 0.05
PATH = "/api/files/local"
NAME = "large.gcode"
_BOUNDARY = "------------------------d74496d66958873e"
_BEFORE = (
    f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{NAME}"\r\n'
    "Content-Type: application/octet-stream\r\n\r\n"
).encode()
_AFTER = f"\r\n--{_BOUNDARY}--\r\n".encode()


async def measure(setup: Setup) -> list[Row]:
    """One upload through each a round; the file is deleted after it, so that its analysis does not take part."""
    rate = Row("MB/s of an upload of 1 GiB", "MB/s", "bare ASGI to disk", LEAST)
    growth = Row("MB the gateway grows during it", "MB", "the most allowed", 1, at_most=True)
    folder = setup.place("uploads")
    block = ("\n".join(moves(BLOCK // 20)) + "\n").encode()[:BLOCK]
    (port,) = free_ports(1)
    async with (
        PrintRig(folder, VirtualPrinterProcess()) as rig,
        serving("tests.bench.bare_upload", str(port), str(folder), port=port),
    ):
        gateway = rig.stack.pids()["gateway"]
        for _ in range(setup.rounds):
            before, uploading = (
                resident_megabytes(gateway),
                asyncio.create_task(_upload(rig.stack.port, block, rig.stack.key)),
            )
            largest = before
            while not uploading.done():
                largest = max(largest, resident_megabytes(gateway))
                await asyncio.wait([uploading], timeout=SAMPLE_EVERY)
            ours = uploading.result()
            (await rig.client.delete(f"{PATH}/{NAME}")).raise_for_status()
            rate.add(ours, await _upload(port, block, ""))
            growth.add(largest - before, MOST_GROWTH)
    return [rate, growth]


async def _upload(port: int, block: bytes, key: str) -> float:
    """MB a second, from the first byte of the request to the answer."""
    return await asyncio.to_thread(_send, port, block, key)


def _send(port: int, block: bytes, key: str) -> float:
    length = len(_BEFORE) + SIZE + len(_AFTER)
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Api-Key: {key}\r\nContent-Length: {length}\r\n"
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=WITHIN) as line:
        started = time.perf_counter()
        line.sendall(head.encode() + _BEFORE)
        for _ in range(SIZE // BLOCK):
            line.sendall(block)
        line.sendall(_AFTER)
        answer = line.recv(4096)
        taken = time.perf_counter() - started
    if not answer.startswith(b"HTTP/1.1 201 "):
        raise CannotMeasure(f"an upload was answered {answer[:200]!r}")
    return SIZE / 1e6 / taken
