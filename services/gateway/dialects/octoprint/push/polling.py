"""The push channel over plain HTTP, as SockJS does it: `xhr`, `xhr_streaming` and `xhr_send`."""

from __future__ import annotations

import asyncio
from typing import Any

from services.gateway.dialects.octoprint.push import frames
from services.gateway.dialects.octoprint.push.answers import cors, script, start_script, text
from services.gateway.dialects.octoprint.push.channel import Channel
from services.gateway.dialects.octoprint.push.listener import Listener
from services.gateway.dialects.octoprint.push.sessions import Key, Sessions
from shared.errors import Invalid

LARGEST_BODY = 64 * 1024


async def poll(sessions: Sessions, key: Key, address: str, scope: Any, receive: Any, send: Any) -> None:
    """One frame: `o` for a new session, else the messages that wait or the first that comes. Raises as `open`."""
    session = sessions.find(key)
    if session is None:
        sessions.open(key, address)
        await script(scope, frames.OPEN)(scope, receive, send)
    elif session.listening:
        await script(scope, frames.ANOTHER_RECEIVER)(scope, receive, send)
    else:
        with sessions.receiving(session) as listener:
            watching = _watch(listener, receive)
            try:
                frame = await _next_frame(listener, watching)
            finally:
                watching.cancel()
            if frame is not None:
                await script(scope, frame)(scope, receive, send)


async def stream(sessions: Sessions, key: Key, address: str, scope: Any, receive: Any, send: Any) -> None:
    """Frames in one answer, until they are 128 KiB, the session ends or the client leaves. Raises as `open`."""
    session = sessions.find(key)
    is_new = session is None
    session = session or sessions.open(key, address)
    await start_script(scope, send)
    await _part(send, frames.PRELUDE)
    if session.listening:
        await _part(send, frames.ANOTHER_RECEIVER)
    else:
        with sessions.receiving(session) as listener:
            watching = _watch(listener, receive)
            try:
                await _stream(listener, watching, send, is_new=is_new)
            finally:
                watching.cancel()
    await send({"type": "http.response.body", "body": b""})


async def hear(channel: Channel, sessions: Sessions, key: Key, scope: Any, receive: Any, send: Any) -> None:
    """Messages of the client: 204, or 400 for what is no JSON (SockJS says 500, but it is not our fault)."""
    session = sessions.find(key)
    body = await _body(receive)
    if session is None or session.listener.ending is not None:
        reply = text(404, "No such session.", cors(scope))
    elif body is None:
        reply = text(413, "The message is too large.", cors(scope), close=True)
    elif not body:
        reply = text(400, "Payload expected.", cors(scope))
    else:
        try:
            for message in frames.read(body):
                await channel.hear(session.listener, message)
            reply = text(204, "", cors(scope))
        except Invalid as error:
            reply = text(400, error.message, cors(scope))
    await reply(scope, receive, send)


async def _stream(listener: Listener, watching: asyncio.Task[None], send: Any, *, is_new: bool) -> None:
    sent = 0
    if is_new:
        sent += await _part(send, frames.OPEN)
    while sent < frames.STREAM_BYTES:
        frame = await _next_frame(listener, watching)
        if frame is None:
            return
        sent += await _part(send, frame)
        if frame[0] == "c":
            return


async def _next_frame(listener: Listener, watching: asyncio.Task[None]) -> str | None:
    """Messages, a heartbeat, or the last frame; None when the client has left."""
    while not watching.done():
        messages = listener.drain()
        if messages:
            return frames.array(messages)
        if listener.ending is not None:
            return listener.ending.frame
        if listener.take_beat():
            return frames.HEARTBEAT
        await listener.arrived()
    return None


def _watch(listener: Listener, receive: Any) -> asyncio.Task[None]:
    """A task that ends when the client leaves, and then wakes whoever waits for the listener."""

    async def until_gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    watching = asyncio.create_task(until_gone())
    watching.add_done_callback(lambda _: listener.nudge())
    return watching


async def _part(send: Any, frame: str) -> int:
    body = frame.encode() + b"\n"
    await send({"type": "http.response.body", "body": body, "more_body": True})
    return len(body)


async def _body(receive: Any) -> bytes | None:
    """The whole body; None when it is too large."""
    body = bytearray()
    while True:
        event = await receive()
        body += event.get("body", b"")
        if len(body) > LARGEST_BODY:
            return None
        if not event.get("more_body", False):
            return bytes(body)
