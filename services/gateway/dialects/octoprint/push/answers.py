"""The answers of SockJS's HTTP side: text and script that may be read from any site, and are never kept.

Reading from any site is harmless: nothing here looks at cookies, a listener says inside who it is.
"""

from __future__ import annotations

import secrets
from email.utils import formatdate
from time import time
from typing import Any

import msgspec

from services.gateway.public_address import header
from services.gateway.replies import Header, Reply

_YEAR = 31536000
_NEVER_KEPT: Header = (b"cache-control", b"no-store, no-cache, no-transform, must-revalidate, max-age=0")
_TEXT: Header = (b"content-type", b"text/plain; charset=UTF-8")
_JSON: Header = (b"content-type", b"application/json; charset=UTF-8")
_SCRIPT: Header = (b"content-type", b"application/javascript; charset=UTF-8")


class Info(msgspec.Struct, kw_only=True):
    """GET /sockjs/info."""

    websocket: bool = True
    cookie_needed: bool = False
    origins: tuple[str, ...] = ("*:*",)
    entropy: int


def cors(scope: Any) -> list[Header]:
    """Whoever asks may read; `null` (a page from a file) cannot be echoed."""
    origin = header(scope, b"origin")
    allowed = origin.encode("latin-1") if origin and origin != "null" else b"*"
    return [
        (b"access-control-allow-origin", allowed),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    ]


def info(scope: Any) -> Reply:
    """What this server can, and a random number for clients that have none."""
    body = msgspec.json.encode(Info(entropy=secrets.randbits(63)))
    return Reply(200, [_JSON, _NEVER_KEPT, *cors(scope)], body)


def options(scope: Any, method: str) -> Reply:
    """The answer to a browser that asks before it asks."""
    wanted = header(scope, b"access-control-request-headers")
    allowed = [(b"access-control-allow-headers", wanted.encode("latin-1"))] if wanted else []
    return Reply(
        204,
        [
            (b"access-control-allow-methods", f"OPTIONS, {method}".encode()),
            (b"access-control-max-age", str(_YEAR).encode()),
            (b"cache-control", f"public, max-age={_YEAR}".encode()),
            (b"expires", formatdate(time() + _YEAR, usegmt=True).encode()),
            *allowed,
            *cors(scope),
        ],
        b"",
    )


def text(status: int, words: str, more: list[Header], *, close: bool = False) -> Reply:
    """Words for people."""
    return Reply(status, [_TEXT, _NEVER_KEPT, *more], words.encode(), close=close)


def script(scope: Any, frame: str) -> Reply:
    """One frame."""
    return Reply(200, [_SCRIPT, _NEVER_KEPT, *cors(scope)], frame.encode() + b"\n")


async def start_script(scope: Any, send: Any) -> None:
    """The head of an answer whose frames follow."""
    await send({"type": "http.response.start", "status": 200, "headers": [_SCRIPT, _NEVER_KEPT, *cors(scope)]})
