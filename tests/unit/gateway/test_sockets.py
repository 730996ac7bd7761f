"""The server behind a real socket: slow clients are cut off, others do not notice, and it stops in order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from services.gateway import http_server, slow_clients
from services.gateway.slow_clients import PatientProtocol
from shared.contracts import topics
from shared.contracts.files import FileRead, PrintFile
from shared.errors import NotFound
from shared.settings import GatewaySettings, SettingsError
from tests.support.gateway import ADMIN_KEY, RunningGateway, served

Address = tuple[str, int]


@pytest.fixture
async def address(gateway: RunningGateway) -> AsyncIterator[Address]:
    async with served(gateway) as address:
        yield address


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second where clients have 12 or 15: only for clients that are slow on purpose."""
    for name in ("HEAD_WITHIN", "BODY_WINDOW", "READ_WITHIN"):
        monkeypatch.setattr(slow_clients, name, 0.5)


def head(method: str = "GET", path: str = "/api/job", *more: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: host", f"X-Api-Key: {ADMIN_KEY}", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def ask(address: Address, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(request)
    answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return answer


async def seconds_until_cut(address: Address, first: bytes, drip: bytes) -> float:
    """Send `first`, then one byte each 50 ms, until the server closes."""
    reader, writer = await asyncio.open_connection(*address)
    began = time.monotonic()
    writer.write(first)
    end = asyncio.create_task(reader.read())
    async with asyncio.timeout(10):
        while not end.done():
            writer.write(drip)
            await asyncio.sleep(0.05)
    end.exception()
    writer.close()
    return time.monotonic() - began


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize(
    ("first", "drip"),
    [
        (b"", b""),
        (b"G", b""),
        (b"GET /api/job HTTP/1.1\r\n", b"X"),
        (head("POST", "/api/job", "Content-Type: application/json", "Content-Length: 1000"), b" "),
        (head("POST", "/api/job", "Content-Type: application/json", "Content-Length: 1000"), b""),
        (head("POST", "/api/job", "Content-Type: application/json", "Transfer-Encoding: chunked"), b""),
    ],
    ids=["silent", "half a word", "dripping head", "dripping body", "no body", "no chunk"],
)
async def test_a_client_that_is_slow_on_purpose_is_cut_off(address: Address, first: bytes, drip: bytes) -> None:
    assert 0.3 < await seconds_until_cut(address, first, drip) < 9


async def test_others_are_answered_while_many_slow_ones_wait(address: Address) -> None:
    slow = [await asyncio.open_connection(*address) for _ in range(200)]
    for _, writer in slow:
        writer.write(b"POST /api/job HTTP/1.1\r\nHost: ")
    began = time.monotonic()
    assert b" 200 OK" in await ask(address, head())
    assert time.monotonic() - began < 1
    for _, writer in slow:
        writer.close()


async def test_an_endless_head_is_cut_off(address: Address) -> None:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"GET / HTTP/1.1\r\nX: ")
    async with asyncio.timeout(5):
        try:
            for _ in range(200):
                writer.write(b"a" * 10_000)
                await writer.drain()
            assert await reader.read() == b""
        except ConnectionError:
            return
    writer.close()


@pytest.mark.usefixtures("_impatient")
async def test_a_client_that_does_not_take_its_answer_is_cut_off(
    address: Address, gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = asyncio.Event()
    lost = PatientProtocol.connection_lost

    def noticing(self: PatientProtocol, error: Exception | None) -> None:
        lost(self, error)
        closed.set()

    monkeypatch.setattr(PatientProtocol, "connection_lost", noticing)
    async with gateway.gateway.blobs.writer() as blob:
        for _ in range(30):
            await blob.write(bytes(1024 * 1024))
    file = PrintFile(path="a.gcode", name="a.gcode", display="a", size=blob.size, date=1, hash="", digest=blob.digest)
    gateway.owner.answers[topics.READ_FILE] = FileRead(file=file)
    reader, writer = await asyncio.open_connection(*address, limit=1024)
    writer.write(head("GET", "/downloads/files/local/a.gcode"))
    assert b" 200 OK" in await reader.readuntil(b"\r\n")
    async with asyncio.timeout(10):
        await closed.wait()
    writer.close()


async def test_too_many_connections_are_told_so(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatientProtocol, "most_connections", 3)
    held = [await asyncio.open_connection(*address) for _ in range(3)]
    reader, _ = await asyncio.open_connection(*address)
    assert b" 503 " in await reader.read()
    for _, writer in held:
        writer.close()


async def test_expect_100_continue_is_answered_before_the_body(address: Address) -> None:
    body = b'{"command": "start"}'
    reader, writer = await asyncio.open_connection(*address)
    more = ("Content-Type: application/json", f"Content-Length: {len(body)}", "Expect: 100-continue")
    writer.write(head("POST", "/api/job", *more))
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(body)
    answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 204 ")
    assert b"content-length: 0" in answer
    assert b"content-type: text/plain" in answer
    assert b"server:" not in answer.lower()
    writer.close()


async def test_a_refused_upload_is_answered_before_its_body_is_sent(address: Address) -> None:
    request = head(
        "POST", "/api/files/local", f"Content-Length: {3 * 1024**3}", "Content-Type: multipart/form-data; boundary=x"
    )
    assert b" 413 " in await ask(address, request)


async def test_slashes_and_strange_bytes_in_paths(address: Address, gateway: RunningGateway) -> None:
    assert b" 200 OK" in await ask(address, head("GET", "//api//version"))
    gateway.owner.answers[topics.READ_FILE] = NotFound("no such file")
    for path in ("/api/%ff%fe", "/api/files/local/%00", "/%2e%2e/%2e%2e/etc/passwd"):
        status = (await ask(address, head("GET", path))).split()[1]
        assert status == b"404"


async def test_the_server_stops_in_order_and_finishes_what_runs(gateway: RunningGateway) -> None:
    async with served(gateway) as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(head())
        await reader.readuntil(b"\r\n\r\n")
        began = time.monotonic()
    assert time.monotonic() - began < 3
    writer.close()


def test_a_port_in_use_is_one_sentence() -> None:
    taken = http_server.bind(GatewaySettings(port=0))
    port = taken.getsockname()[1]
    with pytest.raises(SettingsError, match=f"cannot listen on 127.0.0.1 port {port}: Address already in use"):
        http_server.bind(GatewaySettings(port=port))
    taken.close()
