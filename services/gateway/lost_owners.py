"""Says `offline` for the printers of a controller that was lost: it cannot any more, and its word is still retained.

Only availability is corrected: state, job and temperature are the owner's last words, true together with its presence.
The owner wins: it publishes its own word again as soon as it hears another one.
"""

from __future__ import annotations

import asyncio
import logging

from services.gateway.live_view import LiveView
from services.gateway.owners import LOST
from shared.bus import Bus, Delivery
from shared.clock import Clock
from shared.contracts import topics
from shared.contracts.messages import Presence
from shared.errors import JobError
from shared.pauses import first_of, pause

GRACE = 0.5  # seconds: a controller whose connection only broke is back by then
OFFLINE = "offline"
_AGAIN_AFTER = 2.0  # seconds after a publish that failed

_log = logging.getLogger(__name__)


class LostOwners:
    """Several gateways may say the same: it is retained, so it stands once."""

    def __init__(self, bus: Bus, view: LiveView, clock: Clock) -> None:
        self._bus = bus
        self._view = view
        self._clock = clock
        self._wanted = asyncio.Event()

    def follow(self) -> None:
        """Subscribe; call once, before the bus runs."""
        self._bus.follow(topics.SERVICE_PRESENCE, self._on_presence, service=topics.PRINTER_CONTROLLER)
        self._bus.follow(topics.PRINTER_AVAILABLE, self._on_available)

    async def run(self, stopping: asyncio.Event) -> None:
        """Correct what was heard, until the service stops."""
        while not stopping.is_set():
            await first_of(self._wanted.wait(), stopping.wait())
            if await pause(self._clock, stopping, GRACE):
                return
            self._wanted.clear()
            if not await self._correct():
                await pause(self._clock, stopping, _AGAIN_AFTER)
                self._wanted.set()

    async def _correct(self) -> bool:
        """Whether all was said that is to say now."""
        for printer in self._view.left_online():
            name = topics.PRINTER_AVAILABLE.build(self._bus.base, printer=printer)
            try:
                # Raw: this gateway must not publish it again on its own next birth.
                await self._bus.publish_raw(
                    name, OFFLINE.encode(), qos=topics.PRINTER_AVAILABLE.qos, retain=True, expiry=None, message_id=None
                )
            except JobError as error:
                _log.info("%s: its controller is lost, and that cannot be said now: %s", printer, error.message)
                return False
            _log.warning("%s: its controller is lost; it is not available", printer)
        return True

    async def _on_presence(self, delivery: Delivery) -> None:
        if isinstance(delivery.message, Presence) and delivery.message.state == LOST:
            self._wanted.set()

    async def _on_available(self, delivery: Delivery) -> None:
        if delivery.message not in (None, OFFLINE):
            self._wanted.set()
