"""A whole gateway in the test's own process: real accounts, a bus in memory, an owner that plays a script.

`running_gateway(tmp_path, database=database)` gives a `RunningGateway`, asked through httpx without a socket;
`served(running)` puts it behind a real one.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import inspect
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec

from services.gateway import http_server
from services.gateway.app import application
from services.gateway.callers import accounts, first_admin
from services.gateway.callers.callers import Callers
from services.gateway.callers.guard import Guard
from services.gateway.callers.roles import Role
from services.gateway.claims import Claims
from services.gateway.dispatcher import Dispatcher
from services.gateway.gateway import Gateway
from services.gateway.live_loads import LiveLoads
from services.gateway.live_view import LiveView
from services.gateway.public_address import TrustedProxies
from shared.blobs import BlobStore
from shared.bus import Delivery
from shared.contracts import load_topics, topics
from shared.contracts.messages import Presence
from shared.contracts.printers import (
    Announce,
    Announced,
    CommandDone,
    ConnectionOptions,
    FollowLog,
    JobFile,
    JobProgress,
    LogFollowed,
    PrinterJob,
    PrinterLog,
    PrinterState,
    PrinterStatus,
    PrinterTemperature,
)
from shared.contracts.topics import Topic
from shared.errors import JobError
from shared.load_settings import WiserSettings
from shared.migrate import migrate
from shared.settings import DatabaseSettings, GatewaySettings, Settings
from shared.store import Store
from tests.support.bus import MemoryBus
from tests.support.clock import ManualClock
from tests.support.database import SQLITE, Database, keep_rows, make_database

ADMIN_KEY = "admin-key-for-tests-0123456789"
ADMIN_PASSWORD = "admin-password-for-tests"
OPERATOR_KEY = "operator-key-for-tests-0123456"
VIEWER_KEY = "viewer-key-for-tests-012345678"
MIGRATIONS = Path(__file__).parents[2] / "services" / "gateway" / "migrations"

Answer = Any | JobError | Callable[[Any], Any]

_OPTIONS = ConnectionOptions(
    ports=["/dev/ttyUSB0", "VIRTUAL"],
    baudrates=[250000, 230400, 115200, 57600, 38400, 19200, 9600],
    port_preference="VIRTUAL",
    baudrate_preference=115200,
)


@dataclass
class ScriptedOwner:
    """The printer controller: publishes what it is told to, and answers each topic from `answers`."""

    bus: MemoryBus
    clock: ManualClock
    instance: str = "one"
    answers: dict[Topic, Answer] = field(default_factory=dict)
    asked: list[Any] = field(default_factory=list)
    versions: int = 0
    since: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.start_anew()
        self.answers = {
            topics.ANNOUNCE: Announced(topics=4),
            load_topics.ANNOUNCE_LOADS: Announced(topics=0),
            topics.FOLLOW_LOG: LogFollowed(seconds=30.0),
            topics.COMMAND_PRINTER: CommandDone(),
            topics.READ_CONNECTION: _OPTIONS,
            **self.answers,
        }
        for topic in topics.CATALOGUE:
            if topic.kind is topics.Kind.ASK:
                self.bus.take(topic, self._answer)

    def start_anew(self) -> None:
        """Be another process from here on: what was published before is of an earlier life."""
        self.since = self.clock.now()
        self.versions = max(self.versions, int(self.since.timestamp() * 1000))

    async def presence(self, state: str = "online") -> None:
        """Come, go (`offline`) or die (`lost`)."""
        presence = Presence(state=state, version="0", boot_id="boot", since=self.since)
        await self.bus.publish(
            topics.SERVICE_PRESENCE, presence, service=topics.PRINTER_CONTROLLER, instance=self.instance
        )

    async def state(self, status: PrinterStatus, printer: str = "virtual", **changes: Any) -> None:
        """Publish a printer's state."""
        self.versions += 1
        fields = {"name": "Virtual printer", "owner": self.instance, "sd_ready": True, "port": "VIRTUAL"}
        connected = {"baudrate": 115200} if status is not PrinterStatus.OFFLINE else {"port": None}
        given = {**fields, **connected, **changes}
        state = PrinterState(state=status, at=self.clock.now(), version=self.versions, **given)
        await self.bus.publish(topics.PRINTER_STATE, state, printer=printer)

    async def job(self, path: str | None, printer: str = "virtual", **changes: Any) -> None:
        """Publish a printer's job; `path` None means nothing is selected."""
        self.versions += 1
        name = path.rpartition("/")[2] if path else ""
        file = JobFile(name=name, path=path, display=name, size=219483, date=1795329835) if path else None
        given = {"progress": JobProgress(), "file": file, **changes}
        job = PrinterJob(at=self.clock.now(), version=self.versions, **given)
        await self.bus.publish(topics.PRINTER_JOB, job, printer=printer)

    async def temperature(self, heaters: dict[str, Any], printer: str = "virtual") -> None:
        """Publish temperatures."""
        self.versions += 1
        reading = PrinterTemperature(heaters=heaters, at=self.clock.now(), version=self.versions)
        await self.bus.publish(topics.PRINTER_TEMPERATURE, reading, printer=printer)

    async def log(self, *lines: str, printer: str = "virtual") -> None:
        """Publish lines that went over the wire."""
        log = PrinterLog(lines=list(lines), at=self.clock.now())
        await self.bus.publish(topics.PRINTER_LOG, log, printer=printer)

    async def _answer(self, delivery: Delivery) -> Any:
        self.asked.append(delivery.message)
        answer = self.answers.get(delivery.topic)
        if callable(answer):
            answer = answer(delivery.message)
        if inspect.isawaitable(answer):
            answer = await answer
        if isinstance(answer, JobError):
            raise answer
        assert answer is not None, f"the test has no answer to {delivery.topic.template}"
        return answer

    def commands(self) -> list[Any]:
        """What was asked for, but for snapshots and logs."""
        return [asked for asked in self.asked if not isinstance(asked, Announce | FollowLog)]


@dataclass
class RunningGateway:
    """A gateway and everything a test wants to look at."""

    app: Dispatcher
    gateway: Gateway
    guard: Guard
    store: Store
    bus: MemoryBus
    clock: ManualClock
    owner: ScriptedOwner
    settings: Settings
    client: httpx.AsyncClient

    def as_(self, key: str | None) -> dict[str, str]:
        """The headers of a request with this key."""
        return {"X-Api-Key": key} if key else {}

    def client_from(self, address: str, key: str | None = None) -> httpx.AsyncClient:
        """A client at another address."""
        transport = httpx.ASGITransport(app=self.app, client=(address, 4711), raise_app_exceptions=True)
        return httpx.AsyncClient(transport=transport, base_url="http://host:8080", headers=self.as_(key))


@functools.cache
def _template(kind: str) -> str:
    """A database with the accounts of all tests, made once and copied for each: the file, or the name on the server."""
    folder = Path(tempfile.mkdtemp(prefix="jobwire-gateway-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    database = DatabaseSettings(url=None if kind == SQLITE else make_database())
    settings = Settings(data=str(folder), database=database, admin_key=ADMIN_KEY, admin_password=ADMIN_PASSWORD)
    migrate(settings, "gateway", MIGRATIONS)
    maker = threading.Thread(target=lambda: asyncio.run(_make_accounts(settings)))
    maker.start()
    maker.join()
    return keep_rows(database.url) if database.url else str(folder / "gateway.db")


def _copied(data: Path, database: Database) -> DatabaseSettings:
    """A copy that goes with the data folder; the second time the same one."""
    data.mkdir(parents=True, exist_ok=True)
    template = _template(database.kind)
    if database.kind != SQLITE:
        return database.beside(data, like=template)
    if not (data / "gateway.db").exists():
        shutil.copy(template, data / "gateway.db")
    return DatabaseSettings()


async def _make_accounts(settings: Settings) -> None:
    store, clock = Store.open(settings, "gateway"), ManualClock()
    await first_admin.prepare(store, settings, clock)
    async with store.transaction() as tx:
        for name, role, key in (("olga", Role.OPERATOR, OPERATOR_KEY), ("victor", Role.VIEWER, VIEWER_KEY)):
            account = await accounts.create_account(tx, name, role, now=clock.now())
            await accounts.create_key(tx, account, key, "tests", now=clock.now())
    await store.close()


@asynccontextmanager
async def running_gateway(
    data: Path,
    *,
    database: Database,
    key: str | None = ADMIN_KEY,
    limits: GatewaySettings | None = None,
    wiser: WiserSettings | None = None,
) -> AsyncIterator[RunningGateway]:
    """A gateway with the accounts admin, operator and viewer, an online owner and one operational printer."""
    copied = _copied(data, database)
    settings = Settings(
        data=str(data), database=copied, admin_key=ADMIN_KEY, gateway=limits or GatewaySettings(),
        wiser=wiser or WiserSettings(),
    )  # fmt: skip
    clock = ManualClock()
    bus = MemoryBus(clock=clock)
    store = Store.open(settings, "gateway")
    digester = await first_admin.prepare(store, settings, clock)
    guard, view, stopping = Guard(store, clock), LiveView(bus, clock), asyncio.Event()  # type: ignore[arg-type]
    loads = LiveLoads(bus, clock)  # type: ignore[arg-type]
    callers = Callers(store, clock, digester, guard)
    claims = Claims(store, clock, callers, settings.wiser)
    gateway = Gateway(
        callers=callers,
        view=view,
        loads=loads,
        claims=claims,
        bus=bus,  # type: ignore[arg-type]
        blobs=BlobStore(data / "blobs"),
        proxies=TrustedProxies(settings.gateway.trusted_proxies),
        settings=settings.gateway,
        wiser=settings.wiser,
        clock=clock,
        stopping=stopping,
    )
    view.follow()
    loads.follow()
    claims.follow(bus)  # type: ignore[arg-type]
    owner = ScriptedOwner(bus, clock)
    looking = [asyncio.create_task(each.run(stopping)) for each in (view, loads)]
    await bus.connect()
    await owner.presence()
    await owner.state(PrinterStatus.OPERATIONAL)
    await owner.job(None)
    await asyncio.sleep(0.01)
    app = application(gateway)
    transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 4711), raise_app_exceptions=True)
    headers = {"X-Api-Key": key} if key else {}
    async with httpx.AsyncClient(transport=transport, base_url="http://host:8080", headers=headers) as client:
        yield RunningGateway(app, gateway, guard, store, bus, clock, owner, settings, client)
    stopping.set()
    await asyncio.gather(*looking)
    await store.close()


@asynccontextmanager
async def served(running: RunningGateway) -> AsyncIterator[tuple[str, int]]:
    """The same gateway behind a real socket: host and port."""
    listener = http_server.bind(msgspec.structs.replace(running.settings.gateway, port=0))
    stopping = asyncio.Event()
    serving = asyncio.create_task(http_server.serve(running.app, listener, stopping))
    host, port = listener.getsockname()[:2]
    try:
        yield host, port
    finally:
        stopping.set()
        await serving
