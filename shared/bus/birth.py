"""What happens on every connect, in one place: presence, the services' own births, then all retained state again.

No broker is trusted to have kept a retained value: after a crash, on another node of a cluster, or with a wildcard.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec

from shared.bus.counters import Counters
from shared.bus.outgoing import Entry, Outgoing
from shared.bus.packets import Will
from shared.clock import Clock
from shared.contracts import topics
from shared.contracts.messages import Presence
from shared.errors import JobError

logger = logging.getLogger(__name__)

REMEMBERED_LIMIT = 5_000
_ATTEMPTS = 3
_CALLBACK_LIMIT = 30.0


class Remembered:
    """The newest value of each retained topic of this process, for as long as it lives; at most 5,000 topics."""

    def __init__(self, monotonic: Callable[[], float], counters: Counters) -> None:
        self._monotonic = monotonic
        self._counters = counters
        self._values: dict[str, Entry] = {}
        self._fresh: set[str] = set()

    def note(self, entry: Entry) -> None:
        """`entry` is being published; an empty payload clears the topic, so there is nothing to publish again."""
        if not entry.payload:
            self.forget(entry.topic)
            return
        if entry.topic not in self._values and len(self._values) >= REMEMBERED_LIMIT:
            self._counters["dropped.remembered"] += 1
            return
        self._values[entry.topic] = entry
        self._fresh.add(entry.topic)

    def forget(self, topic: str) -> None:
        """Another way of publishing has taken this topic over, or it was cleared."""
        self._values.pop(topic, None)

    def connected(self) -> None:
        """From now on a value that is published is fresh on this connection."""
        self._fresh.clear()

    def stale(self) -> list[Entry]:
        """The values that were not published since `connected`, without those that have expired."""
        now = self._monotonic()
        for topic in [topic for topic, entry in self._values.items() if entry.expires <= now]:
            del self._values[topic]
        return [entry for topic, entry in self._values.items() if topic not in self._fresh]


@dataclass(frozen=True)
class Identity:
    """Who this process is on the bus; `boot_id` is new with every start."""

    base: str
    service: str
    instance: str
    version: str
    boot_id: str

    @property
    def topic(self) -> str:
        """Where the presence is retained."""
        return topics.SERVICE_PRESENCE.build(self.base, service=self.service, instance=self.instance)


class Birth:
    """Presence in its three states, the callbacks of the service, and what is remembered."""

    def __init__(self, identity: Identity, *, clock: Clock, counters: Counters) -> None:
        self.identity = identity
        self.remembered = Remembered(clock.monotonic, counters)
        self._clock = clock
        self._counters = counters
        self._since = clock.now()
        self._callbacks: list[Callable[[bool], Awaitable[None]]] = []

    def on_birth(self, callback: Callable[[bool], Awaitable[None]]) -> None:
        """Call `callback(session_present)` on every connect."""
        self._callbacks.append(callback)

    def presence(self, state: str, broker: str | None = None) -> Entry:
        """The presence of this process as a message."""
        body = Presence(
            state=state,
            version=self.identity.version,
            boot_id=self.identity.boot_id,
            since=self._since,
            broker=broker,
        )
        return Entry(self.identity.topic, msgspec.json.encode(body), retain=True)

    def will(self) -> Will:
        """What the broker says for us when we cannot: at once, so that no state of ours looks true for longer.

        A connection that only broke for a moment says `online` again with the next one.
        """
        lost = self.presence("lost")
        return Will(lost.topic, lost.payload)

    def is_rival(self, presence: Presence) -> bool:
        """Whether this presence, seen on our own topic, is of another process that was started after us."""
        foreign = presence.boot_id != self.identity.boot_id and presence.state != "offline"
        return foreign and presence.since > self._since

    async def give(self, outgoing: Outgoing, session_present: bool) -> None:
        """Run the callbacks, one after another, then publish what they did not."""
        for callback in self._callbacks:
            await self._call(callback, session_present)
        for entry in self.remembered.stale():
            again = Entry(entry.topic, entry.payload, entry.qos, True, entry.properties, newest_only=True)
            again.expires = entry.expires
            outgoing.offer(again)

    async def _call(self, callback: Callable[[bool], Awaitable[None]], session_present: bool) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with asyncio.timeout(_CALLBACK_LIMIT):
                    await callback(session_present)
                return
            except (JobError, TimeoutError) as error:
                logger.warning("birth, attempt %d of %d: %s", attempt, _ATTEMPTS, error or "took too long")
            except Exception:
                logger.exception("birth, attempt %d of %d", attempt, _ATTEMPTS)
            await self._clock.sleep(random.uniform(0.1, 0.5) * attempt)  # noqa: S311
        self._counters["failed.birth"] += 1
