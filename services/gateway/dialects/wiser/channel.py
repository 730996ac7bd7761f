"""The WebSocket at `/api`: who listens, what they hear, and what they say."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from services.gateway.callers.roles import Permission
from services.gateway.dialects.wiser import errors, frames
from services.gateway.dialects.wiser.frames import BUTTON, HVAC_GROUP, LOAD, ControlLoads, DumpLoads, Follow
from services.gateway.dialects.wiser.listener import GO_AWAY, GONE, NO_MORE, Listener
from services.gateway.dialects.wiser.routes_common import VIA, identify
from services.gateway.framework import reject_handshake
from services.gateway.gateway import Gateway
from shared.contracts import load_topics
from shared.contracts.loads import ControlLoad, LoadState
from shared.contracts.smart_buttons import SmartButtonPressed
from shared.errors import Forbidden, JobError, Unavailable
from shared.pauses import pause

MOST_LISTENERS = 1024
CHECK_EVERY = 15.0  # seconds; a token that was revoked stops within them

_log = logging.getLogger(__name__)


class Channel:
    """All connections of one gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._listeners: dict[Listener, None] = {}
        self._checking: asyncio.Task[None] | None = None
        gateway.loads.load_changed.append(self._on_load)
        gateway.loads.group_changed.append(self._on_group)
        gateway.loads.pressed.append(self._on_press)

    def __len__(self) -> int:
        return len(self._listeners)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One connection, from its handshake to its end."""
        await receive()  # websocket.connect
        try:
            listener = await self._join(scope)
        except JobError as error:
            await reject_handshake(errors.reply_of(error, strict=True), send)
            return
        reading = asyncio.create_task(self._read(listener, receive))
        try:
            await send({"type": "websocket.accept"})
            await _write(listener, send)
        except OSError:
            return  # the client has gone while we were writing
        finally:
            reading.cancel()
            listener.end(GONE)
            self._listeners.pop(listener, None)
            await asyncio.gather(reading, return_exceptions=True)

    async def _join(self, scope: Any) -> Listener:
        identity = await identify(self._gateway, scope)
        identity.require(Permission.STATUS)
        if self._gateway.stopping.is_set() or len(self._listeners) >= MOST_LISTENERS:
            raise Unavailable("There are too many listeners", code="too_many_listeners", retry_after=5)
        listener = Listener(identity, scope)
        self._listeners[listener] = None
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._check())
        return listener

    async def _check(self) -> None:
        """Look again at each token while somebody listens; send all away when the service stops."""
        while self._listeners:
            if await pause(self._gateway.clock, self._gateway.stopping, CHECK_EVERY):
                for listener in list(self._listeners):
                    listener.end(GO_AWAY)
                return
            for listener in list(self._listeners):
                try:
                    await identify(self._gateway, listener.scope)
                except Forbidden:
                    listener.end(NO_MORE)
                except JobError as error:
                    _log.info("the tokens of listeners cannot be checked now: %s", error.message)

    # --- what they say ------------------------------------------------------------------------------------------------

    async def _read(self, listener: Listener, receive: Any) -> None:
        while (event := await receive())["type"] == "websocket.receive":
            command = frames.parse(event.get("text") or event.get("bytes") or "")
            if isinstance(command, DumpLoads):
                self._dump(listener)
            elif isinstance(command, ControlLoads):
                await self._control(listener, command)
            elif isinstance(command, Follow):
                listener.kinds = command.kinds
        listener.end(GONE)

    def _dump(self, listener: Listener) -> None:
        try:
            for each in self._gateway.loads.loads.all():
                if each.state is not None:
                    listener.offer(frames.load(each.info.id, each.info.type, each.state), (LOAD, each.info.id))
        except JobError as error:
            _log.debug("no loads to send: %s", error.message)

    async def _control(self, listener: Listener, command: ControlLoads) -> None:
        """As documented nothing is answered, whatever comes of it."""
        if not listener.identity.may(Permission.CONTROL):
            return
        request = ControlLoad(load=command.load, button=command.button, event=command.event)
        try:
            await self._gateway.ask(load_topics.COMMAND_LOAD, request, caller=listener.identity, via=VIA)
        except JobError as error:
            _log.info("a press over the WebSocket came to nothing: %s", error.message)

    # --- what they hear -----------------------------------------------------------------------------------------------

    def _on_load(self, number: int, state: LoadState) -> None:
        if not self._listeners:
            return
        info = self._gateway.loads.loads.known(number)
        if info is not None:
            self._tell(LOAD, frames.load(number, info.type, state), (LOAD, number))

    def _on_group(self, number: int, state: LoadState) -> None:
        self._tell(HVAC_GROUP, frames.hvac_group(number, state), (HVAC_GROUP, number))

    def _on_press(self, pressed: SmartButtonPressed) -> None:
        self._tell(BUTTON, frames.button(pressed), None)

    def _tell(self, kind: str, frame: str, key: object) -> None:
        for listener in self._listeners:
            if kind in listener.kinds:
                listener.offer(frame, key)


async def _write(listener: Listener, send: Any) -> None:
    while listener.ending is None:
        for frame in await listener.taken():
            await send({"type": "websocket.send", "text": frame})
    if listener.ending is not GONE:
        await send({"type": "websocket.close", "code": listener.ending.code})
