"""One MQTT connection, driven by the event loop: opened once, ended once, never used again.

A client object that is used for a second connection keeps its old queue and packet ids, so every connection gets its
own. Acknowledging is manual; a packet id never leaves the connection it came with.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties as PahoProperties
from paho.mqtt.reasoncodes import ReasonCode

from shared.bus import framing
from shared.bus.framing import PUBACK, PUBLISH, Framing
from shared.bus.packets import Endpoint, Incoming, Subscription, Will, publish_of
from shared.bus.paho_client import MQTT5, PahoClient, options, session
from shared.bus.properties import Properties
from shared.bus.wire import Wire

logger = logging.getLogger(__name__)

KEEPALIVE = 10
TAKEN_OVER = 0x8E
_LIMITS = ("ReceiveMaximum", "MaximumQoS", "RetainAvailable", "MaximumPacketSize", "ServerKeepAlive")


class NotConnected(Exception):
    """No connection came about. `older` says whether MQTT 3.1.1 is worth a try."""

    def __init__(self, reason: str, *, older: bool = False) -> None:
        super().__init__(reason)
        self.older = older


@dataclass(frozen=True)
class Greeting:
    """What the broker said in CONNACK."""

    session_present: bool
    limits: dict[str, Any]

    @property
    def in_flight(self) -> int:
        """How many publishes may be unacknowledged at once: paho's own 20, or less where the broker says so."""
        return max(1, min(20, int(self.limits.get("ReceiveMaximum", 20))))


class Connection:
    """`open`, then use it until `ended` resolves with the reason; `close` says goodbye first."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        client_id: str,
        will: Will | None,
        version: MQTTProtocolVersion,
        on_message: Callable[[Incoming], None],
        on_published: Callable[[int, int], None],
    ) -> None:
        self.endpoint = endpoint
        self.version = version
        self.taken_over = False
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._on_message = on_message
        self._on_published = on_published
        self._greeting: asyncio.Future[Greeting] = asyncio.get_running_loop().create_future()
        self._granted: dict[int, asyncio.Future[list[int]]] = {}
        self._wire = Wire()
        self._framing = Framing()
        self._timer: asyncio.TimerHandle | None = None
        self._writing = False
        self._leaving = False
        self._client = self._make_client(client_id, will)

    def _make_client(self, client_id: str, will: Will | None) -> PahoClient:
        client = PahoClient(self._wire, client_id=client_id, version=self.version)
        if self.endpoint.username is not None:
            client.username_pw_set(self.endpoint.username, self.endpoint.password)
        if will is not None:
            client.will_set(will.topic, will.payload, 1, True)
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_subscribe = self._subscribed
        # With this hook paho only queues; all that is queued in one turn of the loop leaves together.
        client.on_socket_register_write = self._want_write
        return client

    # opening and ending

    async def open(self, within: float) -> Greeting:
        """Connect and wait for CONNACK, `within` seconds in all. Raises `NotConnected`."""
        self._wire.on_bytes = self._received
        self._wire.on_writable = self._write_soon
        self._wire.on_lost = self._read
        try:
            async with asyncio.timeout(within):
                await self._connect_stream()
                self._client.connect(self.endpoint.host, self.endpoint.port, KEEPALIVE, **session(self.version))
                self._check_regularly()
                return await asyncio.shield(self._greeting)
        except TimeoutError:
            self.abort("no answer to CONNECT in time")
            raise NotConnected(f"{self.endpoint} did not answer within {within:g} s") from None
        except (OSError, ssl.SSLError, UnicodeError) as error:
            self.abort(type(error).__name__)
            raise NotConnected(f"{self.endpoint} cannot be reached: {error}") from None
        except BaseException:
            self.abort("connecting was given up")
            raise

    async def _connect_stream(self) -> None:
        context = ssl.create_default_context() if self.endpoint.tls else None
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self._wire, self.endpoint.host, self.endpoint.port, ssl=context)

    async def close(self, within: float = 2.0) -> None:
        """Say goodbye, so that the will is not sent; `within` seconds, then the stream is cut."""
        if not self.ended.done():
            self._leaving = True
            self._client.disconnect()
            self._write()
            await self._wire.gone(within)
        self.abort("closed")

    def abort(self, reason: str) -> None:
        """End the connection now, without a goodbye."""
        self._finish(reason)
        self._wire.abort()

    def _finish(self, reason: str, *, older: bool = False) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._greeting.done():
            self._greeting.set_exception(NotConnected(f"{self.endpoint}: {reason}", older=older))
            self._greeting.exception()  # nobody may be waiting any more
        if not self.ended.done():
            self.ended.set_result(reason)
        for granted in self._granted.values():
            granted.cancel()
        self._granted.clear()

    # using

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool, properties: Properties) -> int:
        """Hand a message over; its packet id comes back in `on_published` when the broker has acknowledged it."""
        packet_id = self._client.next_packet_id() if qos else 0
        said = properties if self.version is MQTT5 else None
        self._wire.write(framing.publish(topic, payload, qos=qos, retain=retain, packet_id=packet_id, properties=said))
        return packet_id

    def acknowledge(self, packet_id: int) -> None:
        """Tell the broker that a QoS 1 message is done with."""
        if not self.ended.done():
            self._wire.write(framing.puback(packet_id))

    async def subscribe(self, wanted: Sequence[Subscription], within: float = 10.0) -> list[int]:
        """Subscribe; the answer holds one code a filter, 128 and above: refused. Raises TimeoutError, NotConnected."""
        filters: list[Any] = [(one.filter, options(one, self.version)) for one in wanted]
        result, packet_id = self._client.subscribe(filters)
        if result is not MQTTErrorCode.MQTT_ERR_SUCCESS or packet_id is None:
            raise NotConnected("the connection ended while subscribing")
        granted: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        self._granted[packet_id] = granted
        done, _ = await asyncio.wait([granted], timeout=within)
        self._granted.pop(packet_id, None)
        if not done:
            raise TimeoutError("the broker did not confirm the subscriptions")
        if granted.cancelled():
            raise NotConnected("the connection ended while subscribing")
        return granted.result()

    def unsubscribe(self, filter: str) -> None:
        """End a subscription; nobody waits for the broker's word."""
        if not self.ended.done():
            self._client.unsubscribe(filter)

    # what comes

    def _received(self, data: bytes) -> None:
        try:
            for packet in self._framing.packets(data):
                if self.ended.done():
                    return
                self._take(packet)
        except ValueError as error:
            self.abort(f"the broker has sent a malformed packet: {error}")

    def _take(self, packet: framing.Packet) -> None:
        kind = packet.kind
        if kind == PUBLISH:
            self._arrived(publish_of(packet.head[0], packet.body, self.version is MQTT5))
        elif kind == PUBACK:
            self._on_published(*framing.puback_of(packet.body))
        else:
            self._wire.offer(packet.head + packet.body)
            self._read()

    # driving paho

    def _read(self) -> None:
        while self._wire.unread and self._in_use:
            self._client.loop_read()
        if self._wire.ended and self._in_use:
            self._client.loop_read()  # sees the end and says so

    @property
    def _in_use(self) -> bool:
        return not self.ended.done() and self._client.socket() is not None

    def _want_write(self, *_: object) -> None:
        if not self._wire.congested:
            self._write_soon()

    def _write_soon(self) -> None:
        if not self._writing:
            self._writing = True
            asyncio.get_running_loop().call_soon(self._write)

    def _write(self) -> None:
        self._writing = False
        if self._client.want_write():
            self._client.loop_write()
        self._wire.flush()

    def _check_regularly(self) -> None:
        if self.ended.done():
            return
        self._client.loop_misc()
        self._timer = asyncio.get_running_loop().call_later(1.0, self._check_regularly)

    # paho's callbacks

    def _connected(
        self, _c: Client, _u: object, flags: ConnectFlags, code: ReasonCode, got: PahoProperties | None
    ) -> None:
        if code.is_failure:
            older = code.getName() == "Unsupported protocol version"
            self._finish(f"refused: {code}", older=older)
            self._wire.abort()
            return
        limits = {name: value for name, value in vars(got).items() if name in _LIMITS}
        if not self._greeting.done():
            self._greeting.set_result(Greeting(flags.session_present, limits))

    def _disconnected(self, _c: Client, _u: object, flags: DisconnectFlags, code: ReasonCode, _p: object) -> None:
        self.taken_over = flags.is_disconnect_packet_from_server and code.value == TAKEN_OVER
        # RabbitMQ 3.10 and iotcore close without CONNACK when they do not know MQTT 5.
        said_so = flags.is_disconnect_packet_from_server
        self._finish(f"the broker says: {code}" if said_so else "it was lost", older=self.version is MQTT5)
        if not self._leaving:
            self._wire.abort()

    def _arrived(self, incoming: Incoming) -> None:
        try:
            self._on_message(incoming)
        except Exception:
            logger.exception("a message could not be taken in")

    def _subscribed(self, _c: Client, _u: object, packet_id: int, codes: list[ReasonCode], _p: object) -> None:
        granted = self._granted.get(packet_id)
        if granted is not None and not granted.done():
            granted.set_result([code.value for code in codes])
