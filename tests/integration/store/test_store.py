"""The store: what is committed is there, what raises is not, and busy or gone is said in one kind of error."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, StatementError
from sqlmodel import Field, SQLModel, col

from shared import inbox, outbox
from shared.columns import StructColumn, UtcDateTime
from shared.common_tables import INBOX, OUTBOX
from shared.contracts.printers import CommandDone
from shared.contracts.runs import Run, RunJob, RunStatus
from shared.errors import Broken
from shared.settings import Settings
from shared.store import Store
from tests.support.database import open_store

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUN = Run(
    id="r1", status=RunStatus.RUNNING, job=RunJob(kind="print", id="a.gcode", name="a"), version=3, started_at=NOON
)


class Noted(SQLModel, table=True):
    """A row of every column type."""

    __tablename__ = "noted"
    model_config = {"arbitrary_types_allowed": True}

    id: int | None = Field(default=None, primary_key=True)
    at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    run: Run | None = Field(default=None, sa_type=StructColumn(Run | None))  # type: ignore[call-overload]


@pytest.fixture
async def noted(database_settings: Settings):
    store = await open_store(database_settings, "tested", Noted)
    yield store
    await store.close()


async def _ids(store: Store) -> list[int]:
    async with store.reading() as tx:
        return list(await tx.scalars(select(col(Noted.id)).order_by(col(Noted.id))))


async def test_a_struct_and_a_time_come_back_as_they_went_in(noted: Store) -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    async with noted.transaction() as tx:
        tx.add(Noted(id=1, at=elsewhere, run=RUN))
    async with noted.reading() as tx:
        row = await tx.get(Noted, 1)
    assert row is not None
    assert (row.at, row.at.utcoffset(), row.run) == (NOON, timedelta(0), RUN)


async def test_times_sort_by_the_moment_and_not_by_their_zone(noted: Store) -> None:
    east, west = timezone(timedelta(hours=9)), timezone(timedelta(hours=-9))
    times = [NOON.astimezone(west), NOON.astimezone(east) + timedelta(microseconds=1), NOON + timedelta(hours=1)]
    async with noted.transaction() as tx:
        tx.add_all([Noted(id=number, at=at) for number, at in enumerate(times)])
    async with noted.reading() as tx:
        found = list(await tx.scalars(select(col(Noted.id)).where(col(Noted.at) > NOON).order_by(col(Noted.at))))
    assert found == [1, 2]


async def test_a_time_without_a_zone_is_refused(noted: Store) -> None:
    with pytest.raises(StatementError, match="without a zone"):
        async with noted.transaction() as tx:
            tx.add(Noted(id=1, at=NOON.replace(tzinfo=None)))
    assert await _ids(noted) == []


async def test_a_block_that_raises_leaves_nothing(noted: Store) -> None:
    with pytest.raises(RuntimeError, match="no"):  # noqa: PT012
        async with noted.transaction() as tx:
            tx.add(Noted(id=1))
            await tx.flush()
            raise RuntimeError("no")
    assert await _ids(noted) == []


async def test_a_cancelled_transaction_leaves_nothing_and_the_next_one_works(noted: Store) -> None:
    inside = asyncio.Event()

    async def slow() -> None:
        async with noted.transaction() as tx:
            tx.add(Noted(id=1))
            await tx.flush()
            inside.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(slow())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with noted.transaction() as tx:
        tx.add(Noted(id=2))
    assert await _ids(noted) == [2]


async def test_a_broken_constraint_is_the_callers_to_see(noted: Store) -> None:
    async with noted.transaction() as tx:
        tx.add(Noted(id=1))
    with pytest.raises(IntegrityError):
        async with noted.transaction() as tx:
            tx.add(Noted(id=1))


async def test_an_os_error_of_the_caller_is_not_taken_for_the_databases(noted: Store) -> None:
    with pytest.raises(FileNotFoundError):
        async with noted.transaction():
            raise FileNotFoundError("a file of the caller")


async def test_many_writers_at_once_all_get_their_turn(noted: Store) -> None:
    async def add(number: int) -> None:
        async with noted.transaction() as tx:
            count = len((await tx.scalars(select(col(Noted.id)))).all())
            tx.add(Noted(id=number, run=None))
            assert count >= 0

    await asyncio.gather(*(add(number) for number in range(60)))
    assert await _ids(noted) == list(range(60))


async def test_a_reader_sees_one_moment_while_a_writer_commits(noted: Store) -> None:
    async with noted.reading() as tx:
        before = len((await tx.scalars(select(col(Noted.id)))).all())
        async with noted.transaction() as writing:
            writing.add(Noted(id=1))
        tx.expire_all()
        assert len((await tx.scalars(select(col(Noted.id)))).all()) == before == 0
    assert await _ids(noted) == [1]


async def test_nothing_written_while_reading_is_kept(noted: Store) -> None:
    with pytest.raises(Broken, match="cannot be written"):  # noqa: PT012
        async with noted.reading() as tx:
            tx.add(Noted(id=1))
            await tx.flush()
    assert await _ids(noted) == []


async def test_whoever_watches_commits_is_told_after_each_and_only_then(noted: Store) -> None:
    told: list[int] = []
    noted.on_commit(lambda _: told.append(1))
    async with noted.transaction() as tx:
        tx.add(Noted(id=1))
        assert told == []
    assert told == [1]
    with pytest.raises(RuntimeError):
        async with noted.transaction():
            raise RuntimeError
    assert told == [1]


async def test_an_id_that_another_transaction_recorded_first_undoes_the_second_one(noted: Store) -> None:
    for number, expectation in enumerate((contextlib.nullcontext(), pytest.raises(IntegrityError))):
        with expectation:
            async with noted.transaction() as tx:
                tx.add(Noted(id=number))
                await inbox.record(tx, "m1", None, NOON)
    assert await _ids(noted) == [0]


async def test_what_was_put_off_is_forgotten_by_a_rollback(noted: Store) -> None:
    with pytest.raises(RuntimeError):  # noqa: PT012
        async with noted.transaction() as tx:
            await inbox.record(tx, "m1", None, NOON)
            raise RuntimeError
    async with noted.transaction() as tx:
        tx.add(Noted(id=1))
    async with noted.reading() as tx:
        assert await inbox.recorded(tx, "m1") is None


@pytest.mark.parametrize("alone", [True, False])
async def test_what_was_put_off_is_there_with_the_commit(noted: Store, alone: bool) -> None:
    async with noted.transaction() as tx:
        await inbox.record(tx, "m1", CommandDone(run="r1"), NOON)
        if not alone:
            tx.add(Noted(id=1))
    async with noted.reading() as tx:
        stored = (await tx.execute(select(INBOX.c.id, INBOX.c.refused, INBOX.c.handled_at))).all()
    assert stored == [("m1", False, NOON)]


async def test_a_message_id_that_is_there_already_undoes_all_of_its_transaction(noted: Store) -> None:
    for _ in range(2):
        with contextlib.suppress(IntegrityError):
            async with noted.transaction() as tx:
                await inbox.record(tx, "m1", None, NOON)
                await outbox.enqueue_event(
                    tx, service="tested", name="noted", subject=None, data={}, base="jobwire", now=NOON
                )
    async with noted.transaction() as tx:
        await inbox.record(tx, "m2", None, NOON)
    async with noted.reading() as tx:
        ids = [row.id for row in (await tx.execute(select(INBOX.c.id))).all()]
        events = (await tx.execute(select(OUTBOX.c.id))).all()
    assert (sorted(ids), len(events)) == (["m1", "m2"], 1)
