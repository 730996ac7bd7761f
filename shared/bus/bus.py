"""The bus as services see it: follow state, take commands, publish, ask. See docs/bus.md for what it promises."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from shared.bus.asks import Asks
from shared.bus.birth import Birth, Identity
from shared.bus.codec import Words, encode, properties_of
from shared.bus.counters import Counters
from shared.bus.delivery import Delivery
from shared.bus.handling import Handling
from shared.bus.intake import Intake
from shared.bus.link import Link
from shared.bus.outgoing import Entry, Outgoing
from shared.bus.packets import endpoint_of
from shared.bus.properties import Properties
from shared.bus.raw import RawFollowers, RawHandler
from shared.bus.registry import Handler, Lane, Registry
from shared.clock import Clock
from shared.contracts import topics
from shared.contracts.messages import Message
from shared.contracts.topics import Topic
from shared.errors import TooLarge, Unavailable
from shared.identifiers import is_slug, new_id

LARGEST_PAYLOAD = 1024 * 1024


class Bus:
    """One process on the bus. `client_id` must be stable over restarts and belong to this process alone."""

    def __init__(
        self, *, url: str, client_id: str, base: str, service: str, instance: str, version: str, clock: Clock
    ) -> None:
        self.base, self.service, self.instance, self.version = base, service, instance, version
        self.counters = Counters()
        self._clock = clock
        self._registry, self._raw = Registry(base), RawFollowers()
        self._outgoing = Outgoing(monotonic=clock.monotonic, counters=self.counters)
        identity = Identity(base, service, instance, version, boot_id=new_id())
        self._birth = Birth(identity, clock=clock, counters=self.counters)
        answers = topics.ANSWER.build(base, client=_slug_of(client_id))
        self._asks = Asks(self._outgoing, reply_to=answers, clock=clock, counters=self.counters)
        self._handling = Handling(self._outgoing, base=base, service=service, clock=clock, counters=self.counters)
        self._intake = Intake(
            registry=self._registry,
            raw=self._raw,
            handling=self._handling,
            counters=self.counters,
            answer_topic=answers,
            on_answer=self._asks.resolve,
        )
        self._link = Link(
            endpoint_of(url),
            client_id=client_id,
            birth=self._birth,
            outgoing=self._outgoing,
            asks=self._asks,
            intake=self._intake,
            registry=self._registry,
            raw=self._raw,
            clock=clock,
            counters=self.counters,
        )
        self.follow(topics.SERVICE_PRESENCE, self._own_presence, service=service, instance=instance)

    async def _own_presence(self, delivery: Delivery) -> None:
        self._link.notice(delivery.message, live=not delivery.retained)

    # listening

    def follow(self, topic: Topic, handler: Handler, *, lane: Lane | None = None, **levels: str) -> None:
        """Call `handler` with every message of `topic`, retained ones too; acknowledged after it returned.

        `levels` fixes some of the topic's levels. Messages of one `lane` (default: the concrete topic) come one after
        another. A handler that raises `Unavailable` is tried again a few times; after that, or after any other error,
        the message goes to the dead letters. `message` is None where a retained value was cleared.
        """
        self._registry.add(topic, handler, levels=levels, lane=lane, commands=False)
        self._link.subscribe_now()

    def take(
        self,
        topic: Topic,
        handler: Handler,
        *,
        lane: Lane | None = None,
        words: Words | None = None,
        **levels: str,
    ) -> None:
        """Call `handler` with every command or question that may act, and answer whoever asked.

        What it returns (None: `{}`) or the `JobError` it raises is the answer; `NOT_MINE` answers nothing. Retained and
        expired ones never act. `words` gives single words their JSON (`{"toggle": {"command": "pause"}}`, or a function
        that does so); any other word is the command of that name.
        """
        self._registry.add(topic, handler, levels=levels, lane=lane, commands=True, words=words)
        self._link.subscribe_now()

    def follow_raw(self, filter: str, handler: RawHandler) -> None:
        """Call `handler(topic, payload, retained)` with what comes on topics that are not ours; it must not wait."""
        if self._raw.add(filter, handler):
            self._link.subscribe_raw(filter)

    def unfollow_raw(self, filter: str, handler: RawHandler) -> None:
        """End that."""
        if self._raw.remove(filter, handler):
            self._link.unsubscribe_raw(filter)

    async def handle_again(self, delivery: Delivery) -> None:
        """Handle once more what its handler found to be nobody's, by the same rules; whoever asked is answered."""
        for match in self._registry.match(delivery.name):
            if match.registration.topic is delivery.topic:
                await self._handling.handle(match.registration, delivery)

    # publishing

    async def publish(
        self, topic: Topic, payload: Any, *, expiry: int | None = None, within: float = 10.0, **levels: str
    ) -> None:
        """Publish a struct, text or bytes and wait until the broker has it; `expiry` and `within` in seconds.

        Sent again over reconnects until then. Raises `Unavailable` when it was not sent or the broker refused it,
        `OutcomeUnknown` when it was sent and not acknowledged in time, `TooLarge`.
        """
        entry = self._entry(topic, payload, expiry, levels)
        await self._published(entry, within)

    def publish_latest(self, topic: Topic, payload: Any, **levels: str) -> None:
        """Publish a state sample without waiting: while one waits for the broker a newer one takes its place."""
        entry = self._entry(topic, payload, None, levels)
        entry.newest_only = True
        self._outgoing.offer(entry)

    def forget(self, topic: Topic, **levels: str) -> None:
        """Somebody else speaks for this retained topic now: our last value is not published again, nor if it waits."""
        name = topic.build(self.base, **levels)
        self._birth.remembered.forget(name)
        self._outgoing.drop_newest(name)

    async def publish_raw(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int,
        retain: bool,
        expiry: int | None,
        message_id: str | None,
        within: float = 10.0,
    ) -> None:
        """Publish bytes at a concrete topic, as `publish` does. A retained one is its owner's to publish on birth."""
        user = (("id", message_id),) if message_id else ()
        entry = Entry(topic, payload, qos, retain, Properties(expiry=expiry, user=user))
        if retain:
            self._birth.remembered.forget(topic)
        await self._published(self._expiring(entry, expiry), within)

    def _entry(self, topic: Topic, payload: Any, expiry: int | None, levels: Mapping[str, str]) -> Entry:
        expiry = topic.expiry if expiry is None else expiry
        data = encode(payload)
        if len(data) > LARGEST_PAYLOAD:
            raise TooLarge(f"{topic.template}: {len(data)} bytes are too many for one message")
        name = topic.build(self.base, **levels)
        entry = self._expiring(Entry(name, data, topic.qos, topic.retain, properties_of(payload, expiry)), expiry)
        if topic.retain:
            self._birth.remembered.note(entry)
        return entry

    def _expiring(self, entry: Entry, expiry: int | None) -> Entry:
        if expiry is not None:
            entry.expires = self._clock.monotonic() + expiry
        return entry

    async def _published(self, entry: Entry, within: float) -> None:
        entry.deadline = self._clock.monotonic() + within
        await self._outgoing.acknowledged(entry, within)

    async def ask(self, topic: Topic, request: Message, *, within: float = 5.0, **levels: str) -> Any:
        """Ask the owner and return its answer as `topic.answer`; raises the `JobError` it answered.

        `Unavailable`: not connected, or surely nobody there. `OutcomeUnknown`: no answer within `within` seconds; the
        owner may have acted, so ask again with the same `request.id` to learn what became of it.
        """
        if not self.connected:
            raise Unavailable("the broker cannot be reached")
        return await self._asks.ask(topic, topic.build(self.base, **levels), request, within)

    # the connection

    def on_birth(self, callback: Callable[[bool], Awaitable[None]]) -> None:
        """Call `callback(session_present)` on every connect, after the subscriptions and the presence."""
        self._birth.on_birth(callback)

    @property
    def connected(self) -> bool:
        """Whether there is a connection with all subscriptions in place."""
        return self._link.connected.is_set()

    async def wait_connected(self, within: float) -> None:
        """Wait up to `within` seconds for a connection. Raises `Unavailable`."""
        try:
            async with asyncio.timeout(within):
                await self._link.connected.wait()
        except TimeoutError:
            raise Unavailable("the broker cannot be reached") from None

    async def run(self) -> None:
        """Keep the connection; ends after `close`, or cancelled (then the broker sends the will)."""
        await self._link.run()

    async def rest(self, within: float) -> None:
        """Take no more messages and let handlers end, at most `within` seconds; answers and publishes still go out."""
        await self._link.rest(within)

    async def close(self) -> None:
        """Let handlers end, publish `offline`, send what is left and disconnect. Takes about 6 s at the worst."""
        await self._link.close()

    def gauges(self) -> dict[str, int]:
        """What is under way now, for the metrics."""
        return {
            "connected": int(self.connected),
            "in_flight": self._outgoing.in_flight,
            "waiting": len(self._outgoing),
            "ledger": len(self._link.ledger),
            "handling": len(self._intake.lanes),
            "asking": len(self._asks),
        }


def _slug_of(client_id: str) -> str:
    if is_slug(client_id):
        return client_id
    digest = hashlib.sha256(client_id.encode()).hexdigest()[:8]
    return f"{re.sub(r'[^A-Za-z0-9_-]', '-', client_id)[:55]}-{digest}"
