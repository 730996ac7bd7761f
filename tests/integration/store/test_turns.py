"""Transactions of one service take turns, in one process and in several: what one has read holds until it commits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlmodel import Field, SQLModel

from shared.settings import Settings
from shared.store import Store
from tests.support.database import open_store

TIMES = 15


class Tally(SQLModel, table=True):
    """A number that several count up."""

    __tablename__ = "tally"

    id: int = Field(primary_key=True)
    count: int = 0


@pytest.fixture
async def stores(database_settings: Settings) -> AsyncIterator[tuple[Store, Store]]:
    """Two processes' stores on one database."""
    first = await open_store(database_settings, "tested", Tally)
    second = Store.open(database_settings, "tested")
    async with first.transaction() as tx:
        tx.add(Tally(id=1))
    yield first, second
    await first.close()
    await second.close()


async def count_up(store: Store) -> None:
    """Read, think, write: no lock is asked for."""
    async with store.transaction() as tx:
        tally = await tx.get(Tally, 1)
        assert tally is not None
        await asyncio.sleep(0)
        tally.count += 1


async def counted(store: Store) -> int:
    async with store.reading() as tx:
        tally = await tx.get(Tally, 1)
        assert tally is not None
        return tally.count


async def test_no_count_is_lost_between_two_processes_that_read_before_they_write(stores: tuple[Store, Store]) -> None:
    await asyncio.gather(*(count_up(store) for store in stores for _ in range(TIMES)))
    assert await counted(stores[1]) == 2 * TIMES


async def test_who_reads_waits_for_no_writer(stores: tuple[Store, Store]) -> None:
    async with stores[0].transaction() as tx:
        await tx.execute(text("UPDATE tally SET count = 7"))
        assert await asyncio.wait_for(counted(stores[0]), 5) == await asyncio.wait_for(counted(stores[1]), 5) == 0


async def test_after_reading_a_connection_can_write_again(stores: tuple[Store, Store]) -> None:
    for expected in (1, 2, 3):
        await counted(stores[0])
        await count_up(stores[0])
        assert await counted(stores[0]) == expected
