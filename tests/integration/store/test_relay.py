"""The outbox relay: everything that was committed goes out, in order, once while nothing breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest
from sqlalchemy import select

from shared import outbox, relay, relay_rows
from shared.common_tables import OUTBOX
from shared.contracts import topics
from shared.contracts.runs import Run, RunJob, RunStatus
from shared.errors import OutcomeUnknown, TooLarge, Unavailable
from shared.relay import BATCH, OutboxRelay
from shared.relay_claim import LEASE_SECONDS
from shared.settings import Settings
from shared.store import Store
from tests.support.bus import MemoryBus
from tests.support.clock import ManualClock, eventually


async def events(store: Store, clock: ManualClock, *subjects: str) -> None:
    """One transaction with an event for each subject."""
    async with store.transaction() as tx:
        for subject in subjects:
            await outbox.enqueue_event(
                tx, service="tested", name="noted", subject=subject, data={}, base="jobwire", now=clock.now()
            )


def subjects(bus: MemoryBus) -> list[str]:
    return [event.subject for event in bus.of(topics.EVENT)]


@asynccontextmanager
async def running(sending: OutboxRelay) -> AsyncIterator[OutboxRelay]:
    task = asyncio.create_task(sending.run())
    try:
        yield sending
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_what_was_committed_before_and_while_it_runs_goes_out_in_order(store: Store) -> None:
    clock, bus = ManualClock(), MemoryBus()
    await events(store, clock, "1", "2")
    async with running(OutboxRelay(store, bus, clock)):
        await eventually(lambda: len(bus.published) == 2)
        await events(store, clock, "3", "4")
        await events(store, clock, "5")
        await eventually(lambda: len(bus.published) == 5)
    assert subjects(bus) == ["1", "2", "3", "4", "5"]
    assert (await relay_rows.backlog(store)).count == 0


async def test_a_message_goes_as_the_catalogue_says_and_with_its_id(store: Store) -> None:
    clock, bus = ManualClock(), MemoryBus()
    run = Run(id="r1", status=RunStatus.RUNNING, job=RunJob(kind="print", id="a", name="a"), version=1)
    async with store.transaction() as tx:
        message_id = await outbox.enqueue(tx, topics.RUN, run, base="jobwire", now=clock.now(), expiry=60, run="r1")
    async with running(OutboxRelay(store, bus, clock)):
        await eventually(lambda: bus.published)
    sent = bus.published[0]
    assert (sent.name, sent.message, sent.retain, sent.qos, sent.expiry) == ("jobwire/run/r1", run, True, 1, 60)
    assert sent.id == message_id


async def test_what_was_rolled_back_is_never_sent(store: Store) -> None:
    clock, bus = ManualClock(), MemoryBus()
    async with running(OutboxRelay(store, bus, clock)) as sending:
        with suppress(RuntimeError):
            async with store.transaction() as tx:
                await outbox.enqueue_event(
                    tx, service="tested", name="noted", subject="x", data={}, base="jobwire", now=clock.now()
                )
                raise RuntimeError
        await events(store, clock, "kept")
        await sending.drain(2)
        await eventually(lambda: bus.published)
    assert subjects(bus) == ["kept"]


async def test_a_long_backlog_goes_out_in_order_while_more_is_committed(store: Store) -> None:
    clock, bus = ManualClock(), MemoryBus()
    wanted = [str(number) for number in range(3 * BATCH + 7)]
    await events(store, clock, *wanted)
    more = [f"more-{number}" for number in range(40)]
    async with running(OutboxRelay(store, bus, clock)):
        for subject in more:
            await events(store, clock, subject)
        await eventually(lambda: len(bus.published) == len(wanted) + len(more), within=20)
    assert subjects(bus) == wanted + more


async def test_a_failed_publish_is_repeated_and_order_holds_within_a_topic(store: Store) -> None:
    clock, bus = ManualClock(), MemoryBus()
    async with running(OutboxRelay(store, bus, clock)):
        bus.failures = [Unavailable("cut"), OutcomeUnknown("silent")]
        await events(store, clock, "1", "2", "3")
        for _ in range(500):
            if len(bus.published) == 3:
                break
            await clock.advance(10)
            await asyncio.sleep(0.01)
        await eventually(lambda: len(bus.published) == 3)
    assert subjects(bus) == ["1", "2", "3"]


async def test_an_absent_broker_loses_nothing(store: Store) -> None:
    clock, bus = ManualClock(), MemoryBus(connected=False)
    async with running(OutboxRelay(store, bus, clock)):
        for number in range(5):
            await events(store, clock, str(number))
        bus.connected = True
        for _ in range(10):
            await clock.advance(1)
            await asyncio.sleep(0.01)
        await eventually(lambda: len(bus.published) == 5)
    assert subjects(bus) == ["0", "1", "2", "3", "4"]


async def test_a_message_that_expired_while_it_waited_is_dropped_and_counted(store: Store) -> None:
    clock, bus = ManualClock(), MemoryBus()
    run = Run(id="r1", status=RunStatus.RUNNING, job=RunJob(kind="print", id="a", name="a"), version=1)
    async with store.transaction() as tx:
        await outbox.enqueue(tx, topics.RUN, run, base="jobwire", now=clock.now(), expiry=30, run="r1")
        await outbox.enqueue(tx, topics.RUN, run, base="jobwire", now=clock.now(), expiry=90, run="r2")
    await clock.advance(31)
    async with running(OutboxRelay(store, bus, clock)) as sending:
        await eventually(lambda: bus.published)
    assert [(sent.name, sent.expiry) for sent in bus.published] == [("jobwire/run/r2", 59)]
    assert sending.counters["dropped.expired"] == 1
    async with store.reading() as tx:
        assert list(await tx.scalars(select(OUTBOX.c.dropped).order_by(OUTBOX.c.seq))) == [True, False]


async def test_a_message_that_can_never_be_sent_does_not_block_the_rest(store: Store) -> None:
    clock, bus = ManualClock(), MemoryBus()
    bus.failures = [TooLarge("over the broker's limit")]
    await events(store, clock, "1", "2")
    async with running(OutboxRelay(store, bus, clock)) as sending:
        await eventually(lambda: bus.published)
    assert (subjects(bus), sending.counters["dropped.refused"]) == (["2"], 1)


async def test_what_another_process_commits_is_found_by_the_poll(
    store: Store, database_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(relay.POLL, "sqlite", 0.05)
    clock, bus = ManualClock(), MemoryBus()
    other = Store.open(database_settings, "tested")
    async with running(OutboxRelay(store, bus, clock)) as sending:
        await sending.drain(2)
        await events(other, clock, "from elsewhere")
        await eventually(lambda: bus.published)
    await other.close()
    assert subjects(bus) == ["from elsewhere"]


async def test_of_two_relays_one_sends_and_the_other_takes_over_when_it_ends(
    store: Store, database_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(relay.POLL, "sqlite", 0.05)
    clock, first_bus, second_bus = ManualClock(), MemoryBus(), MemoryBus()
    other = Store.open(database_settings, "tested")
    first, second = OutboxRelay(store, first_bus, clock, owner="a"), OutboxRelay(other, second_bus, clock, owner="b")
    async with running(second):
        async with running(first):
            await first.drain(2)
            await clock.advance(2)
            for number in range(10):
                await events(store if number % 2 else other, clock, str(number))
            await eventually(lambda: len(first_bus.published) + len(second_bus.published) >= 10)
        senders = [bus for bus in (first_bus, second_bus) if bus.published]
        assert len(senders) == 1
        assert sorted(subjects(senders[0])) == [str(number) for number in range(10)]
        for _ in range(5):
            await clock.advance(LEASE_SECONDS / 2)
            await asyncio.sleep(0.05)
        await events(store, clock, "last")
        await eventually(lambda: "last" in subjects(second_bus))
    await other.close()
    assert subjects(first_bus).count("last") == 0


async def test_old_rows_are_pruned_and_waiting_ones_stay(store: Store) -> None:
    clock, bus = ManualClock(), MemoryBus()
    async with running(OutboxRelay(store, bus, clock)):
        await events(store, clock, "old")
        await eventually(lambda: bus.published)
    await clock.advance(hours=30)
    await events(store, clock, "waiting")
    assert await relay_rows.prune(store, clock.now() + timedelta(days=30), outbox_days=1, inbox_days=7) == 1
    assert (await relay_rows.backlog(store)).count == 1


async def test_an_orderly_stop_sends_what_a_cancelled_commit_has_stored(
    store: Store, database_settings: Settings
) -> None:
    clock, bus = ManualClock(), MemoryBus()
    unheard = Store.open(database_settings, "tested")  # nothing is told, as when a commit's waiter is cancelled
    async with running(OutboxRelay(store, bus, clock)) as sending:
        await sending.drain(2)
        await events(unheard, clock, "the end of a print")
        await sending.drain(3)
        assert subjects(bus) == ["the end of a print"]
    await unheard.close()


async def test_a_relay_without_the_claim_has_nothing_to_drain(store: Store, database_settings: Settings) -> None:
    clock = ManualClock()
    other = Store.open(database_settings, "tested")
    async with running(OutboxRelay(store, MemoryBus(), clock, owner="a")) as first:
        await first.drain(2)
        async with running(OutboxRelay(other, MemoryBus(), clock, owner="b")) as second:
            await asyncio.wait_for(second.drain(30), 10)
    await other.close()
