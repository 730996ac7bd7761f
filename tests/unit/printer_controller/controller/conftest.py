"""A controller without wires: real rows, rules and handlers between a bus in memory and sessions that obey the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from services.printer_controller import handlers, temperatures
from services.printer_controller.fleet import Fleet
from services.printer_controller.line_health import Counters
from services.printer_controller.modal import Modal
from services.printer_controller.models import AnalysisRow, FileRow, FolderRow, JournalRow, PrinterRow, RunRow
from services.printer_controller.printers import Printer, Shop
from services.printer_controller.printing import PrintEnd, PrintSource, SessionObserver
from services.printer_controller.taking_over import take_over
from shared.blobs import BlobStore
from shared.clock import Clock
from shared.contracts import topics
from shared.contracts.files import AddFile, FileAdded
from shared.contracts.messages import Caller, Event
from shared.contracts.printers import Heater, PrinterStatus
from shared.contracts.runs import Run
from shared.errors import JobError
from shared.outbox import collected
from shared.settings import PrinterSettings, Settings
from shared.store import Store
from tests.support.bus import MemoryBus
from tests.support.clock import ManualClock
from tests.support.database import Database, open_store

ALICE = Caller(name="alice", via="octoprint", role="operator")
TABLES = (AnalysisRow, FileRow, FolderRow, PrinterRow, RunRow, JournalRow)
S = PrinterStatus


@dataclass
class FakeSession:
    """What a session is to the controller. It does what it is told, and reports only what the test lets happen."""

    settings: PrinterSettings
    clock: Clock
    observer: SessionObserver
    status: PrinterStatus = S.OPERATIONAL
    error: str = ""
    heaters: Mapping[str, Heater] = field(default_factory=dict)
    port: str | None = "/dev/ttyUSB0"
    baudrate: int | None = 115200
    sd_ready: bool = False
    modal: Any = field(default_factory=Modal)
    counters: Counters = field(default_factory=Counters)
    progress: Any = None
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    reachable: bool = True
    fails: asyncio.Event = field(default_factory=asyncio.Event)
    refuses: JobError | None = None

    async def run(self) -> None:
        await self.fails.wait()
        raise RuntimeError("a bug in the session")

    async def connect(self, port: str, baudrate: int) -> None:
        self.calls.append(("connect", port, baudrate))
        self.port, self.baudrate = port, baudrate
        self.become(S.OPENING)
        await asyncio.sleep(0)
        self.become(S.OPERATIONAL if self.reachable else S.OFFLINE_AFTER_ERROR)

    async def disconnect(self) -> None:
        self.calls.append(("disconnect",))
        self._end_print("failed", "disconnected")
        self.port = self.baudrate = None
        self.become(S.OFFLINE)

    def start(self, source: PrintSource) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.calls.append(("start", source.run))
        self._begin(source)

    def restart(self, source: PrintSource) -> None:
        self.calls.append(("restart", source.run))
        self._end_print("cancelled", "restarted")
        self._begin(source)

    def pause(self) -> None:
        self.calls.append(("pause",))
        self.become(S.PAUSING)

    def resume(self) -> None:
        self.calls.append(("resume",))
        self.become(S.RESUMING)

    def cancel(self) -> None:
        self.calls.append(("cancel",))
        self.become(S.CANCELLING)

    def send(self, lines: Sequence[str], *, keep_modes: bool = False) -> None:
        self.calls.append(("send keeping modes" if keep_modes else "send", *lines))

    def offset_temperatures(self, offsets: Mapping[str, float]) -> None:
        self.calls.append(("offset_temperatures", dict(offsets)))
        self.heaters = temperatures.with_offsets(self.heaters, offsets)

    def find_lost_ok(self) -> bool:
        self.calls.append(("find_lost_ok",))
        return True

    def emergency_stop(self) -> None:
        self.calls.append(("emergency_stop",))
        self._end_print("failed", "emergency stop")
        self.become(S.ERROR, "emergency stop")

    def make_safe(self, lines: Sequence[str]) -> None:
        self.calls.append(("make_safe", *lines))

    async def stop(self) -> None:
        self.calls.append(("stop",))
        self._end_print("failed", "stopped")
        self.become(S.OFFLINE)

    # --- what tests let happen ---------------------------------------------------------------------------------------

    def become(self, status: PrinterStatus, error: str = "") -> None:
        self.status, self.error = status, error
        self.observer.status_changed(status, error)

    def at(self, line: int, *, share: float, seconds: float = 1.0) -> None:
        """The printer has acknowledged `line`, and with it this share of the file."""
        if self.status is S.STARTING:
            self.observer.print_event("print_started", self.progress.run, {})
            self.become(S.PRINTING)
        now = self.progress
        self.progress = SimpleNamespace(
            run=now.run, line=line, position=int(now.size * share), size=now.size, print_time=seconds
        )

    def paused(self) -> None:
        self.observer.print_event("print_paused", self.progress.run, {})
        self.become(S.PAUSED)

    def resumed(self) -> None:
        self.observer.print_event("print_resumed", self.progress.run, {})
        self.become(S.PRINTING)

    def done(self) -> None:
        self.become(S.FINISHING)
        self.at(self.progress.line, share=1.0, seconds=self.progress.print_time)
        self._end_print("done", None)
        self.become(S.OPERATIONAL)

    def cancelled(self) -> None:
        self._end_print("cancelled", None)
        self.become(S.OPERATIONAL)

    def unplugged(self) -> None:
        self._end_print("failed", "the line was lost")
        self.become(S.OFFLINE_AFTER_ERROR, "the line was lost")

    def _begin(self, source: PrintSource) -> None:
        self.progress = SimpleNamespace(run=source.run, line=0, position=0, size=source.size, print_time=0.0)
        self.become(S.STARTING)

    def _end_print(self, outcome: str, reason: str | None) -> None:
        at, self.progress = self.progress, None
        if at is not None:
            self.observer.print_ended(PrintEnd(at.run, outcome, reason, at.line, at.position, at.print_time))  # type: ignore[arg-type]


@dataclass
class Rig:
    """The parts, and the short ways that tests take through them."""

    shop: Shop
    fleet: Fleet
    bus: MemoryBus
    clock: ManualClock
    sent: list[Any]

    @property
    def printer(self) -> Printer:
        return next(iter(self.fleet))

    @property
    def session(self) -> FakeSession:
        session: Any = self.printer.session
        assert isinstance(session, FakeSession)
        return session

    async def ask(self, topic: topics.Topic, request: Any, **changes: Any) -> Any:
        """Ask as the gateway does for alice; raises what was answered."""
        request.caller = request.caller or ALICE
        for name, value in changes.items():
            setattr(request, name, value)
        answer = await self.bus.ask(topic, request)
        await asyncio.sleep(0)  # what goes out right behind the answer
        return answer

    async def command(self, command: Any, **changes: Any) -> Any:
        """`ask` any printer command; the notes it led to are written when this returns."""
        answer = await self.ask(topics.COMMAND_PRINTER, command, **changes)
        await self.settle()
        return answer

    async def settle(self) -> None:
        """Write what the sessions reported."""
        from services.printer_controller import bookkeeping

        for printer in self.fleet:
            async with printer.lock:
                await bookkeeping.settle(printer)

    async def upload(self, name: str = "part.gcode", content: bytes = b"G28\nG1 X1\n", **options: Any) -> FileAdded:
        """A blob and its file, as the gateway makes them."""
        async with self.shop.blobs.writer() as blob:
            await blob.write(content)
        request = AddFile(name=name, digest=blob.digest, size=blob.size, hash=blob.sha1, **options)
        added: FileAdded = await self.ask(topics.ADD_FILE, request)
        return added

    def events(self, name: str | None = None) -> list[Event]:
        """The events that were committed, oldest first."""
        found = [message for message in self.sent if isinstance(message, Event)]
        return [event for event in found if name is None or event.type == name]

    def names(self) -> list[str]:
        """The names of the committed events, oldest first."""
        return [event.type for event in self.events()]

    def run(self, run: str | None = None) -> Run:
        """The newest committed record, of one run or of any."""
        return [each for each in self.sent if isinstance(each, Run) and run in (None, each.id)][-1]

    async def row(self, table: Any, key: str) -> Any:
        async with self.shop.store.reading() as tx:
            return await tx.get(table, key)


def watch(store: Store, sent: list[Any]) -> None:
    """Collect the messages of every commit, decoded."""
    import msgspec

    from tests.support.bus import find_topic

    def note(tx: Any) -> None:
        for message in collected(tx):
            topic, _ = find_topic("jobwire", message.topic)
            assert topic is not None
            sent.append(msgspec.json.decode(message.payload, type=topic.payload))

    store.on_commit(note)


def offline_session(settings: PrinterSettings, clock: Clock, observer: SessionObserver) -> Any:
    """A session as it begins."""
    return FakeSession(settings, clock, observer, status=S.OFFLINE, port=None, baudrate=None)


async def make_rig(
    settings: Settings, *, session: Callable[..., Any] = offline_session, ports: Sequence[str] = ()
) -> Rig:
    clock = ManualClock()
    bus = MemoryBus(clock=clock)
    store = await open_store(settings, "printer_controller", *TABLES)
    sent: list[Any] = []
    watch(store, sent)
    shop = Shop(
        settings=settings,
        store=store,
        bus=bus,  # type: ignore[arg-type]
        blobs=BlobStore(settings.data_folder / "blobs", floor=0),
        clock=clock,
        make_session=session,
        ports=lambda: list(ports),
    )
    fleet = Fleet(shop)
    handlers.register(bus, fleet)  # type: ignore[arg-type]
    bus.on_birth(fleet.born)
    return Rig(shop, fleet, bus, clock, sent)


@pytest.fixture
def settings(tmp_path: Path, database: Database) -> Settings:
    return Settings(
        data=str(tmp_path),
        database=database.beside(tmp_path, tables="printer_controller"),
        instance="host",
        printer=[
            PrinterSettings(id="mk3", name="Prusa", port="/dev/ttyUSB0"),
            PrinterSettings(id="ender", port="/dev/ttyUSB1"),
        ],
    )


@pytest.fixture
async def rig(settings: Settings) -> AsyncIterator[Rig]:
    """Two printers, held and operational."""
    made = await make_rig(settings)
    for printer in made.fleet:
        await take_over(printer)
        printer.session = FakeSession(printer.settings, made.clock, printer)  # type: ignore[assignment]
        printer.publishing.everything()
    yield made
    await made.shop.store.close()


@pytest.fixture
def new_rig() -> Callable[..., Any]:
    """For tests of what happens over restarts: a rig on given settings that takes nothing over by itself."""
    return make_rig
