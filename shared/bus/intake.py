"""What comes in: decoded once, put into lanes, acknowledged in order; more than anybody asked for is survived."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from shared.bus.codec import Undecodable, envelope_of
from shared.bus.counters import Counters
from shared.bus.delivery import Delivery, delivery_of
from shared.bus.handling import Handling
from shared.bus.lanes import Lanes
from shared.bus.ledger import Ledger, Ticket
from shared.bus.packets import Incoming
from shared.bus.raw import RawFollowers
from shared.bus.registry import Match, Registration, Registry

logger = logging.getLogger(__name__)

LIMIT = 4_096
LOSSY_LIMIT = 1_024


class Intake:
    """Takes messages in for as long as the process lives; ledgers come and go with connections."""

    def __init__(
        self,
        *,
        registry: Registry,
        raw: RawFollowers | None = None,
        handling: Handling,
        counters: Counters,
        answer_topic: str,
        on_answer: Callable[[bytes], None],
    ) -> None:
        self.lanes = Lanes(LIMIT)
        self.closing = False
        self._registry = registry
        self._raw = raw or RawFollowers()
        self._handling = handling
        self._counters = counters
        self._answer_topic = answer_topic
        self._on_answer = on_answer

    def arrived(self, incoming: Incoming, ledger: Ledger, overflow: Callable[[], None]) -> None:
        """One message. `overflow` is called when it cannot be kept: the broker then has to bring it again."""
        if incoming.topic == self._answer_topic:
            self._on_answer(incoming.payload)
            ledger.arrived(incoming.packet_id).done()
            return
        if self.closing:
            return  # not acknowledged: it comes again to the next process
        if incoming.qos == 0 and len(self.lanes) >= LOSSY_LIMIT:
            self._counters["dropped.overflow"] += 1
            return
        if self.lanes.full or len(ledger) >= LIMIT:
            self._counters["failed.overflow"] += 1
            overflow()
            return
        ticket = ledger.arrived(incoming.packet_id)
        self._spread(incoming, ticket, ledger.backlog)
        ticket.done()

    def _spread(self, incoming: Incoming, ticket: Ticket, waited: bool) -> None:
        matches = self._registry.match(incoming.topic)
        raw = self._raw.match(incoming.topic)
        for handler in raw:
            try:
                handler(incoming.topic, incoming.payload, incoming.retained)
            except Exception:
                logger.exception("%s: a message of a device could not be handled", incoming.topic)
        if not matches and not raw:
            self._counters["dropped.unknown_topic"] += 1
        told = False
        for match in matches:
            registration, levels = match
            if registration.commands and incoming.retained and not incoming.payload:
                continue  # somebody clears a retained command
            try:
                message = registration.reader.read(incoming.payload)
            except Undecodable as error:
                if not told:  # once, however many would have handled it
                    self._tell(match, incoming, error)
                told = True
                continue
            delivery = delivery_of(registration.topic, levels, incoming, message, waited=waited)
            ticket.expect(1)
            self.lanes.add(_lane_of(registration, delivery), partial(self._handle, registration, delivery, ticket))

    def _tell(self, match: Match, incoming: Incoming, error: Undecodable) -> None:
        registration, levels = match
        envelope = envelope_of(incoming.payload) if registration.commands else None
        delivery = delivery_of(registration.topic, levels, incoming, envelope)
        self._handling.undecodable(delivery, str(error), answer=registration.commands)

    async def _handle(self, registration: Registration, delivery: Delivery, ticket: Ticket) -> None:
        await self._handling.handle(registration, delivery)
        ticket.done()


def _lane_of(registration: Registration, delivery: Delivery) -> str:
    if registration.lane is None:
        return delivery.name
    try:
        return registration.lane(delivery)
    except Exception:
        logger.exception("%s: the lane of a message cannot be found; its topic is used", delivery.name)
        return delivery.name
