"""Accepted stays accepted, one effect: over dead services and dead brokers."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.bus import Delivery
from shared.contracts import topics
from shared.contracts.messages import Presence
from shared.contracts.printers import CommandDone, SendGcode
from shared.errors import Unavailable
from shared.identifiers import new_id

ROOT = Path(__file__).parents[3]
MESSAGES = 1_000


class Consumer:
    """The process of `consumer.py`, started again whenever it dies."""

    def __init__(self, url: str, base: str, database: Path, chance: float) -> None:
        self.deaths = 0
        self._arguments = [url, base, str(database), str(chance)]
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> asyncio.subprocess.Process:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, str(Path(__file__).with_name("consumer.py")), *self._arguments,
            env={"PYTHONPATH": str(ROOT), "PATH": ""},
        )  # fmt: skip
        return self._process

    async def keep_alive(self) -> None:
        while True:
            process = await self.start()
            await process.wait()
            self.deaths += 1

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@pytest.fixture
def presences(make_bus):
    """Collects the presence of the consumer as a bus sees it."""

    def watch(bus) -> list[str]:
        states: list[str] = []

        async def note(delivery: Delivery) -> None:
            assert isinstance(delivery.message, Presence)
            states.append(delivery.message.state)

        bus.follow(topics.SERVICE_PRESENCE, note, service="consumer")
        return states

    return watch


def done_ids(database: Path) -> list[str]:
    with sqlite3.connect(database, timeout=10) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM done")]


async def test_a_consumer_killed_at_random_points_loses_nothing_and_does_nothing_twice(
    broker, base, make_bus, presences, eventually, tmp_path
):
    database = tmp_path / "consumer.db"
    bus = make_bus(broker, "publisher")
    states = presences(bus)
    await make_bus.start(bus)
    consumer = Consumer(broker.url, base, database, chance=0.0028)
    life = asyncio.create_task(consumer.keep_alive())
    try:
        await eventually(lambda: "online" in states)
        expected = [new_id() for _ in range(MESSAGES)]
        deadline = datetime.now(UTC) + timedelta(minutes=5)
        for start in range(0, MESSAGES, 20):
            commands = [SendGcode(id=one, expires_at=deadline, lines=["M105"]) for one in expected[start : start + 20]]
            await asyncio.gather(*(bus.publish(topics.PRINTER_SET, one, printer="p1") for one in commands))
        await eventually(lambda: len(done_ids(database)) >= MESSAGES, within=60)
        await asyncio.sleep(0.3)  # time for a second effect, if there were any
    finally:
        life.cancel()
        await consumer.kill()
    done = Counter(done_ids(database))
    assert consumer.deaths >= 3
    assert set(expected) - set(done) == set()
    assert [one for one, times in done.items() if times > 1] == []


async def test_a_broker_killed_twenty_times_loses_no_command_and_doubles_none(killable, make_bus, eventually):
    asker, owner = make_bus(killable, "asker"), make_bus(killable, "owner")
    executed: Counter[str] = Counter()
    answers: dict[str, CommandDone] = {}

    async def execute(delivery: Delivery) -> CommandDone:
        if delivery.id not in answers:
            executed[delivery.id] += 1
            answers[delivery.id] = CommandDone(run=delivery.id)
        return answers[delivery.id]

    owner.take(topics.COMMAND_PRINTER, execute)
    await make_bus.start(asker, owner)
    killing = asyncio.create_task(kill_often(killable, 20, lambda: asker.connected and owner.connected, eventually))
    answered: list[str] = []

    async def ask_on_and_on(count: int) -> None:
        for _ in range(count):
            answered.append(await ask_until_answered(asker))
            if not killing.done():
                await asyncio.sleep(random.uniform(0.1, 0.25))

    await asyncio.gather(*(ask_on_and_on(MESSAGES // 10) for _ in range(10)), killing)
    assert len(set(answered)) == MESSAGES
    assert sorted(answered) == sorted(executed)
    assert set(executed.values()) == {1}
    assert asker.counters["reconnects"] >= 20


async def kill_often(broker, times: int, in_use, eventually) -> None:
    for _ in range(times):
        await eventually(in_use)
        await asyncio.sleep(random.uniform(0.0, 0.3))
        await asyncio.to_thread(broker.kill)
        await asyncio.sleep(random.uniform(0.0, 0.2))
        await asyncio.to_thread(broker.restart)


async def ask_until_answered(bus) -> str:
    """The same question with the same id, as a client does that was told 503."""
    request = SendGcode(id=new_id(), printer="p1", lines=["M105"])
    for _ in range(200):
        try:
            done = await bus.ask(topics.COMMAND_PRINTER, request, within=2.0)
        except Unavailable:
            await asyncio.sleep(0.1)
        else:
            assert done.run == request.id
            return done.run
    raise AssertionError("never answered")


async def test_a_killed_service_is_shown_as_lost(broker, base, make_bus, presences, eventually, tmp_path):
    bus = make_bus(broker, "watcher")
    states = presences(bus)
    await make_bus.start(bus)
    consumer = Consumer(broker.url, base, tmp_path / "consumer.db", chance=0.0)
    await consumer.start()
    try:
        await eventually(lambda: states[-1:] == ["online"])
    finally:
        await consumer.kill()
    await eventually(lambda: states[-1:] == ["lost"])
