"""A bus in memory with the face of `shared.bus.Bus`: handlers are called at once, everything published is kept.

Messages are encoded and decoded on the way, so that a struct that cannot travel fails here as it would on a broker.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec

from shared.bus import NOT_MINE, Delivery
from shared.clock import Clock
from shared.contracts import topics
from shared.contracts.topics import Topic
from shared.errors import JobError, OutcomeUnknown, Unavailable, raised_from
from shared.identifiers import new_id
from tests.support.clock import ManualClock

Handler = Callable[[Delivery], Awaitable[Any]]


@dataclass(frozen=True)
class Published:
    """One message as the broker would have got it; `message` is the payload decoded again by the catalogue."""

    topic: Topic | None
    name: str
    levels: dict[str, str]
    payload: bytes
    message: Any
    qos: int
    retain: bool
    expiry: int | None
    id: str | None = None


@dataclass
class _Registration:
    topic: Topic
    handler: Handler
    levels: dict[str, str]
    takes: bool

    def wants(self, topic: Topic, levels: dict[str, str]) -> bool:
        return topic == self.topic and all(levels.get(name) == level for name, level in self.levels.items())


def _encoded(payload: Any) -> bytes:
    if isinstance(payload, bytes):
        return payload
    return payload.encode() if isinstance(payload, str) else msgspec.json.encode(payload)


def _decoded(topic: Topic, payload: bytes) -> Any:
    return payload.decode() if topic.payload is str else msgspec.json.decode(payload, type=topic.payload)


def find_topic(base: str, name: str) -> tuple[Topic, dict[str, str]] | tuple[None, dict[str, str]]:
    """The catalogue row and levels of a concrete topic."""
    for topic in topics.CATALOGUE:
        levels = topic.parse(base, name)
        if levels is not None:
            return topic, levels
    return None, {}


@dataclass
class MemoryBus:
    """Set `connected = False` for an absent broker; the next publishes raise what is put into `failures`."""

    clock: Clock = field(default_factory=ManualClock)
    base: str = "jobwire"
    service: str = "test"
    instance: str = "one"
    version: str = "0"
    connected: bool = True
    published: list[Published] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    counters: Counter[str] = field(default_factory=Counter)
    forgotten: list[str] = field(default_factory=list)
    closed: bool = False
    _registrations: list[_Registration] = field(default_factory=list)
    _births: list[Callable[[bool], Awaitable[None]]] = field(default_factory=list)

    # --- the face of Bus ---------------------------------------------------------------------------------------------

    def follow(self, topic: Topic, handler: Handler, *, lane: Any = None, **levels: str) -> None:
        self._registrations.append(_Registration(topic, handler, levels, takes=False))

    def take(self, topic: Topic, handler: Handler, *, lane: Any = None, words: Any = None, **levels: str) -> None:
        self._registrations.append(_Registration(topic, handler, levels, takes=True))

    async def publish(
        self, topic: Topic, payload: Any, *, expiry: int | None = None, within: float = 10.0, **levels: str
    ) -> None:
        self._check_line()
        name = topic.build(self.base, **levels)
        await self._carry(name, _encoded(payload), topic.qos, topic.retain, expiry or topic.expiry, None)

    def publish_latest(self, topic: Topic, payload: Any, **levels: str) -> None:
        name = topic.build(self.base, **levels)
        self._keep(name, _encoded(payload), topic.qos, topic.retain, topic.expiry, None)

    def forget(self, topic: Topic, **levels: str) -> None:
        self.forgotten.append(topic.build(self.base, **levels))

    async def publish_raw(
        self, topic: str, payload: bytes, *, qos: int, retain: bool, expiry: int | None, message_id: str | None
    ) -> None:
        self._check_line()
        await self._carry(topic, payload, qos, retain, expiry, message_id)

    async def ask(self, topic: Topic, request: Any, *, within: float = 5.0, **levels: str) -> Any:
        self._check_line()
        now = self.clock.now()
        request_id = request.id or new_id()
        request = msgspec.structs.replace(
            request,
            id=request_id,
            time=request.time or now,
            expires_at=now + timedelta(seconds=within),
            correlation_id=request.correlation_id or request_id,
            reply_to=topics.ANSWER.build(self.base, client=self.instance),
        )
        name = topic.build(self.base, **levels)
        published = self._keep(name, _encoded(request), topic.qos, False, topic.expiry, request_id)
        answers = await self._deliver(published, retained=False)
        if not answers:
            raise OutcomeUnknown(f"nobody answered {topic.template} in {within} s")
        if isinstance(answers[0], JobError):
            raise raised_from(answers[0].body())
        answer = b"{}" if answers[0] is None else msgspec.json.encode(answers[0])
        return msgspec.json.decode(answer, type=topic.answer)

    async def handle_again(self, delivery: Delivery) -> None:
        for registration in list(self._registrations):
            if registration.takes and registration.wants(delivery.topic, delivery.levels):
                await registration.handler(delivery)

    def follow_raw(self, filter: str, handler: Any) -> None: ...

    def unfollow_raw(self, filter: str, handler: Any) -> None: ...

    def gauges(self) -> dict[str, int]:
        return {"waiting": 0}

    def on_birth(self, callback: Callable[[bool], Awaitable[None]]) -> None:
        self._births.append(callback)

    async def wait_connected(self, within: float) -> None:
        if not self.connected:
            raise Unavailable("the broker cannot be reached")

    async def run(self) -> None:
        await self.connect(session_present=False)
        await asyncio.Event().wait()

    async def close(self) -> None:
        self.closed = True

    # --- what tests do with it ---------------------------------------------------------------------------------------

    async def connect(self, *, session_present: bool = False) -> None:
        """A new connection: run the birth callbacks."""
        self.connected = True
        for birth in self._births:
            await birth(session_present)

    async def send(
        self, topic: Topic, payload: Any, *, retained: bool = False, message_id: str | None = None, **levels: str
    ) -> list[Any]:
        """A message from outside; the list of what the takers answered (structs, or the JobErrors they raised)."""
        name = topic.build(self.base, **levels)
        raw = _encoded(payload)
        published = Published(topic, name, levels, raw, _decoded(topic, raw), topic.qos, retained, None, message_id)
        return await self._deliver(published, retained=retained)

    def of(self, topic: Topic, **levels: str) -> list[Any]:
        """The decoded messages published on this row of the catalogue, oldest first."""
        return [p.message for p in self.published if p.topic == topic and levels.items() <= p.levels.items()]

    def last(self, topic: Topic, **levels: str) -> Any:
        """The newest of them; an AssertionError when there is none."""
        found = self.of(topic, **levels)
        assert found, f"nothing was published on {topic.template}"
        return found[-1]

    # --- inside ------------------------------------------------------------------------------------------------------

    def _check_line(self) -> None:
        if not self.connected:
            raise Unavailable("the broker cannot be reached")
        if self.failures:
            raise self.failures.pop(0)

    def _keep(
        self, name: str, payload: bytes, qos: int, retain: bool, expiry: int | None, message_id: str | None
    ) -> Published:
        topic, levels = find_topic(self.base, name)
        message = _decoded(topic, payload) if topic and payload else None
        published = Published(topic, name, levels, payload, message, qos, retain, expiry, message_id)
        self.published.append(published)
        return published

    async def _carry(self, name: str, payload: bytes, *rest: Any) -> None:
        await self._deliver(self._keep(name, payload, *rest), retained=False)

    async def _deliver(self, published: Published, *, retained: bool) -> list[Any]:
        if published.topic is None:
            return []
        delivery = self._delivery(published, retained)
        answers: list[Any] = []
        for registration in list(self._registrations):
            if not registration.wants(published.topic, published.levels):
                continue
            if registration.takes and self._too_late(delivery):
                continue
            try:
                answer = await registration.handler(delivery)
            except JobError as error:
                answer = error
            if answer is not NOT_MINE and registration.takes:
                answers.append(answer)
        return answers

    def _too_late(self, delivery: Delivery) -> bool:
        late = delivery.expires_at is not None and delivery.expires_at <= self.clock.now()
        if delivery.retained or late:
            self.counters["dropped_retained" if delivery.retained else "dropped_expired"] += 1
            return True
        return False

    def _delivery(self, published: Published, retained: bool) -> Delivery:
        message = published.message
        assert published.topic is not None
        return Delivery(
            topic=published.topic,
            levels=published.levels,
            payload=published.payload,
            message=message,
            retained=retained,
            id=published.id or getattr(message, "id", None),
            reply_to=getattr(message, "reply_to", None),
            correlation_id=getattr(message, "correlation_id", None),
            expires_at=getattr(message, "expires_at", None),
        )
