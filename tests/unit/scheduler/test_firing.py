"""A timer fires once, whoever looks, however often, and whatever the clock does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from sqlalchemy import func, select

from services.scheduler import timers
from services.scheduler.firing import LATE, Firing
from services.scheduler.models import FiringRow, TimerRow
from services.scheduler.timer_rules import Place
from shared.common_tables import OUTBOX
from shared.contracts.load_jobs import RunJob
from shared.contracts.timers import AmendTimer, CreateTimer, DeleteTimer, ReadTimers, ReplaceTimer, Timer, TimerWhen
from shared.errors import Invalid, NotFound
from shared.settings import Settings
from shared.store import Store
from tests.support.clock import ManualClock
from tests.support.database import open_store

PLACE = Place(47.38, 8.54, ZoneInfo("Europe/Zurich"))
NOON = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)  # 12:00 in Zurich


@pytest.fixture
async def store(database_settings: Settings) -> AsyncIterator[Store]:
    opened = await open_store(database_settings, "scheduler", TimerRow, FiringRow)
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


async def ask(store: Store, clock: ManualClock, request: Any) -> list[Timer]:
    async with store.transaction() as tx:
        rows = await timers.REQUESTS[type(request)](timers.Asked(tx, clock.now(), PLACE), request)
        return timers.shown(rows).timers


async def commands(store: Store) -> list[RunJob]:
    async with store.reading() as tx:
        rows = (await tx.execute(select(OUTBOX.c.topic, OUTBOX.c.payload).order_by(OUTBOX.c.seq))).all()
    return [msgspec.json.decode(row.payload, type=RunJob) for row in rows if row.topic.endswith("/run")]


async def count_of(store: Store, outcome: str) -> int:
    async with store.reading() as tx:
        statement = select(func.count()).select_from(FiringRow).where(FiringRow.outcome == outcome)  # type: ignore[arg-type]
        return int((await tx.execute(statement)).scalar_one())


def firing(store: Store, clock: ManualClock) -> Firing:
    return Firing(store, clock, PLACE, "jobwire")


async def test_a_timer_runs_its_job_at_its_time_and_again_the_next_day(store: Store, clock: ManualClock) -> None:
    (timer,) = await ask(store, clock, CreateTimer(job=20, when=TimerWhen(at="12:05")))
    clocked = firing(store, clock)
    assert await clocked.fire_due() == 0
    clock.jump(300)
    assert await clocked.fire_due() == 1
    assert await clocked.fire_due() == 0
    (command,) = await commands(store)
    assert (command.job, command.section, command.started_by) == (20, "trigger", f"timer {timer.id}")
    assert command.expires_at == clock.now() + timedelta(seconds=60)
    (shown,) = await ask(store, clock, ReadTimers(timer=timer.id))
    assert shown.next_at == (NOON + timedelta(days=1, minutes=5)).timestamp()


@pytest.mark.database("postgresql")
async def test_many_schedulers_fire_each_timer_once(store: Store, clock: ManualClock) -> None:
    for _ in range(40):
        await ask(store, clock, CreateTimer(job=1, when=TimerWhen(at="12:05")))
    clock.jump(301)
    await asyncio.gather(*(firing(store, clock).fire_due() for _ in range(8)))
    sent = [command.id for command in await commands(store)]
    assert len(sent) == len(set(sent)) == 40
    assert await count_of(store, "fired") == 40


async def test_what_is_noticed_too_late_is_missed_and_said_so(store: Store, clock: ManualClock) -> None:
    await ask(store, clock, CreateTimer(job=1, when=TimerWhen(at="12:05")))
    clock.jump(300 + LATE.total_seconds() + 1)
    assert await firing(store, clock).fire_due() == 1
    assert await commands(store) == []
    assert await count_of(store, "missed") == 1


async def test_a_clock_set_back_fires_nothing_twice(store: Store, clock: ManualClock) -> None:
    await ask(store, clock, CreateTimer(job=1, when=TimerWhen(at="12:05")))
    clocked = firing(store, clock)
    clock.jump(300)
    await clocked.fire_due()
    clock.jump(-3600)
    assert await clocked.fire_due() == 0
    clock.jump(3600)
    assert await clocked.fire_due() == 0
    assert len(await commands(store)) == 1


async def test_a_transaction_that_is_lost_fires_again_and_sends_once(store: Store, clock: ManualClock) -> None:
    await ask(store, clock, CreateTimer(job=1, when=TimerWhen(at="12:05")))
    clock.jump(300)
    clocked = firing(store, clock)
    fire = clocked._fire

    async def dies(*given: Any) -> None:
        await fire(*given)
        raise RuntimeError("the process is killed before the commit")

    clocked._fire = dies  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        await clocked.fire_due()
    assert await commands(store) == []
    assert await firing(store, clock).fire_due() == 1
    assert len(await commands(store)) == 1


async def test_the_loop_sleeps_until_the_next_timer_and_hears_of_new_ones(store: Store, clock: ManualClock) -> None:
    stopping, clocked = asyncio.Event(), firing(store, clock)
    running = asyncio.ensure_future(clocked.run(stopping))
    await clock.until_asleep()
    await ask(store, clock, CreateTimer(job=1, when=TimerWhen(at="12:01")))
    clocked.changed()
    async with asyncio.timeout(20):
        while not await commands(store):
            await clock.advance(1)
            await asyncio.sleep(0.005)
    assert timedelta(seconds=59) < clock.now() - NOON
    stopping.set()
    await asyncio.wait_for(running, 5)


async def test_a_timer_is_changed_as_asked_and_keeps_what_it_does_not_know(store: Store, clock: ManualClock) -> None:
    when = TimerWhen(every="Mon", at="13:00")
    (timer,) = await ask(store, clock, CreateTimer(job=1, when=when, extra={"color": "red"}))
    (amended,) = await ask(store, clock, AmendTimer(timer=timer.id, at="14:00"))
    assert (amended.job, amended.when, amended.extra) == (1, TimerWhen(every="Mon", at="14:00"), {"color": "red"})
    (off,) = await ask(store, clock, AmendTimer(timer=timer.id, enabled=False))
    assert off.next_at is None
    (replaced,) = await ask(store, clock, ReplaceTimer(timer=timer.id, when=TimerWhen(at="15:00")))
    assert (replaced.job, replaced.enabled, replaced.extra) == (None, True, {})
    assert await ask(store, clock, DeleteTimer(timer=timer.id)) == [replaced]
    assert await ask(store, clock, ReadTimers()) == []


@pytest.mark.parametrize("request_", [ReadTimers(timer=99), AmendTimer(timer=-1), DeleteTimer(timer=2**70)])
async def test_an_unknown_timer_is_not_found(store: Store, clock: ManualClock, request_: Any) -> None:
    with pytest.raises(NotFound, match="not found"):
        await ask(store, clock, request_)


async def test_what_cannot_be_understood_changes_nothing(store: Store, clock: ManualClock) -> None:
    (timer,) = await ask(store, clock, CreateTimer(job=1, when=TimerWhen(at="13:00")))
    for wrong in (AmendTimer(timer=timer.id, at="soon"), AmendTimer(timer=timer.id, extra={"x": "y" * 5000})):
        with pytest.raises(Invalid):
            await ask(store, clock, wrong)
    assert await ask(store, clock, ReadTimers()) == [timer]
