"""Load controllers as processes, with a real broker between them and whoever asks."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from shared.bus import Bus
from shared.clock import SystemClock
from shared.contracts import load_topics
from shared.contracts.load_jobs import CreateJob, JobSections
from shared.contracts.messages import Caller
from shared.contracts.runs import Run
from shared.contracts.topics import Topic
from shared.errors import JobError
from shared.identifiers import new_id
from tests.support.broker import BrokerHandle
from tests.support.database import Database
from tests.support.mqtt_client import Heard, Listener

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "services.load_controller")


def house_of(
    loads: int, *, kind: str = "onoff", away: Callable[[int], bool] = lambda _: False, within: float = 5.0
) -> str:
    """A `jobwire.toml` with virtual loads 1 to `loads`, some of them away from the start."""
    tables = [
        f'[[load]]\nid = {load}\ntype = "{kind}"\nreport_within = {within}\n'
        + ('virtual = { fault = "unreachable" }\n' if away(load) else "")
        for load in range(1, loads + 1)
    ]
    return "\n".join(tables)


@dataclass
class LoadProcesses:
    """Controllers by instance on one database; `start` after `kill` goes on with the same data."""

    folder: Path
    broker: BrokerHandle
    bus: Bus
    heard: Listener
    database: Database
    config: str
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def environment(self, instance: str) -> dict[str, str]:
        """What an instance is told."""
        config = self.folder / "jobwire.toml"
        config.write_text(self.config)
        return {
            **os.environ,
            "JOBWIRE_CONFIG": str(config),
            "JOBWIRE_DATA": str(self.folder / "data"),
            "JOBWIRE_INSTANCE": instance,
            "JOBWIRE_BROKER_URL": self.broker.url,
            **self.database.environment(self.folder),
        }

    def migrate(self) -> None:
        """Make the tables."""
        subprocess.run([*COMMAND, "migrate"], cwd=ROOT, env=self.environment("one"), check=True, timeout=60)

    def start(self, instance: str = "one") -> None:
        """Serve."""
        log = (self.folder / f"{instance}.log").open("ab")
        environment = self.environment(instance)
        self.processes[instance] = subprocess.Popen(COMMAND, cwd=ROOT, env=environment, stdout=log, stderr=log)

    def kill(self, instance: str = "one") -> None:
        """SIGKILL."""
        process = self.processes.pop(instance)
        process.kill()
        process.wait(10)

    def stop(self, instance: str = "one") -> int:
        """SIGTERM; the exit code."""
        process = self.processes.pop(instance)
        process.terminate()
        return process.wait(15)

    def log(self, instance: str = "one") -> str:
        """What it wrote."""
        return (self.folder / f"{instance}.log").read_text()

    async def serving(self, instance: str = "one", *, within: float = 30.0) -> None:
        """Wait until the instance is on the bus."""
        topic = f"jobwire/service/load_controller/{instance}"
        process = self.processes[instance]
        await self.heard.until(
            lambda m: (
                (m.topic == topic and bool(m.payload) and m.json["state"] == "online") or process.poll() is not None
            ),
            within=within,
        )
        assert process.poll() is None, self.log(instance)

    async def ask(self, topic: Topic, request: Any, *, within: float = 5.0) -> Any:
        """Ask once."""
        return await self.bus.ask(topic, request, within=within)

    async def ask_until(self, topic: Topic, request: Any, *, within: float = 30.0) -> Any:
        """Ask with one id until somebody answers, as a gateway's client that tries again does."""
        deadline = asyncio.get_running_loop().time() + within
        request.id = request.id or new_id()
        while True:
            try:
                return await self.bus.ask(topic, msgspec.structs.replace(request), within=3.0)
            except JobError as error:
                if error.kind not in ("unavailable", "outcome_unknown") or asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(0.1)

    async def job(self, **sections: Any) -> int:
        """Store a job; its id."""
        made = await self.ask_until(load_topics.JOBS, CreateJob(sections=JobSections(**sections)))
        return int(made.jobs[0].id)

    async def run_ended(self, run: str, *, within: float = 30.0) -> Run:
        """Wait for the end of a run."""
        found = await self.heard.until(lambda m: _is_end(m, run), within=within)
        return msgspec.json.decode(found.payload, type=Run)

    def ends(self) -> dict[str, list[Run]]:
        """All ended records that were heard, by run; each once, however often it was announced."""
        ended: dict[str, list[Run]] = {}
        for message in self.heard.messages:
            if message.topic.startswith("jobwire/run/") and message.payload:
                run = msgspec.json.decode(message.payload, type=Run)
                if run.ended_at is not None and run not in ended.setdefault(run.id, []):
                    ended[run.id].append(run)
        return ended

    async def settled(self, load: int, *, within: float = 20.0, since: int = 0, **attributes: Any) -> Heard:
        """Wait until a load has reported these attributes."""
        return await self.heard.until(
            lambda m: (
                m.topic == f"jobwire/load/{load}/state" and bool(m.payload) and attributes.items() <= m.json.items()
            ),
            within=within,
            since=since,
        )


def _is_end(message: Heard, run: str) -> bool:
    return message.topic == f"jobwire/run/{run}" and bool(message.payload) and "ended_at" in message.json


def plain_caller() -> Caller:
    """Whoever runs jobs in tests."""
    return Caller(name="anna", via="wiser", role="operator")


def good_for(seconds: float) -> datetime:
    """An instant for `expires_at`."""
    return datetime.now(UTC) + timedelta(seconds=seconds)


@asynccontextmanager
async def load_processes(
    folder: Path, broker: BrokerHandle, database: Database, config: str, *instances: str
) -> AsyncIterator[LoadProcesses]:
    """Migrated, with these instances on the bus; all are killed at the end."""
    port = int(broker.url.rpartition(":")[2])
    async with Listener(port) as heard, _asking(broker.url) as bus:
        made = LoadProcesses(folder, broker, bus, heard, database, config)
        await asyncio.to_thread(made.migrate)
        try:
            for instance in instances:
                made.start(instance)
            for instance in instances:
                await made.serving(instance)
            yield made
        finally:
            for instance in list(made.processes):
                made.kill(instance)


@asynccontextmanager
async def _asking(url: str) -> AsyncIterator[Bus]:
    bus = Bus(
        url=url, client_id="test-gateway", base="jobwire", service="gateway", instance="test", version="0",
        clock=SystemClock(),
    )  # fmt: skip
    running = asyncio.create_task(bus.run())
    await bus.wait_connected(10.0)
    yield bus
    await bus.close()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
