"""The WebSocket protocol of uvicorn with the same limit for clients that do not read as the HTTP one has."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from services.gateway import slow_clients

LARGEST_MESSAGE = 64 * 1024  # bytes that a client may send at once
PING_EVERY = 20.0  # seconds; a client that answers none within as long again is gone


class PatientSocket(WebSocketsSansIOProtocol):
    """Cuts a connection whose client leaves what waits for it lying."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reader_deadline: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reader_deadline = self.loop.call_later(slow_clients.READ_WITHIN, slow_clients.cut, self.transport)

    def resume_writing(self) -> None:
        self._stop_waiting()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    async def send(self, message: Any) -> None:
        """Raises `ClientDisconnected` also when the server has closed by itself, which uvicorn takes for a fault."""
        await self.writable.wait()
        if self.close_sent:
            raise ClientDisconnected
        await super().send(message)
        self.handshake_complete |= self.close_sent  # refused is complete as well

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        slow_clients.cut(self.transport)  # a close would wait for a client that is gone to take what is left

    def _stop_waiting(self) -> None:
        if self._reader_deadline is not None:
            self._reader_deadline.cancel()
            self._reader_deadline = None
