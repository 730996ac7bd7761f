"""The two sorts of line a host can open: a pseudo terminal behind a link, and one TCP connection at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import socket
import sys
import termios
import tty
from pathlib import Path
from typing import Protocol

READ_SIZE = 4_096
TCGETS2 = 0x802C542A  # Linux, <asm-generic/ioctls.h>; the struct is 44 bytes
TERMIOS2_SIZE = 44
GARBAGE = b"\xf8"
MOST_UNSENT = 65_536  # bytes kept for a host that does not read; more is lost, as on a real wire


class Port(Protocol):
    """One way in; nothing here blocks."""

    @property
    def attached(self) -> bool:
        """Whether a host is there."""

    @property
    def lost(self) -> int:
        """Bytes that no host read in time."""

    def readable(self) -> list[int]:
        """Descriptors to wait for."""

    def writable(self) -> list[int]:
        """Descriptors that have unsent replies."""

    def polled(self) -> bool:
        """Whether `look` must be called now and then, since no descriptor tells."""

    def look(self) -> None:
        """See whether a host came."""

    def read(self, fd: int) -> bytes:
        """What the host sent; empty when there is nothing or it went away."""

    def write(self, data: bytes) -> None:
        """Send replies; they vanish when no host is there."""

    def plug(self) -> None:
        """Offer the line."""

    def unplug(self) -> None:
        """Take the line away from under the host."""


class _Sender:
    """Writes to one descriptor and keeps what it does not take yet."""

    def __init__(self) -> None:
        self.unsent = b""
        self.lost = 0

    def send(self, fd: int, data: bytes) -> None:
        data = self.unsent + data if self.unsent else data
        try:
            sent = os.write(fd, data) if data else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            sent = len(data)
        self.unsent = data[sent:]
        if len(self.unsent) > MOST_UNSENT:
            self.lost += len(self.unsent) - MOST_UNSENT
            self.unsent = self.unsent[:MOST_UNSENT]


class PtyPort:
    """A pseudo terminal in raw mode; `link` always leads to the one of the moment.

    The slave side is not kept open here, so that a host's coming and going is seen: the master hangs up when the
    last host closes, and no longer does when one opens. While hung up it must be looked at, it cannot be waited for.
    With `only_at`, hosts that set another baud rate send and get garbage.
    """

    def __init__(self, link: Path, only_at: int = 0) -> None:
        if link.exists() and not link.is_symlink():
            raise FileExistsError(f"{link} is there and is no link")
        self._link = link
        self._only_at = only_at
        self._name = ""
        self._master = -1
        self._sender = _Sender()
        self.attached = False
        self.plug()

    @property
    def lost(self) -> int:
        """Bytes that no host read in time."""
        return self._sender.lost

    def plug(self) -> None:
        """Make a new terminal and let the link lead to it."""
        self._master, slave = os.openpty()
        self._name = os.ttyname(slave)
        tty.setraw(slave)
        os.close(slave)
        os.set_blocking(self._master, False)
        self._link.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._link.with_name(f".{self._link.name}.{os.getpid()}")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(self._name)
        fresh.replace(self._link)

    def unplug(self) -> None:
        """Close the terminal; a host that has it open reads its end."""
        if self._link.is_symlink() and os.readlink(self._link) == self._name:
            self._link.unlink()
        if self._master >= 0:
            os.close(self._master)
        self._master, self.attached, self._sender.unsent = -1, False, b""

    def polled(self) -> bool:
        """A hung-up terminal cannot be waited for."""
        return self._master >= 0 and not self.attached

    def look(self) -> None:
        """A host opened the terminal when it is no longer hung up."""
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        self.attached = not any(events & select.POLLHUP for _, events in poll.poll(0))

    def readable(self) -> list[int]:
        """The master while a host is there."""
        return [self._master] if self.attached else []

    def writable(self) -> list[int]:
        """The master while something is unsent."""
        return [self._master] if self.attached and self._sender.unsent else []

    def read(self, fd: int) -> bytes:
        """What the host sent; an error is its farewell."""
        try:
            return self._at_speed(os.read(fd, READ_SIZE))
        except BlockingIOError:
            return b""
        except OSError:
            self._forget_host()
            return b""

    def _at_speed(self, data: bytes) -> bytes:
        """The bytes as they look at the other end: all alike and senseless when the two speeds differ."""
        if not self._only_at or self._host_speed() == self._only_at:
            return data
        return GARBAGE * len(data)

    def _host_speed(self) -> int:
        """The baud rate of the terminal, also one that has no POSIX name (ioctl TCGETS2: c_ospeed is its last word)."""
        settings = fcntl.ioctl(self._master, TCGETS2, bytes(TERMIOS2_SIZE))
        return int.from_bytes(settings[-4:], sys.byteorder)

    def _forget_host(self) -> None:
        """A closed port keeps no replies for whoever opens it next, and is nobody's alone."""
        self.attached, self._sender.unsent = False, b""
        with contextlib.suppress(OSError):
            slave = os.open(self._name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            fcntl.ioctl(slave, termios.TIOCNXCL)
            termios.tcflush(slave, termios.TCIFLUSH)
            os.close(slave)

    def write(self, data: bytes) -> None:
        """Send to the host that is there."""
        if self.attached:
            self._sender.send(self._master, self._at_speed(data))


class TcpPort:
    """A listening socket; a second client is turned away while one is there."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._listener = socket.create_server((host.strip("[]") or "127.0.0.1", int(port)))
        self._listener.setblocking(False)
        self.address = "{}:{}".format(*self._listener.getsockname()[:2])
        self._client: socket.socket | None = None
        self._plugged = True
        self._sender = _Sender()

    @property
    def attached(self) -> bool:
        """Whether a client is there."""
        return self._client is not None

    @property
    def lost(self) -> int:
        """Bytes that no host read in time."""
        return self._sender.lost

    def plug(self) -> None:
        """Let clients in again."""
        self._plugged = True

    def unplug(self) -> None:
        """Drop the client and turn all others away."""
        self._plugged = False
        self._drop()

    def close(self) -> None:
        """End for good."""
        self.unplug()
        self._listener.close()

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client, self._sender.unsent = None, b""

    def polled(self) -> bool:
        """A socket can always be waited for."""
        return False

    def look(self) -> None:
        """Nothing to look at."""

    def readable(self) -> list[int]:
        """The listener and the client."""
        return [self._listener.fileno(), *([self._client.fileno()] if self._client else [])]

    def writable(self) -> list[int]:
        """The client while something is unsent."""
        return [self._client.fileno()] if self._client and self._sender.unsent else []

    def read(self, fd: int) -> bytes:
        """Let a client in, or read what it sent."""
        if fd == self._listener.fileno():
            self._welcome()
            return b""
        if self._client is None:
            return b""
        try:
            data = self._client.recv(READ_SIZE)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._drop()
        return data

    def _welcome(self) -> None:
        with contextlib.suppress(OSError):
            client, _ = self._listener.accept()
            if self._client is not None or not self._plugged:
                client.close()
                return
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._client = client

    def write(self, data: bytes) -> None:
        """Send to the client that is there."""
        if self._client is not None:
            self._sender.send(self._client.fileno(), data)
