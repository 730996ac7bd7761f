"""What the store says and does when its database is busy, full, broken, away or cut off."""

from __future__ import annotations

import asyncio
import os
import sqlite3

import pytest
from sqlalchemy import text
from sqlalchemy.exc import StatementError
from sqlmodel import Field, SQLModel, col, select

from shared.errors import Invalid, OutOfSpace, Unavailable
from shared.settings import DatabaseSettings, Settings
from shared.store import Store
from shared.store_errors import StoreFailed
from tests.support.database import open_store

_PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


class Kept(SQLModel, table=True):
    """A row."""

    __tablename__ = "kept"

    id: int | None = Field(default=None, primary_key=True)


@pytest.fixture
async def kept(database_settings: Settings):
    store = await open_store(database_settings, "tested", Kept)
    yield store
    await store.close()


async def _ids(store: Store) -> list[int]:
    async with store.reading() as tx:
        return list(await tx.scalars(select(col(Kept.id)).order_by(col(Kept.id))))


async def test_every_commit_on_sqlite_is_synced_and_the_file_is_in_wal_mode(tmp_path) -> None:
    store = await open_store(Settings(data=str(tmp_path)))
    async with store.transaction() as tx:
        values = [(await tx.execute(text(f"PRAGMA {name}"))).scalar() for name in _PRAGMAS]
    await store.close()
    assert dict(zip(_PRAGMAS, values, strict=True)) == _PRAGMAS


async def test_what_belongs_to_a_new_sqlite_database_is_for_its_owner_alone(tmp_path) -> None:
    store = await open_store(Settings(data=str(tmp_path)), "tested", Kept)
    async with store.transaction() as tx:
        tx.add(Kept(id=1))
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("tested.db*")}
    assert modes == dict.fromkeys(("tested.db", "tested.db-wal", "tested.db-shm"), 0o600)
    await store.close()


async def test_a_database_that_another_process_keeps_busy_is_unavailable(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("shared.sqlite_line.BUSY_SECONDS", 0.05)
    store = await open_store(Settings(data=str(tmp_path)))
    other = sqlite3.connect(tmp_path / "tested.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="busy"):
        async with store.transaction() as tx:
            await tx.execute(text("SELECT 1"))
    other.execute("ROLLBACK")
    other.close()
    async with store.transaction() as tx:
        assert (await tx.execute(text("SELECT 1"))).scalar() == 1
    await store.close()


async def test_waiting_for_a_turn_to_write_ends(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("shared.store._TURN", 0.05)
    store = await open_store(Settings(data=str(tmp_path)))
    async with store.transaction():
        with pytest.raises(Unavailable, match="busy"):
            async with store.transaction():
                pass
    await store.close()


async def test_a_full_disk_is_said_and_the_next_transaction_works(tmp_path) -> None:
    store = await open_store(Settings(data=str(tmp_path)), "tested", Kept)
    async with store.transaction() as tx:
        await tx.execute(text("PRAGMA max_page_count = 40"))
    with pytest.raises(OutOfSpace, match="full"):
        async with store.transaction() as tx:
            await tx.execute(text("CREATE TABLE large AS SELECT zeroblob(1000000) AS bytes"))
    async with store.transaction() as tx:
        tx.add(Kept(id=1))
    assert await _ids(store) == [1]
    await store.close()


async def test_a_failed_sync_ends_the_service_and_nothing_is_accepted(tmp_path) -> None:
    store = await open_store(Settings(data=str(tmp_path)), "tested", Kept)
    watching = asyncio.create_task(store.watch())
    failure = sqlite3.OperationalError("disk I/O error")
    failure.sqlite_errorname = "SQLITE_IOERR_FSYNC"  # type: ignore[misc]
    with pytest.raises(StoreFailed):
        async with store.transaction():
            raise StatementError("commit", "COMMIT", None, failure)
    with pytest.raises(StoreFailed):
        await asyncio.wait_for(watching, 1)
    await store.close()


@pytest.mark.database("postgresql")
async def test_connections_that_the_server_cut_are_replaced_unnoticed(kept: Store, database_settings: Settings) -> None:
    async with kept.transaction() as tx:
        mine = (await tx.execute(text("SELECT pg_backend_pid()"))).scalar()
    other = Store.open(database_settings, "other")
    async with other.transaction() as tx:
        await tx.execute(text(f"SELECT pg_terminate_backend({mine})"))
    await asyncio.sleep(0.1)
    async with kept.transaction() as tx:
        tx.add(Kept(id=1))
    assert await _ids(kept) == [1]
    await other.close()


@pytest.mark.database("postgresql")
async def test_a_connection_cut_in_the_middle_is_unavailable_and_undone(
    kept: Store, database_settings: Settings
) -> None:
    other = Store.open(database_settings, "other")
    with pytest.raises(Unavailable):  # noqa: PT012
        async with kept.transaction() as tx:
            tx.add(Kept(id=1))
            await tx.flush()
            mine = (await tx.execute(text("SELECT pg_backend_pid()"))).scalar()
            async with other.transaction() as killing:
                await killing.execute(text(f"SELECT pg_terminate_backend({mine})"))
            await tx.execute(text("SELECT 1"))
    assert await _ids(kept) == []
    await other.close()


async def test_a_server_that_is_away_is_unavailable_at_once() -> None:
    settings = Settings(database=DatabaseSettings(url="postgresql://nobody@127.0.0.1:1/none"))
    store = Store.open(settings, "tested")
    for opened in (store.transaction, store.reading):
        with pytest.raises(Unavailable, match="cannot be reached"):
            async with opened():
                pass
    await store.close()


def test_the_process_has_not_kept_files_open(tmp_path) -> None:
    async def once() -> None:
        store = await open_store(Settings(data=str(tmp_path)))
        async with store.reading() as tx:
            await tx.execute(text("SELECT 1"))
        await store.close()

    asyncio.run(once())
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        asyncio.run(once())
    assert len(os.listdir("/proc/self/fd")) <= before


@pytest.mark.database("postgresql")
async def test_a_text_that_the_database_cannot_keep_is_the_askers_fault(kept: Store) -> None:
    with pytest.raises(Invalid, match="NUL"):
        async with kept.transaction() as tx:
            await tx.execute(text("SELECT CAST(:given AS TEXT)"), {"given": "a\0b"})
    assert await _ids(kept) == []
