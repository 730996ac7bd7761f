"""The push channel over WebSocket: plain messages, or SockJS's frames around them."""

from __future__ import annotations

import asyncio
from typing import Any

from services.gateway.dialects.octoprint import errors
from services.gateway.dialects.octoprint.push import frames
from services.gateway.dialects.octoprint.push.channel import Channel
from services.gateway.dialects.octoprint.push.listener import BROKEN, GONE, Listener
from services.gateway.framework import reject_handshake
from shared.errors import Invalid, JobError


async def serve(channel: Channel, place: str | None, address: str, receive: Any, send: Any, *, framed: bool) -> None:
    """One connection, from its handshake to its end. `framed`: as SockJS."""
    await receive()  # websocket.connect
    try:
        listener = channel.join(place, address)
    except JobError as error:
        await reject_handshake(errors.reply_of(error), send)
        return
    reading = asyncio.create_task(_read(channel, listener, receive, framed=framed))
    try:
        await send({"type": "websocket.accept"})
        await _write(listener, send, framed=framed)
    except OSError:
        return  # the client has gone while we were writing
    finally:
        reading.cancel()
        channel.leave(listener)


async def _read(channel: Channel, listener: Listener, receive: Any, *, framed: bool) -> None:
    while (event := await receive())["type"] == "websocket.receive":
        text = event.get("text") or event.get("bytes") or ""
        try:
            messages = frames.read(text) if framed else [_decoded(text)]
        except Invalid:
            listener.end(BROKEN)
            return
        for message in messages:
            await channel.hear(listener, message)
    listener.end(GONE)


async def _write(listener: Listener, send: Any, *, framed: bool) -> None:
    if framed:
        await _text(send, frames.OPEN)
    while True:
        await listener.arrived()
        for message in listener.drain():
            await _text(send, message.framed if framed else message.text)
        if listener.take_beat() and framed:
            await _text(send, frames.HEARTBEAT)
        if listener.ending is not None:
            break
    if listener.ending is GONE:
        return
    if framed:
        await _text(send, listener.ending.frame)
    await send({"type": "websocket.close", "code": 1000 if framed else listener.ending.code})


async def _text(send: Any, text: str) -> None:
    await send({"type": "websocket.send", "text": text})


def _decoded(text: str | bytes) -> str:
    return text if isinstance(text, str) else text.decode(errors="replace")
