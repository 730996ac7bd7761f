"""What goes over the wire in our own words: where the broker is, what came in, and what the broker is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from shared.bus.properties import NO_PROPERTIES, Properties, read
from shared.errors import Invalid

_PORTS = {"mqtt": 1883, "tcp": 1883, "mqtts": 8883, "ssl": 8883}


@dataclass(frozen=True)
class Endpoint:
    """A broker's address. Printing it shows neither user nor password."""

    host: str
    port: int
    tls: bool = False
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"


def endpoint_of(url: str) -> Endpoint:
    """The broker that `mqtt[s]://[user[:password]@]host[:port]` names; a bare `host[:port]` means mqtt.

    Raises `Invalid` without repeating the URL, which may hold a password.
    """
    parts = urlsplit(url if "://" in url else f"mqtt://{url}")
    if parts.scheme not in _PORTS or not parts.hostname:
        raise Invalid("the broker URL must look like mqtt://host:1883 or mqtts://host:8883", code="bad_broker_url")
    try:
        port = parts.port or _PORTS[parts.scheme]
    except ValueError:
        raise Invalid("the port in the broker URL must be a number up to 65535", code="bad_broker_url") from None
    return Endpoint(
        host=parts.hostname,
        port=port,
        tls=parts.scheme in ("mqtts", "ssl"),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


class Incoming(NamedTuple):
    """A message as it arrived. `packet_id` is 0 for QoS 0 and means nothing on another connection."""

    topic: str
    payload: bytes
    qos: int = 1
    retained: bool = False
    repeated: bool = False
    packet_id: int = 0
    properties: Properties = NO_PROPERTIES


class Will(NamedTuple):
    """What the broker publishes at once when this connection ends without a goodbye."""

    topic: str
    payload: bytes


class Subscription(NamedTuple):
    """A filter; `commands` asks the broker to keep the retain flag as published and to send no old copies again."""

    filter: str
    qos: int = 1
    commands: bool = False


def publish_of(header: int, packet: bytes | bytearray, mqtt5: bool) -> Incoming:
    """The message in a PUBLISH packet without its fixed header (MQTT 5.0, 3.3). Raises ValueError when malformed.

    Bytes of a topic that are not UTF-8 are left out: no row of the catalogue has it then.
    """
    at = 2 + int.from_bytes(packet[:2], "big")
    topic = bytes(packet[2:at]).decode(errors="ignore")
    qos, packet_id = (header >> 1) & 3, 0
    if qos:
        packet_id = int.from_bytes(packet[at : at + 2], "big")
        at += 2
    if at > len(packet) or qos == 3:
        raise ValueError("malformed PUBLISH")
    properties = NO_PROPERTIES
    if mqtt5:
        properties, at = read(packet, at)
    return Incoming(topic, bytes(packet[at:]), qos, bool(header & 1), bool(header & 8), packet_id, properties)
