"""A PostgreSQL server that goes away and comes back: what was answered is kept, and acts once."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared import outbox, store_engines
from shared.bus import Delivery
from shared.clock import SystemClock
from shared.common_tables import INBOX, OUTBOX
from shared.contracts import topics
from shared.contracts.printers import CommandDone, StartPrint
from shared.decide import decide_once
from shared.errors import Unavailable
from shared.settings import DatabaseSettings, Settings
from shared.store import Store
from tests.support.database import make_database, open_store
from tests.support.postgresql import Stoppable, stoppable_server

pytestmark = [pytest.mark.postgres, pytest.mark.database("postgresql")]
CLOCK = SystemClock()
RESTARTS = 5
ASKERS = 6


@pytest.fixture(scope="module")
def server() -> Iterator[Stoppable]:
    with stoppable_server() as started:
        yield started


@pytest.fixture
def settings(server: Stoppable, tmp_path: Path) -> Settings:
    return Settings(data=str(tmp_path), database=DatabaseSettings(url=make_database(server=server.url)))


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Store]:
    opened = await open_store(settings)
    yield opened
    await opened.close()


async def decide(store: Store, message_id: str | None) -> Any:
    """One command whose effect is one outgoing message, of the same id."""
    message = StartPrint(printer="virtual", id=message_id)
    delivery = Delivery(topics.COMMAND_PRINTER, {}, b"", message, id=message_id)

    async def handler(tx: AsyncSession, command: StartPrint) -> CommandDone:
        await tx.execute(text("SELECT 1"))
        name = {"service": "tested", "name": "started"}
        await outbox.enqueue(tx, topics.EVENT, message, base="jobwire", now=CLOCK.now(), **name)
        return CommandDone(run=command.id)

    return await decide_once(store, delivery, handler, now=CLOCK.now())


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has other things to do may take long to start a server."""
    monkeypatch.setattr("shared.patience.WITHIN", 20.0)


@pytest.mark.usefixtures("patient")
async def test_every_command_during_restarts_is_answered_and_acts_once(server: Stoppable, store: Store) -> None:
    accepted, over = Counter[str](), asyncio.Event()

    async def ask(asker: int) -> None:
        number = 0
        while not over.is_set():
            number += 1
            name = f"{asker}-{number}"
            assert (await decide(store, name)).run == name
            accepted[name] += 1

    asking = [asyncio.create_task(ask(asker)) for asker in range(ASKERS)]
    for _ in range(RESTARTS):
        before = accepted.total()
        await asyncio.to_thread(server.stop)
        await asyncio.sleep(random.random() * 0.3)
        await asyncio.to_thread(server.start)
        async with asyncio.timeout(20):
            while accepted.total() < before + 20:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    over.set()
    await asyncio.wait_for(asyncio.gather(*asking), 30)
    async with store.reading() as tx:
        kept = Counter(await tx.scalars(select(INBOX.c.id)))
        effects = Counter(await tx.scalars(select(OUTBOX.c.id)))
    assert kept == effects == accepted


@pytest.mark.usefixtures("patient")
async def test_a_short_absence_is_waited_for(server: Stoppable, store: Store) -> None:
    await decide(store, "before")
    await asyncio.to_thread(server.stop)
    asking = asyncio.create_task(decide(store, "during"))
    await asyncio.sleep(0.1)
    await asyncio.to_thread(server.start)
    assert (await asyncio.wait_for(asking, 30)).run == "during"


async def test_a_long_absence_is_an_answer_within_seconds(server: Stoppable, store: Store) -> None:
    await asyncio.to_thread(server.stop)
    for message_id in ("long", None):
        with pytest.raises(Unavailable, match="the tested database cannot be"):
            await asyncio.wait_for(decide(store, message_id), 10)
    await asyncio.to_thread(server.start)
    assert (await asyncio.wait_for(decide(store, "long"), 10)).run == "long"


@pytest.mark.parametrize("opened", ["transaction", "reading"])
async def test_a_connection_that_says_nothing_any_more_is_given_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, opened: str
) -> None:
    monkeypatch.setattr(store_engines, "_ANSWER", 0.5)
    store = await open_store(settings)
    silent = 0
    try:
        with pytest.raises(Unavailable, match="does not answer"):  # noqa: PT012
            async with asyncio.timeout(10), getattr(store, opened)() as tx:
                silent = (await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one()
                os.kill(silent, signal.SIGSTOP)
                await tx.execute(text("SELECT 1"))
    finally:
        os.kill(silent, signal.SIGCONT)
    assert (await asyncio.wait_for(decide(store, "after"), 10)).run == "after"
    await store.close()
