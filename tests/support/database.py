"""Databases for tests: on SQLite a file in the data folder, on PostgreSQL one of its own on the server of the test run.

A test that asks for `database` runs once on each of them (`databases_of`); `pytest --database` chooses one for all.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData
from sqlalchemy.engine import make_url
from sqlmodel import SQLModel

from shared import store_engines
from shared.common_tables import COMMON_TABLES
from shared.settings import DatabaseSettings, Settings
from shared.store import Store
from tests.support.postgresql import execute, postgresql_server

SERVICE = "tested"
SQLITE, POSTGRESQL = "sqlite", "postgresql"


# To make databases and tables takes longer than most tests: they are used again with the rows they began with.
_RESET = """DO $$ DECLARE one record; BEGIN
PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
SET LOCAL session_replication_role = replica;
FOR one IN SELECT schemaname, tablename FROM pg_tables WHERE schemaname LIKE 'jobwire%' LOOP
EXECUTE format('DELETE FROM %I.%I', one.schemaname, one.tablename);
IF to_regclass(format('kept.%I', one.schemaname || '.' || one.tablename)) IS NOT NULL THEN
EXECUTE format('INSERT INTO %I.%I SELECT * FROM kept.%I',
               one.schemaname, one.tablename, one.schemaname || '.' || one.tablename);
END IF; END LOOP; END $$"""
_KEEP = """DO $$ DECLARE one record; BEGIN CREATE SCHEMA kept;
FOR one IN SELECT schemaname, tablename FROM pg_tables WHERE schemaname LIKE 'jobwire%' LOOP
EXECUTE format('CREATE TABLE kept.%I AS TABLE %I.%I',
               one.schemaname || '.' || one.tablename, one.schemaname, one.tablename);
END LOOP; END $$"""

_used: dict[str, list[str]] = {}
_with_tables: set[tuple[str, str]] = set()


class Database:
    """Makes databases of one kind, one for each data folder; `drop` removes them."""

    def __init__(self, kind: str = SQLITE) -> None:
        self.kind = kind
        self._made: dict[Path, str] = {}
        self._reused: dict[Path, str] = {}

    def beside(self, data: Path, *, like: str | None = None, tables: str | None = None) -> DatabaseSettings:
        """The database that goes with a data folder, the same each time: empty at first, or a copy of `like`.

        Tests that give the same word for `tables` make the same ones: they get each other's databases without the rows.
        Whoever made `like` has called `keep_rows` on it.
        """
        if self.kind == SQLITE:
            return DatabaseSettings()
        if data not in self._made:
            used = _used.get(like or tables or "")
            self._made[data] = used.pop() if used else make_database(like)
            if like or tables:
                self._reused[data] = like or tables or ""
        return DatabaseSettings(url=self._made[data])

    def environment(self, data: Path) -> dict[str, str]:
        """The same as a service is told in its environment."""
        url = self.beside(data).url
        return {} if url is None else {"JOBWIRE_DATABASE_URL": url}

    def drop(self) -> None:
        """Remove them, or let the next test have them; who is still connected is cut off."""
        for data, kind in self._reused.items():
            url = self._made.pop(data)
            execute(url, _RESET)
            _used.setdefault(kind, []).append(url)
        self._reused.clear()
        names = [make_url(url).database for url in self._made.values()]
        self._made.clear()
        if names:
            execute(postgresql_server(), *(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)' for name in names))


def make_database(like: str | None = None, server: str | None = None) -> str:
    """The URL of a new database, empty or a copy of the one named `like`, which nobody may be using."""
    server = server or postgresql_server()
    name = f"t_{uuid.uuid4().hex[:12]}"
    template = f' TEMPLATE "{like}"' if like else ""
    execute(server, f'CREATE DATABASE "{name}"{template}')
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def keep_rows(url: str) -> str:
    """The name of a database whose copies are to begin with its rows; now nobody may be using it any more."""
    execute(url, _KEEP)
    return str(make_url(url).database)


def databases_of(metafunc: pytest.Metafunc, chosen: str, sqlite_only: tuple[str, ...]) -> list[Any]:
    """Where a test runs: on both, unless its marker `database` or the command line says otherwise.

    A marker that names a kind several times makes as many rounds.
    In the folders and modules `sqlite_only` the usual run is content with SQLite.
    """
    marker = metafunc.definition.get_closest_marker("database")
    possible = list(marker.args) if marker else [SQLITE, POSTGRESQL]
    if chosen != "each":
        possible = [kind for kind in possible if kind == chosen]
    elif marker is None and _within(metafunc.definition.path, sqlite_only):
        possible = [SQLITE]
    return [pytest.param(kind, marks=pytest.mark.postgres) if kind == POSTGRESQL else kind for kind in possible]


def _within(path: Path, places: tuple[str, ...]) -> bool:
    below = path.relative_to(Path(__file__).parents[1]).as_posix()
    return any(below == place or below.startswith(f"{place}/") for place in places)


def _database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """Databases for one test, or one module, on SQLite or PostgreSQL."""
    database = Database(request.param)
    yield database
    database.drop()


database = pytest.fixture(_database)
module_database = pytest.fixture(_database, scope="module", name="database")


@pytest.fixture
def database_settings(database: Database, tmp_path: Path) -> Settings:
    """Settings for an empty database."""
    return Settings(data=str(tmp_path), database=database.beside(tmp_path))


@pytest.fixture
async def store(database_settings: Settings) -> AsyncIterator[Store]:
    """A store with outbox, inbox and leases."""
    opened = await open_store(database_settings)
    yield opened
    await opened.close()


async def open_store(settings: Settings, service: str = SERVICE, *tables: type[SQLModel]) -> Store:
    """A store whose common tables, and those of `tables`, exist."""
    store = Store.open(settings, service)
    names = {*COMMON_TABLES, *(str(table.__tablename__) for table in tables)}
    wanted = [table for name, table in SQLModel.metadata.tables.items() if name in names]
    if (settings.database.url or "", service) in _with_tables:
        return store
    if store.dialect == POSTGRESQL:
        connection = await asyncpg.connect(settings.database.url)
        await connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{store_engines.schema(service)}"')
        await connection.close()
        _with_tables.add((str(settings.database.url), service))
    async with store.transaction() as tx:
        await (await tx.connection()).run_sync(lambda line: SQLModel.metadata.create_all(line, wanted))
    return store


async def table_differences(store: Store, *tables: type[SQLModel]) -> list[Any]:
    """How the tables that migrations made differ from what `tables` and the common ones declare; empty when equal."""
    names = {*COMMON_TABLES, *(str(table.__tablename__) for table in tables)}
    declared = MetaData()
    for name in names:
        SQLModel.metadata.tables[name].to_metadata(declared)

    def compare(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, declared))

    async with store.reading() as tx:
        return await (await tx.connection()).run_sync(compare)
