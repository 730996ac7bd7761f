"""A TCP or TLS stream of the event loop in the shape of a socket, so that paho neither blocks nor polls.

Reading: what arrives goes to `on_bytes`; what is offered to paho of that it reads from memory. Writing: what paho sends
in one turn of the loop leaves in one piece. Connecting and the TLS handshake are the loop's, so no name look-up or slow
peer stops it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import cast


class Wire(asyncio.Protocol):
    """One connection. `on_bytes`, `on_writable` and `on_lost` are set by its only user before bytes arrive."""

    def __init__(self) -> None:
        self.on_bytes: Callable[[bytes], None] = _nothing
        self.on_writable: Callable[[], None] = _nothing
        self.on_lost: Callable[[], None] = _nothing
        self.congested = False
        self._transport: asyncio.Transport | None = None
        self._arrived = b""
        self._read = 0
        self._leaving = bytearray()
        self._ended = False
        self._gone = asyncio.Event()

    # the loop's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            # Nagle and delayed acknowledgement make 88 ms out of 1 (reference: performance of the peers, 3a).
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        self.on_bytes(data)

    def pause_writing(self) -> None:
        self.congested = True

    def resume_writing(self) -> None:
        self.congested = False
        self.on_writable()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._ended = True
        self._gone.set()
        self.on_lost()

    # the socket's side

    @property
    def ended(self) -> bool:
        """Whether the stream is over."""
        return self._ended

    @property
    def unread(self) -> bool:
        """Whether there are bytes that paho has not taken."""
        return self._read < len(self._arrived)

    def recv(self, size: int) -> bytes:
        """Up to `size` bytes; b"" after the end; BlockingIOError when there is nothing yet."""
        start = self._read
        piece = self._arrived[start : start + size]
        if piece:
            self._read = start + len(piece)
        elif not self._ended:
            raise BlockingIOError
        return piece

    def send(self, data: bytes | bytearray) -> int:
        """Take all of `data` for the next `flush`; BlockingIOError while the peer does not read."""
        if self.congested:
            raise BlockingIOError
        if self._ended:
            raise ConnectionResetError("the connection has ended")
        self._leaving += data
        return len(data)

    def flush(self) -> None:
        """Hand over what was sent since the last flush."""
        if self._leaving and self._transport is not None and not self._ended:
            self._transport.write(bytes(self._leaving))
        self._leaving.clear()

    def write(self, data: bytes) -> None:
        """Send past paho; what a peer that does not read leaves behind is kept by the loop."""
        if self._transport is not None and not self._ended:
            self._transport.write(data)

    def offer(self, data: bytes) -> None:
        """Let paho read this."""
        self._arrived = data if self._read >= len(self._arrived) else self._arrived[self._read :] + data
        self._read = 0

    def close(self) -> None:
        """Send what is left, then end the connection."""
        self.flush()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """End the connection now; a close that waits for a peer which does not read would never end."""
        if self._transport is not None:
            self._transport.abort()

    async def gone(self, within: float) -> None:
        """Wait up to `within` seconds until the loop has let the connection go."""
        try:
            async with asyncio.timeout(within):
                await self._gone.wait()
        except TimeoutError:
            return

    def fileno(self) -> int:
        """No descriptor: nobody may select on this."""
        return -1

    def setblocking(self, flag: bool) -> None:
        """Never blocks, whatever is asked."""

    def pending(self) -> int:
        """How many bytes can be read at once."""
        return len(self._arrived) - self._read


def _nothing(*_: object) -> None:
    return None
