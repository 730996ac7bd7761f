"""The ops server: three pages, and a bound on everything a client could do to it."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from shared import ops


def broken() -> ops.Page:
    raise OSError("a page that fails")


@pytest.fixture
def server() -> Iterator[ops.OpsServer]:
    pages = {
        "/healthz": lambda: ops.json_page(200, {"alive": True}),
        "/readyz": lambda: ops.json_page(503, {"ready": False, "reasons": ["starting"]}),
        "/broken": broken,
    }
    started = ops.OpsServer("127.0.0.1", 0, pages)
    started.start()
    yield started
    started.stop()


def url(server: ops.OpsServer, path: str) -> str:
    return f"http://127.0.0.1:{server.port}{path}"


def test_the_pages_answer_with_their_status_and_json(server: ops.OpsServer) -> None:
    healthy, ready = httpx.get(url(server, "/healthz?x=1")), httpx.get(url(server, "/readyz"))
    assert (healthy.status_code, healthy.json()) == (200, {"alive": True})
    assert (ready.status_code, ready.json()["reasons"]) == (503, ["starting"])
    assert healthy.headers["content-type"] == "application/json"


def test_head_answers_without_a_body(server: ops.OpsServer) -> None:
    answer = httpx.head(url(server, "/healthz"))
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("POST", "/healthz", 405), ("PUT", "/x", 405)]
)
def test_nothing_else_is_served(server: ops.OpsServer, method: str, path: str, status: int) -> None:
    assert httpx.request(method, url(server, path)).status_code == status


@pytest.mark.parametrize(
    "request_bytes", [b"nonsense\r\n\r\n", b"GET /healthz SPDY/3\r\n\r\n", b"\x16\x03\x01\x00\r\n\r\n"]
)
def test_what_is_no_http_is_answered_400(server: ops.OpsServer, request_bytes: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(request_bytes)
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


def test_an_endless_request_is_cut_at_its_limit(server: ops.OpsServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        sent = 0
        with pytest.raises(OSError, match=r"reset|pipe"):  # noqa: PT012
            while sent < 10_000_000:
                sent += connection.send(b"x" * 4096)


def test_a_slow_request_ends_in_time_and_the_others_are_served(
    server: ops.OpsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ops, "LONGEST_REQUEST", 0.2)
    slow = [socket.create_connection(("127.0.0.1", server.port), timeout=5) for _ in range(ops.AT_ONCE)]
    for connection in slow:
        connection.sendall(b"GET /hea")
    began = time.monotonic()
    for connection in slow:
        while connection.recv(4096):
            pass
        connection.close()
    assert time.monotonic() - began < 4
    assert httpx.get(url(server, "/healthz")).status_code == 200


def test_a_page_that_fails_does_not_end_the_server(server: ops.OpsServer) -> None:
    with pytest.raises(httpx.HTTPError):
        httpx.get(url(server, "/broken"))
    assert httpx.get(url(server, "/healthz")).status_code == 200


def test_a_stopped_server_accepts_nothing(server: ops.OpsServer) -> None:
    server.stop()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port), timeout=2)
