"""What the gateway knows of the printers: a snapshot asked from the owners, then their state topics. Reads cost no hop.

It never lies: a printer whose owner is not online is unavailable, whatever its last state said.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from services.gateway.pauses import jittered, pause
from shared.bus import Bus, Delivery
from shared.clock import Clock
from shared.contracts import topics
from shared.contracts.messages import Presence
from shared.contracts.printers import Announce, PrinterJob, PrinterState, PrinterTemperature
from shared.contracts.runs import Run
from shared.errors import JobError, NotFound, Unavailable

_log = logging.getLogger(__name__)

HISTORY = 300  # temperatures kept per printer: five minutes at one a second
RUNS = 1000
PRINTERS = 1000
FIRST_SNAPSHOT_WITHIN = 5.0
_ANNOUNCE_WITHIN = 3.0
_ANNOUNCE_TRIES = 5


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
        self._clock = clock
        self._printers: dict[str, PrinterView] = {}
        self._default: PrinterView | None = None
        self._owners: dict[str, Presence] = {}
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._snapshot_wanted = asyncio.Event()
        self._trusted_after = clock.monotonic() + FIRST_SNAPSHOT_WITHIN
        self._snapshot_taken = False

    def follow(self) -> None:
        """Subscribe; call once, before the bus runs."""
        bus = self._bus
        bus.follow(topics.PRINTER_STATE, self._on_state, lane=_of_printer)
        bus.follow(topics.PRINTER_JOB, self._on_job, lane=_of_printer)
        bus.follow(topics.PRINTER_TEMPERATURE, self._on_temperature, lane=_of_printer)
        bus.follow(topics.PRINTER_AVAILABLE, self._on_available, lane=_of_printer)
        bus.follow(topics.RUN, self._on_run)
        bus.follow(topics.SERVICE_PRESENCE, self._on_presence, service=topics.PRINTER_CONTROLLER)
        bus.on_birth(self._on_birth)

    async def run(self, stopping: asyncio.Event) -> None:
        """Ask the owners for a snapshot on the first connection and whenever the broker has forgotten our session."""
        stopped = asyncio.ensure_future(stopping.wait())
        try:
            while not stopping.is_set():
                wanted = asyncio.ensure_future(self._snapshot_wanted.wait())
                await asyncio.wait([wanted, stopped], return_when=asyncio.FIRST_COMPLETED)
                wanted.cancel()
                if not stopping.is_set():
                    self._snapshot_wanted.clear()
                    await self._take_snapshot(stopping)
        finally:
            stopped.cancel()

    @property
    def ready(self) -> bool:
        """Whether what is shown can be relied on: a snapshot was taken, or there was time enough for it."""
        return self._snapshot_taken or self._clock.monotonic() >= self._trusted_after

    def printer(self, printer: str | None = None) -> Live:
        """The printer with this id; without one the default printer, else the first by id.

        Raises `NotFound` for an unknown id, `Unavailable` while nobody answers for it (`owner_not_running`) or the
        broker is out of reach (`broker_unreachable`): then nothing here is known to be true.
        """
        if not self._bus.connected:
            raise Unavailable("The message broker cannot be reached", code="broker_unreachable", retry_after=2)
        view = self._printers.get(printer) if printer else self._default
        if view is None or view.state is None:
            if printer and self.ready and self._anybody_online():
                raise NotFound(f"There is no printer {printer!r}", code="no_such_printer")
            raise _owner_not_running()
        owner = self._owners.get(view.state.owner)
        if owner is None or owner.state != "online" or not self.ready:
            raise _owner_not_running()
        return Live(view.id, view.state, view)

    def printers(self) -> Sequence[str]:
        """The ids of all printers that have been seen, sorted."""
        return sorted(self._printers)

    def owners(self) -> dict[str, str]:
        """The printer controllers that have been seen: instance → presence state."""
        return {instance: presence.state for instance, presence in self._owners.items()}

    def run_record(self, run: str) -> Run | None:
        """The newest record of a run, while it is among the last `RUNS`."""
        return self._runs.get(run)

    def _find_default(self) -> PrinterView | None:
        known = [view for _, view in sorted(self._printers.items()) if view.state is not None]
        return next((view for view in known if view.state and view.state.default), known[0] if known else None)

    def _anybody_online(self) -> bool:
        return any(presence.state == "online" for presence in self._owners.values())

    async def _take_snapshot(self, stopping: asyncio.Event) -> None:
        """Bounded tries; when nobody answers there is no owner, and one that comes publishes everything by itself."""
        for attempt in range(_ANNOUNCE_TRIES):
            try:
                await self._bus.ask(topics.ANNOUNCE, Announce(), within=_ANNOUNCE_WITHIN)
            except JobError as error:
                _log.debug("no snapshot yet: %s", error.message)
                if await pause(self._clock, stopping, jittered(min(2.0**attempt, 8.0))):
                    return
            else:
                self._snapshot_taken = True
                return

    async def _on_birth(self, session_present: bool) -> None:
        if not (session_present and self._snapshot_taken):
            self._snapshot_wanted.set()

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
        if isinstance(delivery.message, Presence):
            self._owners[delivery.levels["instance"]] = delivery.message
        else:
            self._owners.pop(delivery.levels["instance"], None)


def _of_printer(delivery: Delivery) -> str:
    return delivery.levels["printer"]


def _owner_not_running() -> Unavailable:
    return Unavailable("The printer's controller is not running", code="owner_not_running", retry_after=2)
