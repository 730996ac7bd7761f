"""Between our ready-made answers and the web framework that calls the routes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from litestar.response import Response

from services.gateway.replies import Reply
from shared.errors import Unavailable

T = TypeVar("T")


class Ready(Response[Any]):
    """A `Reply` where Litestar wants a response, as in its hooks for exceptions."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(None, status_code=reply.status)
        self._reply = reply

    def to_asgi_response(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        return self._reply


async def reject_handshake(reply: Reply, send: Any) -> None:
    """Answer a WebSocket's handshake with an HTTP status instead (ASGI's extension `websocket.http.response`)."""

    async def as_socket(message: Any) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    await reply({"type": "http"}, None, as_socket)


async def unless_gone(receive: Any, work: Coroutine[Any, Any, T]) -> T:
    """Do what may take long; it is cancelled when the client leaves. Call it after the body was read.

    Raises `Unavailable` (`client_gone`) then, which nobody reads.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait([working, leaving], return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise Unavailable("The client has gone", code="client_gone")
    finally:
        leaving.cancel()
        working.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _left(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
