"""What happens to the printers, as OctoPrint's events: from the bus to whoever `tell` reaches, each once."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from services.gateway.dialects.octoprint.push import events, wire
from services.gateway.dialects.octoprint.push.events import Told
from services.gateway.live_view import PRINTERS, is_news
from shared.bus import Bus, Delivery
from shared.contracts import topics
from shared.contracts.messages import Event
from shared.contracts.printers import PrinterJob, PrinterState

MARKINGS = 20  # kept per printer; each `current` carries them all
_REMEMBERED = 1000  # ids of events, which may come twice

Tell = Callable[[str | None, Sequence[Told]], Awaitable[None]]


@dataclass
class _Known:
    state: PrinterState | None = None
    job: PrinterJob | None = None
    markings: deque[wire.Marking] = field(default_factory=lambda: deque(maxlen=MARKINGS))


class Happenings:
    """Follows states, jobs and events. `tell` gets the printer's id, or None for what concerns all of them."""

    def __init__(self, bus: Bus, tell: Tell) -> None:
        self._tell = tell
        self._printers: dict[str, _Known] = {}
        self._seen: OrderedDict[str, None] = OrderedDict()
        bus.follow(topics.PRINTER_STATE, self._on_state)
        bus.follow(topics.PRINTER_JOB, self._on_job)
        bus.follow(topics.EVENT, self._on_event, service=topics.PRINTER_CONTROLLER)

    def markings(self, printer: str) -> Sequence[wire.Marking]:
        """The newest marks in the chart of a printer, the oldest first."""
        known = self._printers.get(printer)
        return tuple(known.markings) if known else ()

    async def _on_state(self, delivery: Delivery) -> None:
        printer, state = delivery.levels["printer"], delivery.message
        if not isinstance(state, PrinterState):
            self._printers.pop(printer, None)
            return
        known = self._of(printer)
        if known is None or not is_news(known.state, state):
            return
        before, known.state = known.state, state
        if before is not None:
            await self._tell(printer, events.of_state(before, state))

    async def _on_job(self, delivery: Delivery) -> None:
        printer, job = delivery.levels["printer"], delivery.message
        known = self._of(printer) if isinstance(job, PrinterJob) else None
        if known is None or not is_news(known.job, job):
            return
        before, known.job = known.job, job
        if before is not None:
            told = (*events.of_selection(before.file, job.file), *events.of_height(before, job))
            await self._tell(printer, told)

    async def _on_event(self, delivery: Delivery) -> None:
        event = delivery.message
        if not isinstance(event, Event) or self._has_come(event.id):
            return
        printer = event.data.get("printer")
        mark, known = events.mark_of(event), self._of(printer) if isinstance(printer, str) else None
        if mark is not None and known is not None:
            known.markings.append(mark)
        await self._tell(printer if isinstance(printer, str) else None, events.of_event(event))

    def _of(self, printer: str) -> _Known | None:
        known = self._printers.get(printer)
        if known is None and len(self._printers) < PRINTERS:
            known = self._printers[printer] = _Known()
        return known

    def _has_come(self, event: str) -> bool:
        if event in self._seen:
            return True
        self._seen[event] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return False
