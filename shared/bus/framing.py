"""MQTT packets in a stream of bytes, and the two kinds that every message costs: PUBLISH and PUBACK.

They are packed and read here; the rest, which is rare, is paho's. Its own way costs several times as much, and a
command with its answer takes six of them in each process.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from shared.bus.properties import Properties, byte_integer

PUBLISH, PUBACK = 3, 4
_LONGEST = 4  # bytes of a packet's length (MQTT 5.0, 1.5.5)
_NO_TOPIC = re.compile("[+#\0]")


class Malformed(ValueError):
    """What came is no MQTT."""


class Packet(NamedTuple):
    """One packet: `head` is its first byte and its length."""

    head: bytes
    body: bytes

    @property
    def kind(self) -> int:
        """The packet's type."""
        return self.head[0] >> 4


class Framing:
    """Cuts what arrives into packets, whatever the pieces it comes in."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._missing = 0

    def packets(self, data: bytes) -> list[Packet]:
        """The packets that `data` completes. Raises `Malformed`."""
        if len(data) < self._missing:
            self._pieces.append(data)
            self._missing -= len(data)
            return []
        if self._pieces:
            data = b"".join((*self._pieces, data))
        found, start, size = [], 0, len(data)
        while start < size:
            body, end = _extent(data, start)
            if end > size:
                break
            found.append(Packet(data[start:body], data[body:end]))
            start = end
        self._pieces = [data[start:]] if start < size else []
        self._missing = end - size if start < size else 0
        return found


def _extent(data: bytes, start: int) -> tuple[int, int]:
    """Where the body of the packet at `start` begins and ends; the end is beyond the data while its length is."""
    at, length, size = start + 1, 0, len(data)
    for shift in range(0, 7 * _LONGEST, 7):
        if at >= size:
            return at, at + 1
        byte = data[at]
        at += 1
        length |= (byte & 0x7F) << shift
        if byte < 0x80:
            return at, at + length
    raise Malformed("a length of more than four bytes")


def publish(
    topic: str, payload: bytes, *, qos: int, retain: bool, packet_id: int, properties: Properties | None
) -> bytes:
    """A PUBLISH packet (MQTT 5.0, 3.3); `properties` None for MQTT 3.1.1. With QoS 0 there is no packet id.

    Raises ValueError or OverflowError for what cannot be said in one, such as a topic with wildcards: a broker would
    end the connection.
    """
    if _NO_TOPIC.search(topic):
        raise ValueError("a topic to publish at has no wildcards")
    name = topic.encode()
    head = len(name).to_bytes(2, "big") + name
    if qos:
        head += packet_id.to_bytes(2, "big")
    if properties is not None:
        head += properties.pack()
    first = PUBLISH << 4 | qos << 1 | retain
    return b"".join((bytes((first,)), byte_integer(len(head) + len(payload)), head, payload))


def puback(packet_id: int) -> bytes:
    """A PUBACK packet that says: done (3.4)."""
    return b"\x40\x02" + packet_id.to_bytes(2, "big")


def puback_of(body: bytes) -> tuple[int, int]:
    """The packet id of a PUBACK and its reason. Raises `Malformed`."""
    if len(body) < 2:
        raise Malformed("a PUBACK without a packet id")
    return int.from_bytes(body[:2], "big"), body[2] if len(body) > 2 else 0
