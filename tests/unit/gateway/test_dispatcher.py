"""Which application a path at the root leads to."""

from __future__ import annotations

from typing import Any

import pytest

from services.gateway.dispatcher import Dispatcher, Mount


class Named:
    """An application that notes what it was asked."""

    def __init__(self, name: str, asked: list[tuple[str, str]]) -> None:
        self._name, self._asked = name, asked

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self._asked.append((self._name, scope["root_path"]))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def found(path: str) -> tuple[str, str]:
    asked: list[tuple[str, str]] = []
    mounts = (
        Mount("one", Named("one", asked), ("api", "api/system/commands", "sockjs")),
        Mount("two", Named("two", asked), ("api/system", "api/job")),
    )
    status = 0

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    scope = {"type": "http", "method": "GET", "path": path, "headers": []}
    await Dispatcher(mounts, Named("front", asked))(scope, receive, send)
    return asked[0] if asked else ("nobody", str(status))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/system/commands", ("one", "")),
        ("/api/system/commands/core", ("one", "")),
        ("/api/system/flags", ("two", "")),
        ("/api/system", ("two", "")),
        ("/api//job", ("two", "")),
        ("/api/nope", ("one", "")),
        ("/api", ("one", "")),
        ("/sockjs/info", ("one", "")),
        ("/two/api/nope", ("two", "/two")),
        ("/nope/api/job", ("nobody", "404")),
        ("/apis/job", ("nobody", "404")),
        ("/nope", ("front", "")),
    ],
)
async def test_the_longest_documented_path_decides(path: str, expected: tuple[str, str]) -> None:
    assert await found(path) == expected
