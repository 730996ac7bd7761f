"""What is to be published: kept until the broker has acknowledged it, sent again in order on the next connection.

The packet ids change with the connection, the message ids inside do not, so receivers drop what comes twice.
"""

from __future__ import annotations

import asyncio
import math
import struct
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from shared.bus.counters import Counters
from shared.bus.properties import NO_PROPERTIES, Properties
from shared.errors import OutcomeUnknown, TooLarge, Unavailable

QUEUE_LIMIT = 10_000
ATTEMPTS = 10
NO_SUBSCRIBERS = 0x10
_FAILED = 0x80
_UNSENDABLE = 0x83
_CANNOT_BE_SAID = (ValueError, OverflowError, struct.error)


class Sender(Protocol):
    """What of a connection is used here; see `Connection.publish`."""

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool, properties: Properties) -> int: ...


@dataclass(eq=False)
class Entry:
    """One message on its way. Monotonic instants: after `deadline` it is not sent, at `expires` it is worth nothing."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    properties: Properties = NO_PROPERTIES
    deadline: float = math.inf
    expires: float = math.inf
    newest_only: bool = False
    attempts: int = 0
    acknowledged: asyncio.Future[int] | None = None
    dropped: bool = field(default=False, init=False)

    def resolve(self, code: int) -> None:
        """The broker has answered with the reason `code` of PUBACK."""
        if self.acknowledged is not None and not self.acknowledged.done():
            self.acknowledged.set_result(code)

    def wanted(self, now: float) -> bool:
        """Whether sending it still makes sense. One that ended ten connections may be what ends them."""
        return not self.dropped and now < min(self.deadline, self.expires) and self.attempts < ATTEMPTS


class Outgoing:
    """A queue and a window of what the broker has not acknowledged. `monotonic` gives the time in seconds."""

    def __init__(self, *, monotonic: Callable[[], float], counters: Counters, limit: int = QUEUE_LIMIT) -> None:
        self._monotonic = monotonic
        self._counters = counters
        self._limit = limit
        self._waiting: deque[Entry] = deque()
        self._newest: dict[str, Entry] = {}
        self._in_flight: dict[int, Entry] = {}
        self._sender: Sender | None = None
        self._window = 1
        self._largest = math.inf
        self._idle = asyncio.Event()
        self._idle.set()

    def __len__(self) -> int:
        return len(self._waiting) + len(self._in_flight)

    @property
    def in_flight(self) -> int:
        return len(self._in_flight)

    # filling

    def offer(self, entry: Entry) -> None:
        """Queue `entry` and send as much as the window lets. Raises `Unavailable` when full, `TooLarge`."""
        if len(entry.payload) + len(entry.topic) + 256 > self._largest:
            raise TooLarge(f"{len(entry.payload)} bytes are more than the broker takes in one message")
        if len(self) >= self._limit and not entry.newest_only:
            self._counters["dropped.queue_full"] += 1
            raise Unavailable("too many messages wait for the broker", code="queue_full")
        if entry.newest_only:
            self._replace(entry)
        else:
            self._newest.pop(entry.topic, None)  # what waits before this one must not become newer than it
            self._waiting.append(entry)
        self._idle.clear()
        self._pump()

    def _replace(self, entry: Entry) -> None:
        older = self._newest.get(entry.topic)
        if older is None:
            self._newest[entry.topic] = entry
            self._waiting.append(entry)
        else:
            older.payload, older.properties, older.expires = entry.payload, entry.properties, entry.expires

    def drop_newest(self, topic: str) -> None:
        """Do not send the samples of `topic` any more that the broker has not acknowledged."""
        self._newest.pop(topic, None)
        for entry in (*self._waiting, *self._in_flight.values()):
            if entry.newest_only and entry.topic == topic:
                entry.dropped = True

    async def acknowledged(self, entry: Entry, within: float) -> int:
        """Queue `entry` and wait for the broker's code. Raises `Unavailable` when it never left, else `OutcomeUnknown`.

        Either way it is not sent again afterwards.
        """
        entry.acknowledged = asyncio.get_running_loop().create_future()
        self.offer(entry)
        try:
            async with asyncio.timeout(within):
                code = await entry.acknowledged
        except TimeoutError:
            if not entry.attempts:
                raise Unavailable("the broker cannot be reached") from None
            raise OutcomeUnknown("the broker has not acknowledged the message") from None
        finally:
            entry.dropped = True
        if code >= _FAILED:
            raise Unavailable(f"the broker refused the message (code {code})", code="refused_by_broker")
        return code

    # sending

    def attach(self, sender: Sender, *, window: int, largest: float, first: Iterable[Entry] = ()) -> None:
        """A connection is there: `first`, then everything unacknowledged in its old order, then what waited."""
        self._sender, self._window, self._largest = sender, window, largest
        self._waiting.extendleft(reversed(list(first)))
        self._idle.clear()
        self._pump()

    def detach(self) -> None:
        """The connection is gone: what it had not acknowledged goes back to the front."""
        self._sender = None
        self._largest = math.inf
        unacknowledged, self._in_flight = list(self._in_flight.values()), {}
        for entry in reversed(unacknowledged):
            if entry.newest_only and entry.topic in self._newest:
                continue  # a newer value of the same topic waits already
            self._waiting.appendleft(entry)

    def published(self, packet_id: int, code: int) -> None:
        """The broker has acknowledged, or refused, what this connection sent as `packet_id`."""
        entry = self._in_flight.pop(packet_id, None)
        if entry is None:
            return
        if code >= _FAILED:
            self._counters["failed.refused_by_broker"] += 1
        entry.resolve(code)
        self._pump()

    def _pump(self) -> None:
        now = self._monotonic()
        while self._sender is not None and self._waiting and len(self._in_flight) < self._window:
            entry = self._waiting.popleft()
            if self._newest.get(entry.topic) is entry:
                del self._newest[entry.topic]
            if entry.wanted(now):
                self._send(self._sender, entry, now)
            elif not entry.dropped:
                self._counters["dropped.unsent"] += 1
        if not self._waiting and not self._in_flight:
            self._idle.set()

    def _send(self, sender: Sender, entry: Entry, now: float) -> None:
        entry.attempts += 1
        properties = entry.properties
        if properties.expiry is not None and entry.expires < math.inf:
            properties = properties._replace(expiry=max(1, math.ceil(entry.expires - now)))
        try:
            packet_id = sender.publish(
                entry.topic, entry.payload, qos=entry.qos, retain=entry.retain, properties=properties
            )
        except _CANNOT_BE_SAID:
            self._counters["dropped.unsendable"] += 1
            entry.resolve(_UNSENDABLE)
            return
        if entry.qos:
            self._in_flight[packet_id] = entry
        else:
            entry.resolve(0)

    async def flushed(self, within: float) -> bool:
        """Wait up to `within` seconds until nothing is left to send or to be acknowledged; whether that came true."""
        try:
            async with asyncio.timeout(within):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True
