"""Answers as small ASGI applications: what Litestar's handlers return, and what the dispatcher sends by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

Header = tuple[bytes, bytes]

_LINGER = 1.0  # seconds that a refused client gets to read the answer before its connection is closed
_JSON_TYPE = (b"content-type", b"application/json")
_encoder = msgspec.json.Encoder()


class Reply:
    """One whole answer. `close` ends the connection after it, for requests whose body nobody will read."""

    __slots__ = ("_body", "_close", "_start")

    def __init__(self, status: int, headers: list[Header], body: bytes, *, close: bool = False) -> None:
        length = (b"content-length", b"%d" % len(body))
        ending = [(b"connection", b"close")] if close else []
        self._start: dict[str, Any] = {
            "type": "http.response.start",
            "status": status,
            "headers": [*headers, length, *ending],
        }
        self._body = body
        self._close = close

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG002
        await send(self._start)
        if self._close:
            # A connection closed with unread data is reset, and a reset can overtake the answer.
            await send({"type": "http.response.body", "body": self._body, "more_body": True})
            await asyncio.sleep(_LINGER)
            await send({"type": "http.response.body", "body": b""})
            return
        await send({"type": "http.response.body", "body": self._body})

    @property
    def status(self) -> int:
        """The HTTP status."""
        return int(self._start["status"])


def json_bytes(body: bytes, status: int = 200, extra: Mapping[str, str] | None = None, *, close: bool = False) -> Reply:
    """JSON that is encoded already."""
    headers = [_JSON_TYPE]
    if extra:
        headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in extra.items()]
    return Reply(status, headers, body, close=close)


def json_reply(
    content: Any, status: int = 200, extra: Mapping[str, str] | None = None, *, close: bool = False
) -> Reply:
    """Anything msgspec can encode, as JSON."""
    return json_bytes(_encoder.encode(content), status, extra, close=close)


def text_reply(text: str, status: int = 200, media_type: str = "text/plain; charset=utf-8") -> Reply:
    """Text for people."""
    return Reply(status, [(b"content-type", media_type.encode())], text.encode())
