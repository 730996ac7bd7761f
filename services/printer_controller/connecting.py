"""When and where a printer is connected: at start, when asked, and again after its line was lost."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass

from services.printer_controller import discovery, states
from services.printer_controller.printers import Printer
from shared.contracts.printers import PrinterStatus
from shared.errors import JobError

LOG = logging.getLogger(__name__)

LONGEST_PAUSE = 60.0  # seconds between tries for a printer that stays away
LOST = frozenset({PrinterStatus.OFFLINE, PrinterStatus.OFFLINE_AFTER_ERROR})


@dataclass(frozen=True)
class Wanted:
    """Where to look: a port or `AUTO`, a rate or 0 for finding out."""

    port: str
    baudrate: int


class Connecting:
    """Keeps a printer connected that is wanted. One attempt at a time; a new wish ends the attempt under way."""

    def __init__(self, printer: Printer, claimed: Callable[[], set[str]]) -> None:
        """`claimed` answers the ports of the other printers."""
        self._printer = printer
        self._claimed = claimed
        self._wanted: Wanted | None = None
        self._changed = asyncio.Event()

    def want(self, port: str | None, baudrate: int | None) -> None:
        """Connect as soon as may be; absent values mean the saved, else the configured ones."""
        saved, settings = self._printer.saved, self._printer.settings
        rate = next(value for value in (baudrate, saved.baudrate, settings.baudrate) if value is not None)
        self._wanted = Wanted(port or saved.port or settings.port, rate)
        self._changed.set()

    def leave(self) -> None:
        """Connect no more until somebody wants it again."""
        self._wanted = None
        self._printer.port_missing("")
        self._changed.set()

    async def keep(self) -> None:
        """Follow the wishes, for ever."""
        if self._autoconnects():
            self.want(None, None)
        while True:
            self._changed.clear()
            attempts = asyncio.create_task(self._connect_and_hold())
            changed = asyncio.create_task(self._changed.wait())
            try:
                await asyncio.wait((attempts, changed), return_when=asyncio.FIRST_COMPLETED)
                if attempts.done():
                    attempts.result()
                    await changed
            finally:
                for task in (attempts, changed):
                    task.cancel()
                await asyncio.gather(attempts, changed, return_exceptions=True)

    def _autoconnects(self) -> bool:
        saved = self._printer.saved.autoconnect
        return self._printer.settings.autoconnect if saved is None else saved

    async def _connect_and_hold(self) -> None:
        """Try until connected. A session looks for its lost printer at the same port itself; only with `AUTO` others
        are tried as well. Pauses grow while nothing is found.
        """
        misses, found = 0, False
        while (wanted := self._wanted) is not None:
            if self._printer.status in states.OPERATIONAL:
                misses, found = 0, True
                self._printer.port_missing("")
            elif self._printer.status in LOST and (not found or wanted.port == discovery.AUTO):
                found = await self._attempt(wanted)
                misses = 0 if found else misses + 1
            await self._printer.shop.clock.sleep(self._pause(misses))

    def _pause(self, misses: int) -> float:
        """Seconds to the next look: soon while all is well, longer and longer for a printer that is away."""
        base = self._printer.settings.timeouts.reconnect
        longest = min(LONGEST_PAUSE, base * 2 ** max(0, misses - 3)) if misses < 20 else LONGEST_PAUSE
        return longest * random.uniform(0.8, 1.2)  # noqa: S311 - jitter

    async def _attempt(self, wanted: Wanted) -> bool:
        """Try the ports in turn; whether one of them is a printer."""
        printer = self._printer
        found = await asyncio.to_thread(printer.shop.ports) if wanted.port == discovery.AUTO else []
        own = printer.settings.port
        first = [own] if wanted.port == discovery.AUTO != own else []
        ports = [*first, *discovery.candidates(wanted.port, found, {*self._claimed(), *first})]
        printer.port_missing(discovery.why_missing(wanted.port, ports))
        for port in ports:
            if not discovery.seems_there(port) or printer.session is None:
                continue
            try:
                await printer.session.connect(port, wanted.baudrate)
            except (JobError, OSError, TimeoutError) as error:
                LOG.info("%s: no printer at %s: %s", printer.id, port, error)
            if printer.status in states.OPERATIONAL:
                return True
        return False
