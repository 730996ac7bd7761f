"""WebSockets: who may connect, what ends a connection, and that others do not notice."""

from __future__ import annotations

import asyncio
import json
import socket as sockets
import time

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from services.gateway import slow_clients, slow_sockets
from services.gateway.dialects.octoprint.push import channel
from tests.support.clock import eventually
from tests.support.gateway import VIEWER_KEY, RunningGateway, served
from tests.support.push import TRANSPORTS, Address, auth_of, framed, happened, raw

STORY = {"printer": "virtual", "name": "x" * 20_000, "path": "x"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/octoprint/nosuch/sockjs/websocket", 404),
        ("/sockjs", 404),
        ("/sockjs/", 404),
        ("/sockjs/info", 404),
        ("/sockjs/000/abc/xhr", 404),
        ("/sockjs/a.b/abc/websocket", 404),
        ("/sockjs/000/abc/websocket/", 404),
        ("/api/job", 404),
        ("/octoprint/api/job", 404),
        ("/", 403),
        ("/nothing", 403),
    ],
)
async def test_only_the_channels_paths_take_a_websocket(address: Address, path: str, status: int) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"ws://{address[0]}:{address[1]}{path}"):
            pass
    assert refused.value.response.status_code == status


async def test_a_full_channel_says_when_to_come_again(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "MOST_LISTENERS", 0)
    with pytest.raises(InvalidStatus) as refused:
        async with raw(address):
            pass
    assert refused.value.response.status_code == 503
    assert refused.value.response.headers["Retry-After"] == "5"


async def test_merged_slashes_lead_to_the_channel(address: Address) -> None:
    async with raw(address, "/") as client:
        assert await client.kind() == "connected"


@pytest.mark.parametrize("transport", list(TRANSPORTS))
async def test_a_wrong_login_is_told_and_can_be_repeated(
    gateway: RunningGateway, address: Address, transport: str
) -> None:
    async with TRANSPORTS[transport](address) as client:
        assert await client.kind() == "connected"
        assert await client.login("victor:" + "0" * 64) == ["reauthRequired"]
        assert await client.login(await auth_of(gateway, VIEWER_KEY)) == ["history", "timelapse"]


async def test_many_wrong_logins_lock_the_address_out(gateway: RunningGateway, address: Address, auth: str) -> None:
    async with raw(address) as client:
        await client.kind()
        for number in range(10):
            assert await client.login(f"victor:{number:064}") == ["reauthRequired"]
    answer = await gateway.client_from("127.0.0.1").get("/api/job", headers={"X-Api-Key": "another-wrong-key-0"})
    assert answer.status_code == 429


async def test_nonsense_is_ignored(gateway: RunningGateway, address: Address, auth: str) -> None:
    async with raw(address) as client:
        await client.kind()
        for text in ("", "{", "[]", "5", '{"auth": {}}', '{"throttle": "x"}', '{"subscribe": 1}', "\x00"):
            await client.socket.send(text)
        await client.socket.send(b"\xff\xfe")
        assert await client.login(auth) == ["history", "timelapse"]


@pytest.mark.parametrize("text", ['["a', "{}", "[1]", "nul"])
async def test_a_broken_frame_ends_a_sockjs_connection(address: Address, text: str) -> None:
    async with framed(address) as client:
        await client.kind()
        await client.socket.send("")
        await client.socket.send(text)
        assert await client.heard() == 'c[3003,"Broken JSON encoding."]'
        with pytest.raises(ConnectionClosed):
            await client.socket.recv()


async def test_one_string_is_a_frame_as_well(address: Address, auth: str) -> None:
    async with framed(address) as client:
        await client.kind()
        await client.socket.send(json.dumps(json.dumps({"auth": auth})))
        assert await client.kind() == "history"


async def test_a_message_that_is_too_large_ends_the_connection(address: Address) -> None:
    async with raw(address) as client:
        await client.kind()
        await client.socket.send("x" * 100_000)
        with pytest.raises(ConnectionClosed) as closed:
            await client.socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


async def test_a_sockjs_connection_gets_a_heartbeat_after_25_silent_seconds(
    gateway: RunningGateway, address: Address
) -> None:
    async with framed(address) as client:
        assert await client.kind() == "connected"
        await gateway.clock.advance(24)
        await gateway.clock.advance(2)
        assert await client.heard() == "h"


async def test_a_silent_connection_stays_open(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEAD_WITHIN", "BODY_WINDOW", "READ_WITHIN"):
        monkeypatch.setattr(slow_clients, name, 0.1)
    async with raw(address) as client:
        await client.kind()
        await asyncio.sleep(0.5)
        await client.socket.ping()
        assert await client.login("nobody:x") == ["reauthRequired"]


async def test_a_listener_that_does_not_read_is_dropped_and_others_hear_all(
    gateway: RunningGateway, address: Address, auth: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_clients, "READ_WITHIN", 0.3)
    push = gateway.app._mounts["octoprint"][0].app._push  # type: ignore[attr-defined]
    slow = await deaf_listener(address, auth)
    async with raw(address) as client:
        await client.kind()
        await client.login(auth)
        await eventually(lambda: len(push.channel) == 2)
        sent = 0
        async with asyncio.timeout(20):
            while len(push.channel) == 2:
                sent += 1
                await happened(gateway, "print_resumed", STORY)
                assert await client.kind() == "event PrintResumed"
                assert await client.kind() == "event ChartMarked"
        await happened(gateway, "print_done", {"printer": "virtual"})
        assert await client.kind() == "event PrintDone"
    assert sent > 1
    slow.close()


async def deaf_listener(address: Address, auth: str) -> sockets.socket:
    """A client that logs in and never reads again; its buffers are as small as they get."""
    slow = sockets.socket()
    slow.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 2048)
    slow.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(slow, address)
    await loop.sock_sendall(
        slow,
        b"GET /sockjs/websocket HTTP/1.1\r\nHost: host\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    )
    assert b" 101 " in await loop.sock_recv(slow, 1024)
    text = json.dumps({"auth": auth}).encode()
    await loop.sock_sendall(slow, bytes([0x81, 0x80 | len(text)]) + bytes(4) + text)
    return slow


async def test_a_client_that_answers_no_ping_is_dropped_without_a_fault(
    gateway: RunningGateway, auth: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(slow_sockets, "PING_EVERY", 0.2)
    push = gateway.app._mounts["octoprint"][0].app._push  # type: ignore[attr-defined]
    async with served(gateway) as address:
        deaf = await deaf_listener(address, auth)
        await eventually(lambda: len(push.channel) == 1)
        for _ in range(100):
            await happened(gateway, "print_resumed", {"printer": "virtual"})
            await asyncio.sleep(0.02)
            if len(push.channel) == 0:
                break
        assert len(push.channel) == 0
        with pytest.raises(InvalidStatus):
            async with raw(address, "/octoprint/nosuch"):
                pass
    deaf.close()
    assert "ASGI" not in caplog.text


@pytest.mark.parametrize("transport", list(TRANSPORTS))
async def test_the_stop_of_the_service_ends_every_connection(
    gateway: RunningGateway, address: Address, auth: str, transport: str
) -> None:
    async with TRANSPORTS[transport](address) as client:
        await client.kind()
        await client.login(auth)
        began = time.monotonic()
        gateway.gateway.stopping.set()
        if transport == "raw":
            with pytest.raises(ConnectionClosed) as closed:
                await client.heard()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1001
        else:
            assert await client.heard() == 'c[3000,"Go away!"]'
        assert time.monotonic() - began < 2


async def test_a_client_that_leaves_is_forgotten(gateway: RunningGateway, address: Address, auth: str) -> None:
    push = gateway.app._mounts["octoprint"][0].app._push  # type: ignore[attr-defined]
    for open_ in (raw, framed):
        async with open_(address) as client:
            await client.kind()
            assert len(push.channel) == 1
        await eventually(lambda: len(push.channel) == 0)
