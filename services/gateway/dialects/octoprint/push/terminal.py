"""What goes over the printers' lines, where it is published: a screenful is kept, and asked for while one looks."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from services.gateway.live_view import PRINTERS
from shared.bus import Bus, Delivery
from shared.contracts import topics
from shared.contracts.printers import FollowLog, PrinterLog
from shared.errors import JobError

LINES = 300
FOR = 30.0  # seconds that the owner is asked to publish the log
AGAIN = 10.0  # seconds before it is asked again
_WITHIN = 3.0

_RECEIVED = "Recv: "
_NO_MESSAGES = ("ok", "wait", "Resend", "resend", "rs ", "T:", "T0:", "B:", " T:")

_log = logging.getLogger(__name__)


class Terminal:
    """The newest lines of one printer; `count` of all that ever came."""

    def __init__(self) -> None:
        self.count = 0
        self.ask_at = 0.0
        self._lines: deque[str] = deque(maxlen=LINES)

    def add(self, lines: list[str]) -> None:
        """These have come."""
        self._lines.extend(lines)
        self.count += len(lines)

    def after(self, count: int) -> list[str]:
        """The lines that have come since there were `count`, as far as they are kept."""
        new = min(self.count - count, len(self._lines))
        return list(self._lines)[-new:] if new > 0 else []


class Terminals:
    """Follows the printers' logs. `now` in monotonic seconds."""

    def __init__(self, bus: Bus, now: Callable[[], float]) -> None:
        self._bus = bus
        self._now = now
        self._terminals: dict[str, Terminal] = {}
        self._asking: set[asyncio.Task[None]] = set()
        bus.follow(topics.PRINTER_LOG, self._on_log)

    def of(self, printer: str) -> Terminal:
        """The terminal of a printer, empty when nothing has come."""
        known = self._terminals.get(printer)
        if known is None:
            known = Terminal()
            if len(self._terminals) < PRINTERS:
                self._terminals[printer] = known
        return known

    def want(self, printer: str) -> None:
        """Somebody looks now: have the owner publish the log, unless it was asked a moment ago."""
        terminal, now = self.of(printer), self._now()
        if now < terminal.ask_at:
            return
        terminal.ask_at = now + AGAIN
        task = asyncio.create_task(self._ask(printer))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask(self, printer: str) -> None:
        try:
            await self._bus.ask(topics.FOLLOW_LOG, FollowLog(printer=printer, seconds=FOR), within=_WITHIN)
        except JobError as error:
            _log.debug("the log of %s does not come: %s", printer, error.message)

    async def _on_log(self, delivery: Delivery) -> None:
        if isinstance(delivery.message, PrinterLog):
            self.of(delivery.levels["printer"]).add(delivery.message.lines[-LINES:])


def messages(lines: list[str]) -> list[str]:
    """What the printer said, without the answers that every line gets and the temperatures."""
    said = [line.removeprefix(_RECEIVED) for line in lines if line.startswith(_RECEIVED)]
    return [line for line in said if not line.startswith(_NO_MESSAGES)]
