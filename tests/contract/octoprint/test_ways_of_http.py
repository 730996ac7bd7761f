"""Methods, slashes, unknown paths and sizes, as OctoPrint's server has them."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts.printers import PrinterStatus
from tests.support.gateway import RunningGateway

NOT_FOUND = (
    "The requested URL was not found on the server. "
    "If you entered the URL manually please check your spelling and try again."
)
NOT_ALLOWED = "The method is not allowed for the requested URL."


async def raw(gateway: RunningGateway, method: str, path: str) -> tuple[int, dict[bytes, bytes], bytes]:
    """A request that no client library has tidied up."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"host:8080"), *((k.lower().encode(), v.encode()) for k, v in gateway.client.headers.items())]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers,
        "client": ("127.0.0.1", 4711), "server": ("127.0.0.1", 8080), "state": {},
    }  # fmt: skip
    await gateway.app(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), b"".join(message.get("body", b"") for message in sent[1:])


@pytest.mark.parametrize("path", ["//api/version", "/api//version", "/octoprint//api///version"])
async def test_repeated_slashes_are_one(gateway: RunningGateway, path: str) -> None:
    assert (await raw(gateway, "GET", path))[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/api/nope",
        "/api",
        "/api/version/",
        "/api/control/nope",
        "/octoprint/api/nope",
        "/octoprint/nope/api/job",
    ],
)
async def test_an_unknown_path_is_a_404_in_the_dialects_words(gateway: RunningGateway, path: str) -> None:
    answer = await gateway.client.get(path)
    assert (answer.status_code, answer.json()) == (404, {"error": NOT_FOUND})
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/apis/version", "/octoprintx/api/version", "/nothing"])
async def test_a_path_of_no_dialect_is_a_404_in_json(gateway: RunningGateway, path: str) -> None:
    answer = await gateway.client.get(path)
    assert answer.status_code == 404
    assert set(answer.json()) == {"error"}


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/api/job", "GET, HEAD, POST, OPTIONS"),
        ("PATCH", "/api/job", "GET, HEAD, POST, OPTIONS"),
        ("GET", "/api/control/job", "POST, OPTIONS"),
        ("DELETE", "/api/version", "GET, HEAD, OPTIONS"),
    ],
)
async def test_another_method_is_a_405_that_names_the_right_ones(
    gateway: RunningGateway, method: str, path: str, allow: str
) -> None:
    answer = await gateway.client.request(method, path, json={"command": "start"})
    assert (answer.status_code, answer.json()) == (405, {"error": NOT_ALLOWED})
    assert answer.headers["allow"] == allow


async def test_head_and_options_work(gateway: RunningGateway) -> None:
    assert (await gateway.client.head("/api/version")).status_code == 200
    answer = await gateway.client.options("/api/job")
    assert (answer.status_code, answer.headers["allow"], answer.content) == (200, "GET, HEAD, POST, OPTIONS", b"")


async def test_json_announced_on_a_get_changes_nothing(gateway: RunningGateway) -> None:
    answer = await gateway.client.request("GET", "/api/job", headers={"Content-Type": "application/json"})
    assert answer.status_code == 200


async def test_a_body_over_the_limit_is_a_413_and_ends_the_connection(gateway: RunningGateway) -> None:
    for body in (b'{"a": "' + b"x" * 2_000_000 + b'"}', _in_pieces()):
        answer = await gateway.client.post("/api/job", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 413
        assert set(answer.json()) == {"error"}
        assert answer.headers["connection"] == "close"


async def test_a_million_members_are_no_fault_of_ours(gateway: RunningGateway) -> None:
    body = b"{" + b",".join(b'"%d":0' % number for number in range(90_000)) + b"}"
    answer = await gateway.client.post("/api/job", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()) == (400, {"error": "command is invalid"})


async def test_a_doubled_member_counts_as_its_last_value(gateway: RunningGateway) -> None:
    body = b'{"command": "nope", "command": "cancel"}'
    answer = await gateway.client.post("/api/job", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 204


async def test_each_printer_has_an_address_and_the_root_shows_the_default_one(gateway: RunningGateway) -> None:
    await gateway.owner.state(PrinterStatus.PAUSED, printer="second", default=True)
    for path, state in (
        ("/api/job", "Paused"),
        ("/octoprint/api/job", "Paused"),
        ("/octoprint/virtual/api/job", "Operational"),
        ("/octoprint/second/api/job", "Paused"),
    ):
        assert (await gateway.client.get(path)).json()["state"] == state


async def test_a_fault_of_ours_is_a_500_without_a_word_about_it(gateway: RunningGateway) -> None:
    gateway.owner.answers = {}
    answer = await gateway.client.post("/api/job", json={"command": "start"})
    assert answer.status_code == 500
    assert "no answer" not in answer.text


async def test_the_front_page_says_what_is_where(gateway: RunningGateway) -> None:
    assert "/octoprint" in (await gateway.client.get("/")).json()["paths"]
    page = await gateway.client.get("/", headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert (await gateway.client.post("/")).status_code == 405


async def _in_pieces() -> Any:
    for _ in range(40):
        yield b"x" * 65536
