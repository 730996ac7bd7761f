"""Asks the owners of something to publish all its retained state again, whenever the gateway may have missed some."""

from __future__ import annotations

import asyncio
import logging

from shared.bus import Bus
from shared.clock import Clock
from shared.contracts.printers import Announce
from shared.contracts.topics import Topic
from shared.errors import JobError
from shared.pauses import first_of, jittered, pause

FIRST_SNAPSHOT_WITHIN = 5.0
_ANNOUNCE_WITHIN = 3.0
_TRIES = 5

_log = logging.getLogger(__name__)


class Snapshots:
    """One kind of owner's: on the first connection and whenever the broker has forgotten our session."""

    def __init__(self, bus: Bus, clock: Clock, announce: Topic) -> None:
        self._bus = bus
        self._clock = clock
        self._announce = announce
        self._wanted = asyncio.Event()
        self._trusted_after = clock.monotonic() + FIRST_SNAPSHOT_WITHIN
        self._taken = False

    @property
    def ready(self) -> bool:
        """Whether what was heard can be relied on: a snapshot was taken, or there was time enough for it."""
        return self._taken or self._clock.monotonic() >= self._trusted_after

    def follow(self) -> None:
        """Call once, before the bus runs."""
        self._bus.on_birth(self._on_birth)

    async def run(self, stopping: asyncio.Event) -> None:
        """Ask when it is wanted, until the service stops."""
        while not stopping.is_set():
            await first_of(self._wanted.wait(), stopping.wait())
            if not stopping.is_set():
                self._wanted.clear()
                await self._take(stopping)

    async def _take(self, stopping: asyncio.Event) -> None:
        """Bounded tries; when nobody answers there is no owner, and one that comes publishes everything by itself."""
        for attempt in range(_TRIES):
            try:
                await self._bus.ask(self._announce, Announce(), within=_ANNOUNCE_WITHIN)
            except JobError as error:
                _log.debug("no snapshot yet: %s", error.message)
                if await pause(self._clock, stopping, jittered(min(2.0**attempt, 8.0))):
                    return
            else:
                self._taken = True
                return

    async def _on_birth(self, session_present: bool) -> None:
        if not (session_present and self._taken):
            self._wanted.set()
