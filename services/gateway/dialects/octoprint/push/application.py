"""Everything below `/sockjs`: which path is which transport, and which methods it takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

from services.gateway.dialects.octoprint import errors
from services.gateway.dialects.octoprint.push import answers, polling, sockets
from services.gateway.dialects.octoprint.push.channel import Channel
from services.gateway.dialects.octoprint.push.sessions import Key, Sessions
from services.gateway.dispatcher import PRINTER
from services.gateway.framework import reject_handshake
from services.gateway.gateway import Gateway
from services.gateway.replies import Reply
from shared.errors import JobError

PREFIX = "sockjs"
_GREETING = "Welcome to SockJS!\n"
_ONLY_SOCKETS = 'Can "Upgrade" only to "WebSocket".'

Transport = Callable[["Push", Key, Any, Any, Any], Awaitable[None]]


class Push:
    """One ASGI application; it answers HTTP and WebSocket."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.channel = Channel(gateway)
        self.sessions = Sessions(self.channel)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        parts = _parts(scope)
        if scope["type"] == "websocket":
            await self._socket(parts, scope, receive, send)
            return
        name = parts[-1] if _is_session(parts) else "/".join(parts)
        method = _METHODS.get(name)
        if method is None:
            await errors.refusal(404)(scope, receive, send)
            return
        scope["path_template"] = f"/{PREFIX}/{{server}}/{{session}}/{name}" if _is_session(parts) else f"/{PREFIX}"
        if scope["method"] == "OPTIONS":
            await answers.options(scope, method)(scope, receive, send)
        elif scope["method"] != method:
            await Reply(405, [(b"allow", f"OPTIONS, {method}".encode())], b"")(scope, receive, send)
        elif name in _PAGES:
            await _PAGES[name](scope)(scope, receive, send)
        else:
            try:
                await _TRANSPORTS[name](self, (scope.get(PRINTER), parts[1]), scope, receive, send)
            except JobError as error:
                await errors.reply_of(error)(scope, receive, send)

    def address(self, scope: Any) -> str:
        """The client's own address."""
        return self._gateway.proxies.client(scope)

    async def _socket(self, parts: list[str], scope: Any, receive: Any, send: Any) -> None:
        is_session = _is_session(parts)
        if parts != ["websocket"] and not (is_session and parts[-1] == "websocket"):
            await receive()
            await reject_handshake(errors.refusal(404), send)
            return
        place = scope.get(PRINTER)
        await sockets.serve(self.channel, place, self.address(scope), receive, send, framed=is_session)


async def _poll(push: Push, key: Key, scope: Any, receive: Any, send: Any) -> None:
    await polling.poll(push.sessions, key, push.address(scope), scope, receive, send)


async def _stream(push: Push, key: Key, scope: Any, receive: Any, send: Any) -> None:
    await polling.stream(push.sessions, key, push.address(scope), scope, receive, send)


async def _hear(push: Push, key: Key, scope: Any, receive: Any, send: Any) -> None:
    await polling.hear(push.channel, push.sessions, key, scope, receive, send)


def _only_sockets(scope: Any) -> Reply:
    return answers.text(400, _ONLY_SOCKETS, answers.cors(scope))


_PAGES: Mapping[str, Callable[[Any], Reply]] = MappingProxyType(
    {
        "": lambda scope: answers.text(200, _GREETING, answers.cors(scope)),
        "info": answers.info,
        "websocket": _only_sockets,
    }
)
_TRANSPORTS: Mapping[str, Transport] = MappingProxyType({"xhr": _poll, "xhr_streaming": _stream, "xhr_send": _hear})
_METHODS: Mapping[str, str] = MappingProxyType({**dict.fromkeys(_PAGES, "GET"), **dict.fromkeys(_TRANSPORTS, "POST")})


def is_push(scope: Any) -> bool:
    """Whether a request is for the push channel, whatever prefix led to it."""
    path = scope["path"][len(scope.get("root_path", "")) :]
    return str(path).split("/", 2)[1:2] == [PREFIX]


def _parts(scope: Any) -> list[str]:
    """The segments below `/sockjs`."""
    path = str(scope["path"][len(scope.get("root_path", "")) :])
    return path.split("/")[2:] or [""]


def _is_session(parts: list[str]) -> bool:
    """`<server>/<session>/<transport>`: anything without dots."""
    return len(parts) == 3 and all(part and "." not in part for part in parts[:2])
