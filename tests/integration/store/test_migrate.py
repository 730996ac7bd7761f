"""Migrations: from nothing to the newest, once however many try, all or nothing, and never backwards."""

from __future__ import annotations

import asyncio
import multiprocessing
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from shared.errors import Conflict, Unavailable
from shared.migrate import migrate
from shared.revisions import require_newest, revisions_in
from shared.settings import DatabaseSettings, Settings
from shared.store import Store
from tests.support.database import table_differences

FIRST = '''"""The common tables."""
from alembic import op
from shared.common_tables import create_common_tables

revision = "0001"
down_revision = None

def upgrade():
    create_common_tables(op)
'''
SECOND = '''"""A parent with children."""
import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"

def upgrade():
    op.create_table("parent", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
    op.create_table("child", sa.Column("parent", sa.Integer, sa.ForeignKey("parent.id", ondelete="CASCADE")))
    op.execute("INSERT INTO parent VALUES (1, 'one')")
    op.execute("INSERT INTO child VALUES (1)")
'''
THIRD = '''"""A column that SQLite can only drop by making the table anew."""
from alembic import op

revision = "0003"
down_revision = "0002"

def upgrade():
    with op.batch_alter_table("parent", recreate="auto") as parent:
        parent.drop_column("name")
'''
BROKEN = '''"""Fails after its first step."""
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

def upgrade():
    op.create_table("half", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("INSERT INTO nowhere VALUES (1)")
'''


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    (folder / "versions" / "__init__.py").touch()
    write(folder, "0001", FIRST)
    return folder


def write(scripts: Path, name: str, script: str) -> None:
    (scripts / "versions" / f"{name}_step.py").write_text(script)


async def tables(settings: Settings) -> set[str]:
    store = Store.open(settings, "tested")
    async with store.reading() as tx:
        names = await (await tx.connection()).run_sync(lambda line: set(inspect(line).get_table_names()))
    await store.close()
    return names


async def test_from_nothing_to_the_tables_that_the_code_declares(database_settings: Settings, scripts: Path) -> None:
    migrate(database_settings, "tested", scripts)
    migrate(database_settings, "tested", scripts)
    store = Store.open(database_settings, "tested")
    await require_newest(store, scripts)
    assert await table_differences(store) == []
    await store.close()


async def test_rows_and_what_refers_to_them_survive_a_table_made_anew(
    database_settings: Settings, scripts: Path
) -> None:
    write(scripts, "0002", SECOND)
    migrate(database_settings, "tested", scripts)
    write(scripts, "0003", THIRD)
    migrate(database_settings, "tested", scripts)
    store = Store.open(database_settings, "tested")
    async with store.reading() as tx:
        assert (await tx.execute(text("SELECT * FROM parent"))).all() == [(1,)]
        assert (await tx.execute(text("SELECT * FROM child"))).all() == [(1,)]
    await store.close()


async def test_processes_that_migrate_at_once_do_it_once(database_settings: Settings, scripts: Path) -> None:
    write(scripts, "0002", SECOND)
    context = multiprocessing.get_context("forkserver")
    processes = [
        context.Process(target=migrate, args=(database_settings, "tested", scripts), daemon=True) for _ in range(4)
    ]
    for process in processes:
        await asyncio.to_thread(process.start)
    for process in processes:
        await asyncio.to_thread(process.join, 60)
    assert [process.exitcode for process in processes] == [0] * 4
    assert {"outbox", "inbox", "lease", "parent", "child"} < await tables(database_settings)


async def test_a_script_that_fails_leaves_the_database_as_it_was(database_settings: Settings, scripts: Path) -> None:
    migrate(database_settings, "tested", scripts)
    before = await tables(database_settings)
    write(scripts, "0002", BROKEN)
    with pytest.raises(Exception, match="nowhere"):
        migrate(database_settings, "tested", scripts)
    assert await tables(database_settings) == before
    write(scripts, "0002", SECOND)
    migrate(database_settings, "tested", scripts)
    assert "parent" in await tables(database_settings)


async def test_a_database_newer_than_the_program_is_refused_in_one_sentence(
    database_settings: Settings, scripts: Path
) -> None:
    write(scripts, "0002", SECOND)
    migrate(database_settings, "tested", scripts)
    (scripts / "versions" / "0002_step.py").unlink()
    with pytest.raises(Conflict, match="newer than this program") as refused:
        migrate(database_settings, "tested", scripts)
    assert refused.value.code == "database_newer"
    store = Store.open(database_settings, "tested")
    with pytest.raises(Conflict, match="newer"):
        await require_newest(store, scripts)
    await store.close()


async def test_a_program_does_not_start_on_tables_that_are_not_there_or_old(
    database_settings: Settings, scripts: Path
) -> None:
    store = Store.open(database_settings, "tested")
    with pytest.raises(Conflict, match=r"services\.tested migrate"):
        await require_newest(store, scripts)
    migrate(database_settings, "tested", scripts)
    await require_newest(store, scripts)
    write(scripts, "0002", SECOND)
    with pytest.raises(Conflict, match="not up to date"):
        await require_newest(store, scripts)
    await store.close()


def test_the_revisions_are_read_without_running_the_scripts(scripts: Path) -> None:
    for name, script in (("0002", SECOND), ("0003", THIRD)):
        write(scripts, name, script)
    found = revisions_in(scripts)
    assert (found.known, found.heads) == ({"0001", "0002", "0003"}, {"0003"})


def test_a_server_that_is_away_is_said(scripts: Path) -> None:
    away = Settings(database=DatabaseSettings(url="postgresql://nobody@127.0.0.1:1/none"))
    with pytest.raises(Unavailable, match="cannot be reached"):
        migrate(away, "tested", scripts)
