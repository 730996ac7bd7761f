"""The small HTTP server beside every service: `/metrics`, `/healthz` and `/readyz`, from a thread of its own.

A thread, because a loop that hangs must still be seen to hang; and by hand, because a request is three lines long and
everything about it is bounded: its bytes, its time, and how many there are.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

LOG = logging.getLogger(__name__)

LARGEST_REQUEST = 8192  # bytes
LONGEST_REQUEST = 5.0  # seconds
AT_ONCE = 8  # connections
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


@dataclass(frozen=True)
class Page:
    """An answer."""

    status: int
    body: bytes
    content_type: str = "application/json"


def json_page(status: int, value: object) -> Page:
    """An answer in JSON."""
    return Page(status, msgspec.json.encode(value) + b"\n")


class OpsServer:
    """Serves `pages` (path to function) at `host:port`; port 0 takes a free one, `port` says which."""

    def __init__(self, host: str, port: int, pages: dict[str, Callable[[], Page]]) -> None:
        self._pages = pages
        self._socket = socket.create_server((host, port), backlog=16, family=_family(host))
        self.port: int = self._socket.getsockname()[1]
        self._slots = threading.Semaphore(AT_ONCE)
        self._thread = threading.Thread(target=self._accept, name="ops", daemon=True)

    def start(self) -> None:
        """Serve until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Accept nothing more."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        except OSError:
            LOG.debug("the ops server was not listening any more")
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            if not self._slots.acquire(blocking=False):
                connection.close()
                continue
            threading.Thread(target=self._serve, args=(connection,), name="ops-request", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                page = self._answer(_read_head(connection))
                connection.settimeout(LONGEST_REQUEST)
                connection.sendall(_head(page) + page.body)
        except OSError as error:
            LOG.debug("an ops request broke off: %s", error)
        finally:
            self._slots.release()

    def _answer(self, head: bytes) -> Page:
        parts = head.split(b"\r\n", 1)[0].split()
        if len(parts) != 3 or not parts[2].startswith(b"HTTP/1."):
            return json_page(400, {"error": "that is no HTTP request"})
        if parts[0] not in (b"GET", b"HEAD"):
            return json_page(405, {"error": "only GET is served here"})
        page = self._pages.get(parts[1].split(b"?", 1)[0].decode("latin-1"))
        if page is None:
            return json_page(404, {"pages": sorted(self._pages)})
        answer = page()
        return answer if parts[0] == b"GET" else Page(answer.status, b"", answer.content_type)


def _read_head(connection: socket.socket) -> bytes:
    """The request up to the empty line; empty when it is too long or too slow."""
    deadline = time.monotonic() + LONGEST_REQUEST
    head = b""
    while b"\r\n\r\n" not in head and b"\n\n" not in head:
        left = deadline - time.monotonic()
        if left <= 0 or len(head) > LARGEST_REQUEST:
            return b""
        connection.settimeout(left)
        piece = connection.recv(LARGEST_REQUEST)
        if not piece:
            return b""
        head += piece
    return head


def _head(page: Page) -> bytes:
    return (
        f"HTTP/1.1 {page.status} {_REASONS[page.status]}\r\nContent-Type: {page.content_type}\r\n"
        f"Content-Length: {len(page.body)}\r\nConnection: close\r\nCache-Control: no-store\r\n\r\n"
    ).encode()


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
