"""Five hundred clients that are slow on purpose, in head, body and reading: others do not notice, and they are cut."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.bench.machine import resident_megabytes
from tests.support.printing import upload
from tests.support.stack import KEY, Stack

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(
        sys.platform != "linux", reason="asks the kernel for the state of a connection as Linux tells it"
    ),
]

HEADS, BODIES, READERS = 200, 150, 150
DRIP_EVERY = 10.0  # seconds between two bytes of each
CUT_WITHIN = 15.0  # seconds, and how late a busy machine may be
LATE = 10.0
USUAL = 0.2  # seconds for the answer to others
MOST_MEGABYTES = 157.0  # 150 MiB
_ESTABLISHED = 1  # of TCP_INFO

HEAD = b"GET /api/job HTTP/1.1\r\nHost: here\r\nX-Slow: "
BODY = (
    f"POST /api/files/local HTTP/1.1\r\nHost: here\r\nX-Api-Key: {KEY}\r\nContent-Length: 100000\r\n"
    'Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\nContent-Disposition: form-data; name="file"; '
    'filename="slow.gcode"\r\n\r\n'
).encode()
READ = f"GET /downloads/files/local/large.gcode HTTP/1.1\r\nHost: here\r\nX-Api-Key: {KEY}\r\n\r\n".encode()


def slow(port: int, first: bytes) -> socket.socket:
    """A connection that has sent `first`, and whose own buffer is small."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.settimeout(30.0)
    line.connect(("127.0.0.1", port))
    line.sendall(first)
    line.setblocking(False)
    return line


def is_open(line: socket.socket) -> bool:
    return line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _ESTABLISHED


@contextlib.contextmanager
def opened(port: int) -> Iterator[list[socket.socket]]:
    lines: list[socket.socket] = []
    try:
        for first, count in ((HEAD, HEADS), (BODY, BODIES), (READ, READERS)):
            lines += [slow(port, first) for _ in range(count)]
        yield lines
    finally:
        for line in lines:
            line.close()


def drip(lines: Sequence[socket.socket]) -> None:
    for line in lines:
        with contextlib.suppress(OSError):
            line.send(b"x")


async def test_five_hundred_slow_connections_are_cut_and_nobody_else_notices(tmp_path: Path) -> None:
    async with Stack(tmp_path) as stack, stack.client() as client:
        await upload(client, "large.gcode", b"G1 X10 Y10 E0.5\n" * 500_000)
        gateway = stack.pids()["gateway"]
        took: list[float] = []
        largest = before = resident_megabytes(gateway)
        began = dripped = time.monotonic()
        with opened(stack.port) as lines:
            held = sum(map(is_open, lines))
            while any(map(is_open, lines)):
                asked = time.monotonic()
                assert asked - began < CUT_WITHIN + LATE, (
                    f"{sum(map(is_open, lines))} are open after {asked - began:.0f} s"
                )
                assert (await client.get("/api/job")).status_code == 200
                took.append(time.monotonic() - asked)
                largest = max(largest, resident_megabytes(gateway))
                if asked - dripped > DRIP_EVERY:
                    drip(lines[: HEADS + BODIES])
                    dripped = asked
                await asyncio.sleep(0.02)
        ended = time.monotonic() - began
        assert held == HEADS + BODIES + READERS
        assert statistics.median(took) < USUAL, f"median {statistics.median(took):.3f} s, longest {max(took):.3f} s"
        assert largest < MOST_MEGABYTES
        assert os.listdir(stack.data / "blobs" / "parts") == [], "nothing is left of the slow uploads"
        names = {file["name"] for file in (await client.get("/api/files")).json()["files"]}
        assert "slow.gcode" not in names
        print(f"cut after {ended:.1f} s; others: median {1000 * statistics.median(took):.1f} ms, ", end="")
        print(f"longest {1000 * max(took):.0f} ms of {len(took)}; gateway {before:.0f} MB, then at most {largest:.0f}")
