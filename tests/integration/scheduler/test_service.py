"""The scheduler as a process: timers over the bus, fired as commands, once, over a kill."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from services.scheduler.__main__ import MIGRATIONS
from services.scheduler.models import FiringRow, TimerRow
from services.scheduler.service import NAME
from shared.contracts import load_topics
from shared.contracts.timers import AmendTimer, CreateTimer, DeleteTimer, ReadTimers, TimerWhen
from shared.errors import Invalid, NotFound
from shared.migrate import migrate
from shared.settings import Settings
from shared.store import Store
from tests.support.asking import asking_bus
from tests.support.broker import BrokerHandle, running_broker
from tests.support.database import Database, table_differences
from tests.support.mqtt_client import Listener

ROOT = Path(__file__).parents[3]


@pytest.fixture
def broker() -> Iterator[BrokerHandle]:
    with running_broker("mosquitto") as started:
        yield started


class Scheduler:
    """One process; `start` again goes on with the same data."""

    def __init__(self, folder: Path, broker: BrokerHandle, database: Database) -> None:
        self.settings = Settings(data=str(folder), database=database.beside(folder))
        self._environ = {
            **os.environ, "JOBWIRE_DATA": str(folder), "JOBWIRE_BROKER_URL": broker.url, "JOBWIRE_INSTANCE": "host",
            **database.environment(folder),
        }  # fmt: skip
        self._log = folder / "log"

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "services.scheduler"]
        subprocess.run([*command, "migrate"], cwd=ROOT, env=self._environ, check=True, timeout=60)
        with self._log.open("ab") as log:
            return subprocess.Popen(command, cwd=ROOT, env=self._environ, stdout=log, stderr=log)


async def test_a_timer_fires_once_over_a_kill(broker: BrokerHandle, database: Database, tmp_path: Path) -> None:
    scheduler = Scheduler(tmp_path, broker, database)
    port = int(broker.url.rpartition(":")[2])
    async with asking_bus(broker.url) as bus, Listener(port) as heard:
        process = scheduler.start()
        try:
            await heard.until(lambda m: m.topic == "jobwire/service/scheduler/host", within=20)
            answer = await bus.ask(load_topics.TIMERS, CreateTimer(job=20, when=TimerWhen(at="12:00")), within=10)
            (timer,) = answer.timers
            process.kill()
            process.wait(10)
            await _make_due(scheduler.settings, timer.id)
            process = scheduler.start()
            fired = await heard.until(lambda m: m.topic == "jobwire/job/load/20/run", within=20)
            assert fired.json["started_by"] == f"timer {timer.id}"
            assert not fired.retained
            process.kill()
            process.wait(10)
            process = scheduler.start()
            (again,) = (await bus.ask(load_topics.TIMERS, ReadTimers(), within=10)).timers
            assert again.next_at > datetime.now(UTC).timestamp()
            assert {m.json["id"] for m in heard.on("jobwire/job/load/20/run")} == {fired.json["id"]}
            for wrong, error in ((AmendTimer(timer=timer.id, at="25:00"), Invalid), (DeleteTimer(timer=99), NotFound)):
                with pytest.raises(error):
                    await bus.ask(load_topics.TIMERS, wrong, within=10)
            process.terminate()
            assert process.wait(15) == 0
        finally:
            process.kill()


async def _make_due(settings: Settings, timer: int) -> None:
    store = Store.open(settings, NAME)
    async with store.transaction() as tx:
        await tx.execute(
            update(TimerRow).where(TimerRow.id == timer).values(next_at=datetime.now(UTC) - timedelta(seconds=3))  # type: ignore[arg-type]
        )
    await store.close()


async def test_a_migrated_database_has_the_declared_tables(database_settings: Settings) -> None:
    migrate(database_settings, NAME, MIGRATIONS)
    store = Store.open(database_settings, NAME)
    assert await table_differences(store, TimerRow, FiringRow) == []
    await store.close()
