"""The HTTP protocol of uvicorn with limits for clients that are slow on purpose: in head, body and reading.

Timers are only set while something is missing, so that an ordinary request costs none.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_WITHIN = 12.0  # seconds for the whole head of a request, however it trickles
LARGEST_HEAD = 64 * 1024
BODY_WINDOW = 12.0  # in each such window a body that is being read brings at least …
BODY_MINIMUM = 1024  # … this many bytes
READ_WITHIN = 15.0  # seconds for a client to take what waits for it
LARGEST_BACKLOG = 16 * 1024  # bytes that wait for a client while more is asked for: a piece of an answer is larger

_TOO_MANY = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 2\r\n"
    b"content-length: 34\r\nconnection: close\r\n\r\n" + b'{"error": "Too many connections"}\n'
)
_AT_ONCE = struct.pack("ii", 1, 0)  # struct linger of socket(7): on, 0 s
_IDLE, _HEAD, _BODY = range(3)


def cut(transport: asyncio.Transport) -> None:
    """End a connection with a reset: closed in the usual way the kernel keeps what was not taken, for minutes."""
    line = transport.get_extra_info("socket")
    if line is not None:
        with contextlib.suppress(OSError):  # it is closed already
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    transport.abort()


class PatientProtocol(HttpToolsProtocol):
    """Closes a connection that is too slow; `most_connections` is set by the server for all of them."""

    most_connections = 4096

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._phase = _IDLE
        self._head_bytes = 0
        self._body_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._reader_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=LARGEST_BACKLOG)
        if len(self.connections) > self.most_connections:
            transport.write(_TOO_MANY)
            transport.close()
            return
        self._deadline = self.loop.call_later(HEAD_WITHIN, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop(self._deadline)
        self._stop(self._reader_deadline)
        self._deadline = self._reader_deadline = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.parser is None or self.transport.is_closing():
            return
        super().data_received(data)
        if self._phase == _BODY:
            self._body_bytes += len(data)
            if self._deadline is None:
                self._watch_body()
            return
        if self._phase == _IDLE:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None
            return
        self._head_bytes += len(data)
        if self._head_bytes > LARGEST_HEAD:
            self._give_up()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_WITHIN, self._give_up)

    def on_message_begin(self) -> None:
        self._phase, self._head_bytes = _HEAD, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._phase, self._body_bytes = _BODY, 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._phase = _IDLE
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reader_deadline = self.loop.call_later(READ_WITHIN, self._give_up)

    def resume_writing(self) -> None:
        self._stop(self._reader_deadline)
        self._reader_deadline = None
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """An idle connection ends; one that never took its answer is cut, because closing would wait for it."""
        if self.transport.get_write_buffer_size() > 0:
            cut(self.transport)
        super().timeout_keep_alive_handler()

    def _watch_body(self) -> None:
        self._body_bytes = 0
        self._deadline = self.loop.call_later(BODY_WINDOW, self._check_body)

    def _check_body(self) -> None:
        """A body nobody wants to read now is not late: then the client cannot send."""
        self._deadline = None
        if self._phase != _BODY:
            return
        is_late = self._body_bytes < BODY_MINIMUM and not self.flow.read_paused
        if is_late and (self.cycle is None or self.cycle.more_body):
            self._give_up()
        else:
            self._watch_body()

    def _give_up(self) -> None:
        if self.transport is not None:
            cut(self.transport)

    @staticmethod
    def _stop(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()
