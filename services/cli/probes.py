"""Short questions over a raw socket: is this broker, this service, this port really answering?"""

from __future__ import annotations

import asyncio
import ssl
import struct
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}
CONNACK = 0x20
DISCONNECT = b"\xe0\x00"
# Reason codes of MQTT 5 (3.2.2.2), and the return codes of 3.1.1 (3.2.2.3) that mean the same.
UNSUPPORTED_VERSION = {0x84, 0x01}
NOT_ALLOWED = {0x86, 0x87, 0x04, 0x05}
MAX_ANSWER = 64 * 1024


@dataclass(frozen=True)
class BrokerAddress:
    """Where a broker is and as whom to connect."""

    host: str
    port: int
    user: str | None = None
    password: str | None = None
    tls: bool = False

    @classmethod
    def parse(cls, url: str) -> BrokerAddress:
        """From `mqtt://user:password@host:port` or `mqtts://…`."""
        parts = urlsplit(url)
        return cls(
            parts.hostname or "127.0.0.1",
            parts.port or DEFAULT_PORTS[parts.scheme],
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
            parts.scheme == "mqtts",
        )


async def broker_answers(address: BrokerAddress, within: float = 2.0) -> int:
    """The reason code of the broker's CONNACK to an MQTT 5 CONNECT; 0 means it let us in.

    An open socket is not enough: a broker that starts accepts before it can serve. Raises `OSError` (also
    `TimeoutError`) when there is no answer, `ConnectionError` when the peer closes or speaks something else.
    """
    async with asyncio.timeout(within):
        context = ssl.create_default_context() if address.tls else None
        reader, writer = await asyncio.open_connection(address.host, address.port, ssl=context)
        try:
            writer.write(connect_packet(address.user, address.password))
            head = await reader.readexactly(4)
            if head[0] != CONNACK:
                raise ConnectionError("the peer is not an MQTT broker")
            writer.write(DISCONNECT)
            return head[3]
        except asyncio.IncompleteReadError:
            raise ConnectionError("the peer closed the connection without an answer") from None
        finally:
            writer.close()


def connect_packet(user: str | None, password: str | None) -> bytes:
    """An MQTT 5 CONNECT (3.1) with a clean start and an empty client id, so that the broker chooses one."""
    flags = 0x02 | (0x80 if user is not None else 0) | (0x40 if password is not None else 0)
    body = _text("MQTT") + struct.pack("!BBHB", 5, flags, 10, 0) + _text("")
    body += b"".join(_text(value) for value in (user, password) if value is not None)
    return b"\x10" + _length(len(body)) + body


def _text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("!H", len(raw)) + raw


def _length(number: int) -> bytes:
    """The variable byte integer of MQTT (1.5.5)."""
    digits = bytearray()
    while True:
        number, digit = divmod(number, 128)
        digits.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(digits)


def reason_of(error: OSError) -> str:
    """Why there was no answer, in words."""
    return "no answer in time" if isinstance(error, TimeoutError) else error.strerror or str(error)


async def http_get(host: str, port: int, path: str, within: float = 2.0) -> tuple[int, str]:
    """Status and body (cut after 64 KiB) of one GET. Raises `OSError` (also `TimeoutError`) without an answer."""
    async with asyncio.timeout(within):
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(f"GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
            raw = await _read_all(reader)
        finally:
            writer.close()
    head, _, body = raw.partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise ConnectionError("the peer is not an HTTP server")
    return int(words[1]), body.decode(errors="replace")


async def _read_all(reader: asyncio.StreamReader) -> bytes:
    raw = b""
    while len(raw) < MAX_ANSWER and (chunk := await reader.read(MAX_ANSWER)):
        raw += chunk
    return raw
