"""The printer controller as a process, with a real broker and a virtual printer as processes beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from shared.blobs import BlobStore
from shared.bus import Bus
from shared.contracts import topics
from shared.contracts.files import AddFile, FileAdded
from shared.contracts.messages import Caller
from tests.support.asking import asking_bus
from tests.support.broker import BrokerHandle, running_broker
from tests.support.database import Database
from tests.support.mqtt_client import Heard, Listener
from tests.support.virtual_printer import VirtualPrinterProcess

ROOT = Path(__file__).parents[3]
SLOW = ("--move-ms", "5")  # 200 moves a second
ENDED = ("succeeded", "failed", "cancelled")


@dataclass
class Controller:
    """One controller and what it takes to talk to it; `start` after `kill` goes on with the same data."""

    folder: Path
    broker: BrokerHandle
    printer: VirtualPrinterProcess
    bus: Bus
    heard: Listener
    database: Database
    process: subprocess.Popen[bytes] | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        """Migrate, then serve."""
        config = self.folder / "jobwire.toml"
        config.write_text(f'[[printer]]\nid = "mk3"\nname = "Prusa"\nport = "{self.printer.port}"\n')
        self.environment = {
            **os.environ,
            "JOBWIRE_CONFIG": str(config),
            "JOBWIRE_DATA": str(self.folder / "data"),
            "JOBWIRE_INSTANCE": "host",
            "JOBWIRE_BROKER_URL": self.broker.url,
            **self.database.environment(self.folder),
        }
        command = [sys.executable, "-m", "services.printer_controller"]
        subprocess.run([*command, "migrate"], cwd=ROOT, env=self.environment, check=True, timeout=60)
        log = (self.folder / "controller.log").open("ab")
        self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)

    def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)

    @property
    def log(self) -> str:
        return (self.folder / "controller.log").read_text()

    async def add_file(self, content: bytes, name: str = "part.gcode", **options: Any) -> FileAdded:
        """Store a blob and make it a file, as the gateway does."""
        async with BlobStore(self.folder / "data" / "blobs", floor=0).writer() as blob:
            await blob.write(content)
        added: FileAdded = await self.ask(
            topics.ADD_FILE, AddFile(name=name, digest=blob.digest, size=blob.size, hash=blob.sha1, **options)
        )
        return added

    async def ask(self, topic: topics.Topic, request: Any) -> Any:
        """Ask as alice."""
        request.caller = Caller(name="alice", via="octoprint")
        return await self.bus.ask(topic, request, within=5.0)

    async def state(self, state: str, *, within: float = 15.0, since: int = 0) -> Heard:
        """Wait until the printer is in that state."""
        return await self.heard.until(
            lambda m: m.topic == "jobwire/printer/mk3/state" and bool(m.payload) and m.json["state"] == state,
            within=within,
            since=since,
        )

    async def run_is(self, run: str, *statuses: str, within: float = 20.0) -> dict[str, Any]:
        """Wait for the run's record in one of these statuses."""
        found = await self.heard.until(
            lambda m: m.topic == f"jobwire/run/{run}" and bool(m.payload) and m.json["status"] in statuses,
            within=within,
        )
        record: dict[str, Any] = found.json
        return record

    async def event(self, name: str, *, within: float = 10.0, since: int = 0) -> dict[str, Any]:
        """Wait for an event; its data."""
        found = await self.heard.until(
            lambda m: m.topic == f"jobwire/event/printer_controller/{name}", within=within, since=since
        )
        data: dict[str, Any] = json.loads(found.payload)["data"]
        return data


@pytest.fixture
def broker() -> Iterator[BrokerHandle]:
    with running_broker("mosquitto") as started:
        yield started


@pytest.fixture
async def controller(tmp_path: Path, broker: BrokerHandle, database: Database) -> AsyncIterator[Controller]:
    """A controller whose printer is operational; its moves take 5 ms each."""
    port = int(broker.url.rpartition(":")[2])
    with VirtualPrinterProcess(*SLOW) as printer:
        async with Listener(port) as heard, asking_bus(broker.url) as bus:
            made = Controller(tmp_path, broker, printer, bus, heard, database)
            made.start()
            try:
                await made.state("Operational")
                yield made
            finally:
                if made.process is not None and made.process.poll() is None:
                    made.kill()
