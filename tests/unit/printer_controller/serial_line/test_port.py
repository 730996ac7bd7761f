"""The port over a real pseudo terminal: it never blocks, never spins, and tells once that it is gone."""

from __future__ import annotations

import asyncio
import os
import pty
import time
import tty

import pytest

from services.printer_controller.port import MOST_UNWRITTEN, open_port


class Catcher:
    def __init__(self) -> None:
        self.data = b""
        self.lost: list[str] = []

    def on_bytes(self, data: bytes) -> None:
        self.data += data

    def on_lost(self, reason: str) -> None:
        self.lost.append(reason)


@pytest.fixture
def terminal():
    master, slave = pty.openpty()
    tty.setraw(slave)
    ends = [master, slave]
    yield master, os.ttyname(slave), ends
    for end in ends:
        os.close(end)


async def _until(true, within=5.0):
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end
        await asyncio.sleep(0.002)


async def test_bytes_go_both_ways(terminal):
    master, name, _ = terminal
    catcher = Catcher()
    link = await open_port(name, 250000, reset=False, receiver=catcher)
    link.write(b"N1 M105*38\n")
    await _until(lambda: True)
    assert os.read(master, 100) == b"N1 M105*38\n"
    os.write(master, b"ok\n")
    await _until(lambda: catcher.data == b"ok\n")
    link.abort()
    await asyncio.sleep(0.01)
    assert catcher.lost == []
    link.write(b"nothing happens")


async def test_an_unplugged_terminal_is_told_once_and_does_not_spin(terminal):
    master, name, ends = terminal
    catcher = Catcher()
    link = await open_port(name, 115200, reset=False, receiver=catcher)
    ends.remove(master)
    os.close(master)
    await _until(lambda: catcher.lost)
    began = time.process_time()
    await asyncio.sleep(0.2)
    assert time.process_time() - began < 0.1
    assert len(catcher.lost) == 1
    link.write(b"G28\n")
    assert len(catcher.lost) == 1


async def test_a_port_that_takes_nothing_is_given_up_without_blocking(terminal):
    _, name, _ = terminal
    catcher = Catcher()
    link = await open_port(name, 115200, reset=False, receiver=catcher)
    began = time.monotonic()
    for _ in range(64):
        link.write(b"x" * 4096)
    assert catcher.lost == ["the port takes no more bytes"]
    assert MOST_UNWRITTEN < 64 * 4096
    assert time.monotonic() - began < 1.0


async def test_a_second_open_is_refused(terminal):
    _, name, _ = terminal
    link = await open_port(name, 115200, reset=False, receiver=Catcher())
    with pytest.raises(OSError, match="exclusive"):
        await open_port(name, 115200, reset=False, receiver=Catcher())
    link.abort()
    await asyncio.sleep(0.1)
    again = await open_port(name, 115200, reset=False, receiver=Catcher())
    again.abort()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("/dev/there-is-no-such-port", "No such file"),
        ("socket://127.0.0.1:1", "refused"),
        ("nonsense://x", "nonsense"),
    ],
)
async def test_a_port_that_cannot_be_opened_is_an_oserror(url, why):
    with pytest.raises(OSError, match=why):
        await open_port(url, 115200, reset=False, receiver=Catcher())


async def test_a_network_address_is_a_port_too():
    async def serve(reader, writer):
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    number = server.sockets[0].getsockname()[1]
    catcher = Catcher()
    link = await open_port(f"socket://127.0.0.1:{number}", 115200, reset=False, receiver=catcher)
    link.write(b"hello\n")
    await _until(lambda: catcher.data == b"hello\n" and catcher.lost)
    server.close()
