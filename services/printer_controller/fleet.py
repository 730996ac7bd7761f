"""The printers of this controller, by id, and who answers for them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from services.printer_controller import runs
from services.printer_controller.analysing import Analysing
from services.printer_controller.connecting import Connecting
from services.printer_controller.printers import Printer, Shop
from shared.bus import Delivery
from shared.errors import Unavailable

CLAIM_KNOWN_WITHIN = 3.0  # seconds
RUNS_AGAIN = 200  # newest runs that are published again


class Fleet:
    """All configured printers; the first one is the default."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self._printers = {
            settings.id: Printer(settings, shop, default=number == 0)
            for number, settings in enumerate(shop.settings.printer)
        }
        self.analysing = Analysing(shop, self)
        self._others: set[str] = set()  # controllers beside this one, running or not
        self.connecting = {printer.id: Connecting(printer, partial(self.claimed_ports, printer)) for printer in self}

    def __iter__(self) -> Iterator[Printer]:
        return iter(self._printers.values())

    async def answering(self, printer: str) -> Printer | None:
        """The printer that a request names, or the default for an empty name; None unless this controller holds it.

        A request that waited for this controller's start waits on until it is known who holds the printer. Raises
        `Unavailable` when that does not become known.
        """
        found = self._printers.get(printer) if printer else next(iter(self), None)
        if found is None:
            return None
        if not found.claim_known.is_set():
            try:
                await asyncio.wait_for(found.claim_known.wait(), CLAIM_KNOWN_WITHIN)
            except TimeoutError:
                raise Unavailable("it is not known yet who holds the printer", code="not_claimed") from None
        return found if found.held else None

    async def serves(self, printer: str) -> bool:
        """Whether this controller answers for the files of that printer; without a name every controller does."""
        return not printer or await self.answering(printer) is not None

    def is_nobodys(self, printer: str) -> bool:
        """Whether no controller can have a printer of that name: not this one, and there is no other."""
        return bool(printer) and printer not in self._printers and not self._others

    def claimed_ports(self, other_than: Printer) -> set[str]:
        """The ports that belong to the other printers: configured, saved or open."""
        return {
            port
            for printer in self
            if printer is not other_than
            for port in (printer.settings.port, printer.saved.port, printer.session and printer.session.port)
            if port
        }

    async def born(self, session_present: bool) -> None:  # noqa: ARG002 - no broker is trusted to have kept anything
        """On every connect: all retained state again."""
        await self.announce()

    async def heard_presence(self, delivery: Delivery) -> None:
        """Another controller has come, or its presence was cleared because it is gone for good."""
        other = delivery.levels["instance"]
        if delivery.message is None:
            self._others.discard(other)
        elif other != self.shop.owner:
            self._others.add(other)

    async def heard_available(self, delivery: Delivery) -> None:
        """Somebody has said whether a printer is available: for one that is held here, our own word stands."""
        printer = self._printers[delivery.levels["printer"]]
        if printer.held and isinstance(delivery.message, str):
            printer.publishing.contradict(delivery.message)

    async def announce(self) -> int:
        """Publish the state of the printers held here and the runs that are shown; answers how many topics."""
        count = sum(printer.publishing.everything() for printer in self if printer.held)
        shown_for = timedelta(hours=self.shop.settings.retention.run_topic_hours)
        async with self.shop.writing() as writing:  # behind what the outbox still holds, or an older record would stay
            shown = await runs.shown(writing.tx, writing.now - shown_for, RUNS_AGAIN)
            for row in shown:
                await writing.run(row.record)
        return count + len(shown)
