"""One printer of this controller: its session, what is committed about it, and what it shows of itself.

The session's callbacks arrive here. They change what is shown at once, and leave a note for the database.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.printer_controller import progress, states
from services.printer_controller import view as views
from services.printer_controller.analysis.result import FileAnalysis
from services.printer_controller.discovery import SavedConnection
from services.printer_controller.notes import MadeSafe, Notes, PrintEnded, PrintStep, Report, Unselected
from services.printer_controller.printing import PrintEnd, PrintSource, SessionObserver
from services.printer_controller.progress import Place, ShownLeft
from services.printer_controller.publishing import Publishing
from services.printer_controller.session import PrinterSession
from services.printer_controller.terminal_log import TerminalLog
from services.printer_controller.view import Selection, View
from services.printer_controller.writing import Writing
from shared.answered import Answered
from shared.blobs import BlobStore
from shared.bus import Bus
from shared.clock import Clock
from shared.contracts.printers import Heater, JobProgress, PrinterStatus
from shared.errors import Broken, Conflict, JobError
from shared.settings import PrinterSettings, Settings
from shared.store import Store

LOG = logging.getLogger(__name__)

SessionMaker = Callable[[PrinterSettings, Clock, SessionObserver], PrinterSession]


@dataclass(frozen=True)
class Shop:
    """What all printers of a controller share. `ports` looks for serial ports and may block: call it in a thread."""

    settings: Settings
    store: Store
    bus: Bus
    blobs: BlobStore
    clock: Clock
    make_session: SessionMaker
    ports: Callable[[], list[str]]

    @property
    def owner(self) -> str:
        """The instance that holds the leases and is named as owner of the printers."""
        return self.settings.instance

    @cached_property
    def answered(self) -> Answered:
        """The answers to what is decided by the printers' states alone."""
        return Answered(self.settings.data_folder / "answered" / f"printer_controller-{self.owner}.jsonl")

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Writing]:
        """A transaction, committed at the end of the block."""
        async with self.store.transaction() as tx:
            yield self.writing_in(tx)

    def writing_in(self, tx: AsyncSession) -> Writing:
        """The same inside a transaction that somebody else commits."""
        return Writing(tx, self.bus.base, self.clock.now(), self.settings.retention.run_topic_hours * 3600)


class Printer:
    """`lock` is held by whoever changes what is committed. `held`: this controller has the printer's lease.

    `stopping`: the controller takes no more commands. `closing`: the session is ended by the controller, not by a user.
    """

    def __init__(self, settings: PrinterSettings, shop: Shop, *, default: bool) -> None:
        self.id = settings.id
        self.settings = settings
        self.shop = shop
        self.default = default
        self.lock = asyncio.Lock()
        self.held = False
        self.claim_known = asyncio.Event()  # set when it has been seen who holds the printer
        self.stopping = False
        self.closing = False
        self.unsafe = False
        self.session: PrinterSession | None = None
        self.selection: Selection | None = None
        self.saved = SavedConnection()
        self.rest: JobProgress = progress.NOTHING
        self.run: str | None = None
        self.missing = ""  # why there is no port to open
        self._left: ShownLeft | None = None
        self.notes = Notes(settings.id)
        self.terminal = TerminalLog()
        self._stops: deque[str] = deque(maxlen=100)
        self.publishing = Publishing(
            settings, self.look, shop.bus, shop.clock, owner=shop.owner, default=default, glance=self.glance
        )

    @property
    def status(self) -> PrinterStatus:
        """The state of the session, `Offline` without one."""
        return self.session.status if self.session is not None else PrinterStatus.OFFLINE

    @property
    def place(self) -> Place | None:
        """Where the print under way is."""
        at = self.session.progress if self.session is not None else None
        if at is None or self.run is None or at.run != self.run:
            return None
        return Place(at.line, at.position, at.size, at.print_time)

    def glance(self) -> View:
        """The state as it is now, without selection, print and temperatures."""
        session = self.session
        if session is None:
            return View(error=self.missing)
        return View(
            status=session.status, error=session.error or self.missing, port=session.port, baudrate=session.baudrate,
            sd_ready=session.sd_ready,
        )  # fmt: skip

    def look(self) -> View:
        """Everything there is to show, now."""
        session, place = self.session, self.place
        if session is None:
            return replace(self.glance(), selection=self.selection, rest=self.rest)
        if place is not None and self.run is not None:
            chosen = self.selection
            analysis, average = (chosen.analysis, chosen.average) if chosen is not None else (None, None)
            self._left = progress.left(self._left, self.run, place, analysis, average)
        return replace(
            self.glance(), heaters=session.heaters, selection=self.selection, run=self.run,
            place=place, left=self._left, rest=self.rest, counters=session.counters,
            z=session.modal.z if place is not None else None,
        )  # fmt: skip

    # --- what the commands do after their commit ----------------------------------------------------------------------

    def select(self, chosen: Selection | None) -> None:
        """Show this file as the selected one; whatever was shown of an earlier print goes."""
        self.selection = chosen
        self.rest = progress.NOTHING
        self.publishing.job_changed()

    def select_again(self, chosen: Selection) -> None:
        """The selected file has changed; whoever selected it stays."""
        if self.selection is not None and self.selection.key == chosen.key:
            self.select(replace(chosen, user=self.selection.user))

    def learnt(self, digest: str, analysis: FileAnalysis | None) -> None:
        """The content `digest` has been analysed; when it is the selected file's, that shows."""
        if self.selection is not None and self.selection.digest == digest:
            self.selection = replace(self.selection, analysis=analysis)
            self.publishing.job_changed()

    def begin(self, source: PrintSource, *, again: bool = False) -> None:
        """Print `source` for its committed run, `again` from a pause; a print that cannot begin ends at once."""
        self.run, self.rest = source.run, progress.NOTHING
        try:
            session = self._ready_for(source, PrinterStatus.PAUSED if again else PrinterStatus.OPERATIONAL)
            (session.restart if again else session.start)(source)
        except (JobError, OSError) as error:
            LOG.warning("%s: run %s could not begin: %s", self.id, source.run, error)
            self.print_ended(PrintEnd(source.run, "failed", f"the print could not begin: {error}", 0, 0, 0.0))
            if again and self.session is not None and self.status in states.BUSY:
                self.session.cancel()  # the run that was paused has its end already

    def _ready_for(self, source: PrintSource, status: PrinterStatus) -> PrinterSession:
        """The session, unless something happened between the decision and its commit."""
        if self.session is None or self.status is not status:
            raise Conflict(f"the printer is {self.status.lower()} meanwhile")
        if not source.path.is_file():
            raise Broken(f"the content of {source.name} is missing")
        return self.session

    def make_safe(self) -> None:
        """Give the after-crash script to a printer whose print was lost."""
        if self.session is None:
            return
        LOG.warning("%s: making the printer safe after a lost print", self.id)
        self.session.make_safe(self.settings.gcode.after_crash)
        self.unsafe = False
        self.notes.add(MadeSafe())

    # --- what the session reports (SessionObserver) -------------------------------------------------------------------

    def status_changed(self, status: PrinterStatus, error: str) -> None:
        """The session went into another state."""
        # Logged behind what goes out because of it.
        asyncio.get_running_loop().call_soon(LOG.info, "%s: %s%s", self.id, status, f" ({error})" if error else "")
        if status in views.CLOSED and self.selection is not None and not self.closing:
            self.selection, self.rest = None, progress.NOTHING
            self.notes.add(Unselected())
        self.publishing.changed()
        if status is PrinterStatus.OPERATIONAL and self.unsafe:
            self.make_safe()

    def temperatures_changed(self, heaters: Mapping[str, Heater]) -> None:  # noqa: ARG002 - `look` takes them
        """New temperatures; they are published at their own pace."""
        self.publishing.sample()

    def print_event(self, name: str, run: str, data: Mapping[str, Any]) -> None:
        """A step of a print."""
        self.notes.add(PrintStep(name, run, dict(data)))

    def print_ended(self, end: PrintEnd) -> None:
        """A print is over, one way or another."""
        self.notes.add(PrintEnded(end))
        if end.run != self.run:
            return
        self.run = None
        size = self.selection.file.size if self.selection else end.position
        self.rest = progress.finished(size, end.print_time) if end.outcome == "done" else progress.NOTHING
        self.publishing.changed()

    def printer_event(self, name: str, data: Mapping[str, Any]) -> None:
        """The printer said or did something worth telling."""
        self.notes.add(Report(name, dict(data)))

    def port_missing(self, reason: str) -> None:
        """There is no port to open, and why; an empty `reason`: there is one. Told when it changes."""
        if reason == self.missing:
            return
        self.missing = reason
        if reason:
            LOG.warning("%s: %s", self.id, reason)
        self.publishing.changed()

    def stopped_by(self, message: str | None) -> bool:
        """Whether this emergency stop has been heard before; from now on it has."""
        known = message is not None and message in self._stops
        if message is not None and not known:
            self._stops.append(message)
        return known

    def now(self) -> datetime:
        """The time of the controller's clock."""
        return self.shop.clock.now()
