"""What `enqueue` makes of a message: topic, id and expiry by the catalogue, and the row in the caller's transaction."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shared import outbox
from shared.common_tables import OUTBOX
from shared.contracts import topics
from shared.contracts.messages import Event
from shared.contracts.printers import StartPrint
from shared.contracts.runs import Run, RunJob, RunStatus
from shared.errors import Invalid
from shared.store import Store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUN = Run(id="r1", status=RunStatus.RUNNING, job=RunJob(kind="print", id="a", name="a"), version=1)


async def rows(store: Store) -> list[outbox.Outgoing]:
    columns = [OUTBOX.c[name] for name in outbox.Outgoing.__struct_fields__]
    async with store.reading() as tx:
        return [outbox.Outgoing(*row) for row in await tx.execute(select(*columns).order_by(OUTBOX.c.seq))]


async def test_messages_are_kept_in_the_order_of_the_transaction(store: Store) -> None:
    async with store.transaction() as tx:
        ids = [await outbox.enqueue(tx, topics.RUN, RUN, base="jobwire", now=NOW, run=f"r{n}") for n in range(5)]
    assert [row.id for row in await rows(store)] == ids
    assert len(set(ids)) == 5, "a state is a new message each time, whatever it is the state of"


async def test_an_event_says_what_happened_when_and_where(store: Store) -> None:
    async with store.transaction() as tx:
        event_id = await outbox.enqueue_event(
            tx, service="printer_controller", name="print_started", subject="virtual", data={"run": "r1"},
            base="home/jobwire", now=NOW, traceparent="00-1-2-01",
        )  # fmt: skip
    (row,) = await rows(store)
    assert (row.topic, row.id, row.qos, row.retain) == (
        "home/jobwire/event/printer_controller/print_started", event_id, 1, False,
    )  # fmt: skip
    assert msgspec.json.decode(row.payload, type=Event) == Event(
        id=event_id, type="print_started", source="home/jobwire/printer_controller", time=NOW, subject="virtual",
        traceparent="00-1-2-01", data={"run": "r1"},
    )  # fmt: skip


async def test_a_command_gets_an_id_and_a_time_and_keeps_the_ones_it_has(store: Store) -> None:
    async with store.transaction() as tx:
        for command in (StartPrint(), StartPrint(id="mine")):
            await outbox.enqueue(tx, topics.PRINTER_SET, command, base="jobwire", now=NOW, printer="virtual")
    fresh, kept = await rows(store)
    sent = msgspec.json.decode(fresh.payload, type=StartPrint)
    assert (sent.id, sent.time) == (fresh.id, NOW)
    assert kept.id == "mine"


async def test_the_expiry_is_the_catalogues_unless_the_caller_has_one(store: Store) -> None:
    async with store.transaction() as tx:
        await outbox.enqueue(tx, topics.LIST_FILES, StartPrint(), base="jobwire", now=NOW)
        await outbox.enqueue(tx, topics.LIST_FILES, StartPrint(), base="jobwire", now=NOW, expiry=3)
    assert [row.expiry_seconds for row in await rows(store)] == [topics.LIST_FILES.expiry, 3]


async def test_a_level_that_cannot_be_part_of_a_topic_stores_nothing(store: Store) -> None:
    with pytest.raises(Invalid):
        async with store.transaction() as tx:
            await outbox.enqueue(tx, topics.RUN, RUN, base="jobwire", now=NOW, run="../#")
    assert await rows(store) == []


async def test_a_session_that_is_not_the_stores_keeps_the_message_as_well(store: Store) -> None:
    async with store.transaction() as tx:
        own = AsyncSession(bind=await tx.connection())
        await outbox.enqueue(own, topics.RUN, RUN, base="jobwire", now=NOW, run="r1")
    assert len(await rows(store)) == 1
