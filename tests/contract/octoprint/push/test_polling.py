"""SockJS over plain HTTP, by its protocol 0.3.3."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from services.gateway.dialects.octoprint.push import channel, frames, polling
from tests.support.clock import eventually
from tests.support.gateway import RunningGateway
from tests.support.push import Address, happened, streamed

URL = "/sockjs/000/some-session"
SCRIPT = "application/javascript; charset=UTF-8"
NOT_KEPT = "no-store, no-cache, no-transform, must-revalidate, max-age=0"


async def test_info_is_as_recorded(gateway: RunningGateway) -> None:
    client = gateway.client_from("192.0.2.1")
    for prefix in ("", "/octoprint", "/octoprint/virtual"):
        answer = await client.get(f"{prefix}/sockjs/info")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json; charset=UTF-8"
        assert answer.headers["cache-control"] == NOT_KEPT
        assert "set-cookie" not in answer.headers
        info = answer.json()
        entropy = info.pop("entropy")
        assert info == {"websocket": True, "cookie_needed": False, "origins": ["*:*"]}
        assert entropy != (await client.get(f"{prefix}/sockjs/info")).json()["entropy"]


@pytest.mark.parametrize("path", ["/sockjs", "/sockjs/"])
async def test_there_is_a_greeting(gateway: RunningGateway, path: str) -> None:
    answer = await gateway.client.get(path)
    assert (answer.status_code, answer.text) == (200, "Welcome to SockJS!\n")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/sockjs/a", 404),
        ("GET", "/sockjs/a/a", 404),
        ("GET", "/sockjs/a/a/a", 404),
        ("GET", "/sockjs/iframe.html", 404),
        ("POST", "/sockjs/a./a/xhr", 404),
        ("POST", "/sockjs/a/a./xhr", 404),
        ("POST", "/sockjs/a/a/xhr/", 404),
        ("POST", "/octoprint/nosuch/sockjs/a/a/xhr", 404),
        ("POST", "/octoprint/nosuch/sockjs/a/a/xhr_streaming", 404),
        ("GET", "/sockjs/a/a/xhr", 405),
        ("PUT", "/sockjs/a/a/xhr_send", 405),
        ("POST", "/sockjs/info", 405),
        ("GET", "/sockjs/a/a/websocket", 400),
        ("GET", "/sockjs/websocket", 400),
        ("POST", "/sockjs/a/unknown/xhr_send", 404),
    ],
)
async def test_other_paths_and_methods_are_refused(
    gateway: RunningGateway, method: str, path: str, status: int
) -> None:
    answer = await gateway.client.request(method, path)
    assert answer.status_code == status
    if status == 405:
        assert answer.headers["allow"].startswith("OPTIONS, ")


@pytest.mark.parametrize(
    ("path", "methods"),
    [("/sockjs/info", "OPTIONS, GET"), (f"{URL}/xhr", "OPTIONS, POST"), (f"{URL}/xhr_send", "OPTIONS, POST")],
)
@pytest.mark.parametrize(("origin", "allowed"), [("http://a.example", "http://a.example"), ("null", "*"), ("", "*")])
async def test_browsers_of_other_sites_may_ask(
    gateway: RunningGateway, path: str, methods: str, origin: str, allowed: str
) -> None:
    headers = {"Access-Control-Request-Headers": "a, b"} | ({"Origin": origin} if origin else {})
    answer = await gateway.client.options(path, headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-methods"] == methods
    assert answer.headers["access-control-allow-origin"] == allowed
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["access-control-allow-headers"] == "a, b"
    assert answer.headers["access-control-max-age"] == "31536000"
    assert answer.headers["cache-control"] == "public, max-age=31536000"


async def test_polling_opens_a_session_and_brings_what_waits(gateway: RunningGateway, auth: str) -> None:
    client = gateway.client_from("127.0.0.1")
    answer = await client.post(f"{URL}/xhr")
    assert (answer.status_code, answer.text) == (200, "o\n")
    assert answer.headers["content-type"] == SCRIPT
    assert answer.headers["cache-control"] == NOT_KEPT
    assert answer.headers["access-control-allow-origin"] == "*"
    said = await client.post(f"{URL}/xhr_send", content=json.dumps([json.dumps({"auth": auth})]))
    assert (said.status_code, said.content) == (204, b"")
    assert said.headers["content-type"] == "text/plain; charset=UTF-8"
    answer = await client.post("/sockjs/999/some-session/xhr")  # the server's part of the path means nothing
    kinds = [next(iter(json.loads(text))) for text in json.loads(answer.text[1:])]
    assert kinds == ["connected", "history", "timelapse"]


async def test_a_poll_waits_for_the_next_message(gateway: RunningGateway, auth: str) -> None:
    client = gateway.client_from("127.0.0.1")
    await logged_in(client, auth)
    waiting = asyncio.create_task(client.post(f"{URL}/xhr"))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await happened(gateway, "print_resumed", {"printer": "virtual"})
    assert "PrintResumed" in (await waiting).text


async def test_a_second_receiver_is_sent_away(gateway: RunningGateway, auth: str) -> None:
    client = gateway.client_from("127.0.0.1")
    await logged_in(client, auth)
    waiting = asyncio.create_task(client.post(f"{URL}/xhr"))
    await asyncio.sleep(0.05)
    second = await client.post(f"{URL}/xhr")
    assert (second.status_code, second.text) == (200, 'c[2010,"Another connection still open"]\n')
    second = await client.post(f"{URL}/xhr_streaming")
    assert second.text == "h" * 2048 + '\nc[2010,"Another connection still open"]\n'
    await happened(gateway, "print_resumed", {"printer": "virtual"})
    assert "PrintResumed" in (await waiting).text


async def test_a_poll_gets_a_heartbeat_after_25_silent_seconds(gateway: RunningGateway) -> None:
    client = gateway.client_from("127.0.0.1")
    await client.post(f"{URL}/xhr")
    await client.post(f"{URL}/xhr")
    waiting = asyncio.create_task(client.post(f"{URL}/xhr"))
    await asyncio.sleep(0.05)
    await gateway.clock.advance(26)
    assert (await waiting).text == "h\n"


async def test_a_session_that_nobody_listens_to_ends_after_5_seconds(gateway: RunningGateway) -> None:
    client = gateway.client_from("127.0.0.1")
    assert (await client.post(f"{URL}/xhr")).text == "o\n"
    await gateway.clock.advance(4)
    assert (await client.post(f"{URL}/xhr")).text.startswith("a[")
    await gateway.clock.advance(4.4)
    assert (await client.post(f"{URL}/xhr_send", content='["{}"]')).status_code == 204
    await gateway.clock.advance(1.1)
    assert (await client.post(f"{URL}/xhr_send", content='["{}"]')).status_code == 404
    assert (await client.post(f"{URL}/xhr")).text == "o\n"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "Payload expected."),
        (b'["x', 400, "Broken JSON encoding."),
        (b"{}", 400, "Broken JSON encoding."),
        (b"\xff", 400, "Broken JSON encoding."),
        (b"[" * 60_000, 400, "Broken JSON encoding."),
        (b" " * 70_000, 413, "The message is too large."),
        (b'["nonsense"]', 204, ""),
    ],
)
async def test_what_a_client_sends_is_checked(gateway: RunningGateway, body: bytes, status: int, words: str) -> None:
    client = gateway.client_from("127.0.0.1")
    await client.post(f"{URL}/xhr")
    answer = await client.post(f"{URL}/xhr_send", content=body)
    assert (answer.status_code, answer.text) == (status, words)
    assert (await client.post(f"{URL}/xhr_send", content=b'["a"]')).status_code == 204


async def test_a_stream_ends_after_128_kib_and_the_next_one_goes_on(
    gateway: RunningGateway, address: Address, auth: str
) -> None:
    async with streamed(address) as client:
        await client.kind()
        await client.login(auth)
        for _ in range(3):
            await happened(gateway, "print_resumed", {"printer": "virtual", "name": "x" * 60_000})
            assert await client.kind() == "event PrintResumed"
            assert await client.kind() == "event ChartMarked"
        with pytest.raises(StopAsyncIteration):
            await client._frame()
        await happened(gateway, "print_done", {"printer": "virtual"})
        answer = await client._client.post(f"{client._url}/xhr")
        assert "PrintDone" in answer.text


async def test_a_stream_begins_for_the_eyes_of_browsers(address: Address) -> None:
    async with (
        httpx.AsyncClient() as client,
        client.stream("POST", f"http://{address[0]}:{address[1]}{URL}/xhr_streaming") as answer,
    ):
        assert answer.headers["content-type"] == SCRIPT
        assert answer.headers["transfer-encoding"] == "chunked"
        lines = answer.aiter_lines()
        assert [await anext(lines), await anext(lines)] == [frames.PRELUDE, "o"]


async def test_a_client_that_leaves_its_stream_is_forgotten(gateway: RunningGateway, address: Address) -> None:
    push = gateway.app._mounts["octoprint"][0].app._push  # type: ignore[attr-defined]
    async with streamed(address) as client:
        await client.kind()
        assert len(push.channel) == 1
    await eventually(lambda: not any(session.listening for session in push.sessions._sessions.values()))
    await gateway.clock.advance(6)
    assert len(push.channel) == 0


async def test_a_full_channel_is_a_503(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "MOST_LISTENERS", 0)
    for name in ("xhr", "xhr_streaming"):
        answer = await gateway.client.post(f"{URL}/{name}")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_the_largest_message_passes(gateway: RunningGateway) -> None:
    client = gateway.client_from("127.0.0.1")
    await client.post(f"{URL}/xhr")
    body = json.dumps(["x" * (polling.LARGEST_BODY - 4)])
    assert (await client.post(f"{URL}/xhr_send", content=body)).status_code == 204


async def logged_in(client: httpx.AsyncClient, auth: str) -> None:
    """A session that has a login and nothing left to take."""
    await client.post(f"{URL}/xhr")
    await client.post(f"{URL}/xhr_send", content=json.dumps([json.dumps({"auth": auth})]))
    await client.post(f"{URL}/xhr")
