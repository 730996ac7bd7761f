"""What the gateway knows of the printers: a snapshot asked from the owners, then their state topics. Reads cost no hop.

It never lies: a printer whose owner is not online, or has started anew and said nothing of it yet, is unavailable,
whatever its last state said.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from services.gateway.owners import Owners
from services.gateway.snapshots import Snapshots
from shared.bus import Bus, Delivery
from shared.clock import Clock
from shared.contracts import topics
from shared.contracts.messages import Presence
from shared.contracts.printers import PrinterJob, PrinterState, PrinterTemperature
from shared.contracts.runs import Run
from shared.errors import NotFound, Unavailable

HISTORY = 300  # temperatures kept per printer: five minutes at one a second
RUNS = 1000
PRINTERS = 1000


class Versioned(Protocol):
    """What retained state has in common."""

    at: datetime
    version: int


@dataclass
class PrinterView:
    """One printer as published; `revision` grows with every change, `had_file` is true once a file was selected."""

    id: str
    state: PrinterState | None = None
    job: PrinterJob | None = None
    temperature: PrinterTemperature | None = None
    available: str | None = None
    history: deque[PrinterTemperature] = field(default_factory=lambda: deque(maxlen=HISTORY))
    had_file: bool = False
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Live:
    """A printer that can be shown: its state is there and its owner online."""

    id: str
    state: PrinterState
    view: PrinterView


def is_news(held: Versioned | None, incoming: Versioned) -> bool:
    """Whether `incoming` replaces `held`: a late or repeated one does not.

    An owner that starts anew may count its versions from the beginning; its messages are younger, so they count.
    """
    return held is None or incoming.version > held.version or incoming.at > held.at


class LiveView:
    """Follows the printers. `printer()` raises `Unavailable` rather than show what may no longer be true."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._printers: dict[str, PrinterView] = {}
        self._default: PrinterView | None = None
        self._owners = Owners()
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._snapshots = Snapshots(bus, clock, topics.ANNOUNCE)

    def follow(self) -> None:
        """Subscribe; call once, before the bus runs."""
        bus = self._bus
        bus.follow(topics.PRINTER_STATE, self._on_state, lane=_of_printer)
        bus.follow(topics.PRINTER_JOB, self._on_job, lane=_of_printer)
        bus.follow(topics.PRINTER_TEMPERATURE, self._on_temperature, lane=_of_printer)
        bus.follow(topics.PRINTER_AVAILABLE, self._on_available, lane=_of_printer)
        bus.follow(topics.RUN, self._on_run)
        bus.follow(topics.SERVICE_PRESENCE, self._on_presence, service=topics.PRINTER_CONTROLLER)
        self._snapshots.follow()

    async def run(self, stopping: asyncio.Event) -> None:
        """Ask the owners for a snapshot on the first connection and whenever the broker has forgotten our session."""
        await self._snapshots.run(stopping)

    @property
    def ready(self) -> bool:
        """Whether what is shown can be relied on: a snapshot was taken, or there was time enough for it."""
        return self._snapshots.ready

    def printer(self, printer: str | None = None) -> Live:
        """The printer with this id; without one the default printer, else the first by id.

        Raises `NotFound` for an unknown id, `Unavailable` while nobody answers for it (`owner_not_running`) or the
        broker is out of reach (`broker_unreachable`): then nothing here is known to be true.
        """
        if not self._bus.connected:
            raise Unavailable("The message broker cannot be reached", code="broker_unreachable", retry_after=2)
        view = self._printers.get(printer) if printer else self._default
        if view is None or view.state is None:
            if printer and self.ready and self._owners.anybody_online():
                raise NotFound(f"There is no printer {printer!r}", code="no_such_printer")
            raise _owner_not_running()
        if not self.ready or not self._owners.vouch_for(view.state):
            raise _owner_not_running()
        return Live(view.id, view.state, view)

    def printers(self) -> Sequence[str]:
        """The ids of all printers that have been seen, sorted."""
        return sorted(self._printers)

    def owners(self) -> dict[str, str]:
        """The printer controllers that have been seen or named as owners: instance → presence state."""
        named = {view.state.owner: "unknown" for view in self._printers.values() if view.state is not None}
        return named | self._owners.states()

    def learn(self, printer: str, state: PrinterState) -> None:
        """A printer's owner has said in an answer what it is about to publish."""
        view = self._printers.get(printer)
        if view is not None and is_news(view.state, state):
            view.state = state
            view.revision += 1

    def left_online(self) -> Sequence[str]:
        """The printers whose owner is lost and that still stand as available."""
        known = [view for view in self._printers.values() if view.state and self._owners.is_lost(view.state.owner)]
        return sorted(view.id for view in known if view.available not in (None, "offline"))

    def run_record(self, run: str) -> Run | None:
        """The newest record of a run, while it is among the last `RUNS`."""
        return self._runs.get(run)

    def _find_default(self) -> PrinterView | None:
        known = [view for _, view in sorted(self._printers.items()) if view.state is not None]
        return next((view for view in known if view.state and view.state.default), known[0] if known else None)

    def _view(self, delivery: Delivery) -> PrinterView | None:
        printer = delivery.levels["printer"]
        view = self._printers.get(printer)
        if view is None and len(self._printers) < PRINTERS:
            view = self._printers[printer] = PrinterView(printer)
        return view

    async def _on_state(self, delivery: Delivery) -> None:
        view, state = self._view(delivery), delivery.message
        if not isinstance(state, PrinterState):
            self._printers.pop(delivery.levels["printer"], None)  # an empty retained message: the printer is gone
        elif view is not None and is_news(view.state, state):
            view.state = state
            view.revision += 1
        self._default = self._find_default()

    async def _on_job(self, delivery: Delivery) -> None:
        view, job = self._view(delivery), delivery.message
        if isinstance(job, PrinterJob) and view is not None and is_news(view.job, job):
            view.job = job
            view.had_file = view.had_file or job.file is not None
            view.revision += 1

    async def _on_temperature(self, delivery: Delivery) -> None:
        view, temperature = self._view(delivery), delivery.message
        if isinstance(temperature, PrinterTemperature) and view is not None and is_news(view.temperature, temperature):
            view.temperature = temperature
            if temperature.heaters:
                view.history.append(temperature)
            view.revision += 1

    async def _on_available(self, delivery: Delivery) -> None:
        view = self._view(delivery)
        if view is not None and isinstance(delivery.message, str):
            view.available = delivery.message

    async def _on_run(self, delivery: Delivery) -> None:
        run = delivery.message
        if not isinstance(run, Run):
            self._runs.pop(delivery.levels["run"], None)
            return
        held = self._runs.get(run.id)
        if held is None or run.version > held.version:
            self._runs[run.id] = run
            self._runs.move_to_end(run.id)
            if len(self._runs) > RUNS:
                self._runs.popitem(last=False)

    async def _on_presence(self, delivery: Delivery) -> None:
        presence = delivery.message if isinstance(delivery.message, Presence) else None
        self._owners.heard(delivery.levels["instance"], presence)


def _of_printer(delivery: Delivery) -> str:
    return delivery.levels["printer"]


def _owner_not_running() -> Unavailable:
    return Unavailable("The printer's controller is not running", code="owner_not_running", retry_after=2)
