"""The serial port: opened exclusively, without resetting the board; read and written by the event loop, never hanging.

pyserial opens and configures, pyserial-asyncio's transport does the life cycle. Its reading and writing go through
pyserial's own `read` and `write`, which cost more than the whole rest of a line (a select of their own, and a turn of
the loop per write); on POSIX both are replaced by plain calls on the descriptor.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
import time
from typing import Any, Protocol

import serial
import serial_asyncio

try:
    import termios
except ImportError:  # not POSIX: pyserial does the reading and writing
    termios = None  # type: ignore[assignment]

READ_AT_ONCE = 4096  # bytes
MOST_UNWRITTEN = 64 * 1024  # bytes: a port that takes nothing is lost
DTR_LOW = 0.25  # s: how long a reset pulse is

_log = logging.getLogger(__name__)


class Receiver(Protocol):
    """Who gets the bytes of a link."""

    def on_bytes(self, data: bytes) -> None:
        """Bytes came; never empty."""

    def on_lost(self, reason: str) -> None:
        """The line is gone; called once, and not after `abort`."""


class Link:
    """One open port. `receiver` may be exchanged at any time."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self._transport: _Transport | None = None
        self._over = False

    def write(self, data: bytes) -> None:
        """Send `data`; nothing happens on a line that is gone. A port that takes nothing any more is given up."""
        transport = self._transport
        if transport is None or self._over:
            return
        transport.write(data)
        if transport.unwritten and transport.get_write_buffer_size() > MOST_UNWRITTEN:
            self._lost("the port takes no more bytes")

    def abort(self) -> None:
        """Give the port up at once: unsent bytes are dropped, `on_lost` is not called. Never blocks."""
        self._over = True
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()

    def connection_made(self, transport: _Transport) -> None:
        """The transport's own callback."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """The transport's own callback."""
        if not self._over:
            self.receiver.on_bytes(data)

    def connection_lost(self, error: Exception | None) -> None:
        """The transport's own callback."""
        self._lost(f"the port is gone ({error})" if error else "the port was closed")

    def pause_writing(self) -> None:
        """The transport's own callback; `write` looks at the amount itself."""

    def resume_writing(self) -> None:
        """The transport's own callback."""

    def _lost(self, reason: str) -> None:
        if not self._over:
            self.abort()
            self.receiver.on_lost(reason)


class _Transport(serial_asyncio.SerialTransport):  # type: ignore[misc]
    """pyserial-asyncio's transport with direct reads and writes, and an end that waits for nobody."""

    _serial: Any
    _protocol: Any
    _loop: Any
    _write_buffer: list[bytes]

    def __init__(self, loop: asyncio.AbstractEventLoop, link: Link, port: Any) -> None:
        super().__init__(loop, link, port)
        self._descriptor: int | None = None
        if termios is not None:
            with contextlib.suppress(OSError, AttributeError):
                self._descriptor = port.fileno()
                os.set_blocking(self._descriptor, False)

    @property
    def unwritten(self) -> bool:
        """Whether the port has not taken everything yet."""
        return bool(self._write_buffer)

    def _read_ready(self) -> None:
        if self._descriptor is None:
            super()._read_ready()
            return
        try:
            data = os.read(self._descriptor, READ_AT_ONCE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._abort(error)
            return
        if data:
            self._protocol.data_received(data)
        else:  # a hung-up terminal is readable for ever and never has anything
            self._abort(OSError("the device hung up"))

    def write(self, data: bytes) -> None:
        if self._descriptor is None or self._closing or self._write_buffer:
            super().write(data)
            return
        try:
            written = os.write(self._descriptor, data)
        except (BlockingIOError, InterruptedError):
            written = 0
        except OSError as error:
            self._abort(error)
            return
        if written < len(data):
            super().write(data[written:])

    def _write_ready(self) -> None:
        if self._descriptor is None:
            super()._write_ready()
            return
        data = b"".join(self._write_buffer)
        self._write_buffer.clear()
        self._remove_writer()
        self.write(data)

    def _abort(self, error: Exception | None) -> None:
        if not self._closing:
            super()._abort(error)

    def _call_connection_lost(self, error: Exception | None) -> None:
        """Instead of waiting until all was sent (tcdrain), which a stopped printer never lets end."""
        port, link = self._serial, self._protocol
        self._serial, self._protocol, self._loop = None, None, None
        self._write_buffer.clear()
        threading.Thread(target=_close, args=(port,), daemon=True).start()
        link.connection_lost(error)


async def open_port(url: str, baudrate: int, *, reset: bool, receiver: Receiver, within: float = 10.0) -> Link:
    """Open a device path, a pty or `socket://host:port`. Raises OSError (TimeoutError after `within` seconds).

    The board is reset by DTR only with `reset`: the line is left as it is, also when the port is closed later.
    """
    loop = asyncio.get_running_loop()
    opened: asyncio.Future[Any] = loop.create_future()
    threading.Thread(target=_open_in_thread, args=(url, baudrate, reset, loop, opened), daemon=True).start()
    async with asyncio.timeout(within):
        port = await opened
    link = Link(receiver)
    link.connection_made(_Transport(loop, link, port))
    return link


def _open_in_thread(
    url: str, baudrate: int, reset: bool, loop: asyncio.AbstractEventLoop, opened: asyncio.Future[Any]
) -> None:
    """A thread of its own: one that hangs in a driver keeps nothing else from working or from ending."""
    try:
        port, error = _open(url, baudrate, reset), None
    except (OSError, ValueError) as reason:
        port, error = None, reason if isinstance(reason, OSError) else OSError(str(reason))

    def deliver() -> None:
        if opened.done():
            _close(port)
        elif error is not None:
            opened.set_exception(error)
        else:
            opened.set_result(port)

    try:
        loop.call_soon_threadsafe(deliver)
    except RuntimeError:  # the loop has ended in the meantime
        _close(port)


def _open(url: str, baudrate: int, reset: bool) -> Any:
    local = "://" not in url
    port = serial.serial_for_url(url, baudrate=baudrate, timeout=0, **({"exclusive": True} if local else {}))
    try:
        if local and termios is not None:
            _leave_dtr_alone(port)
        if reset:
            port.dtr = False
            time.sleep(DTR_LOW)
            port.dtr = True
        return port
    except BaseException:
        _close(port)
        raise


def _leave_dtr_alone(port: Any) -> None:
    """Without HUPCL the line stays as it is when the port is closed, and the next open makes no edge that resets."""
    with contextlib.suppress(OSError, termios.error):
        attributes = termios.tcgetattr(port.fileno())
        attributes[2] &= ~termios.HUPCL
        termios.tcsetattr(port.fileno(), termios.TCSANOW, attributes)


def _close(port: Any) -> None:
    """Close and forget what was not sent: a close that waits for a stopped printer would never end."""
    if port is None:
        return
    try:
        if termios is not None and "://" not in str(port.port):
            with contextlib.suppress(OSError, termios.error):
                termios.tcflush(port.fileno(), termios.TCIOFLUSH)
        port.close()
    except OSError as error:
        _log.debug("closing %s: %s", port.port, error)
