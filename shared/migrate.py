"""Bring a service's tables to the newest revision: all or nothing, one process at a time, never backwards."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import store_engines
from shared.errors import Broken, Unavailable
from shared.revisions import refuse_newer, revisions_in
from shared.settings import Settings
from shared.store_errors import translated, unreachable

LOG = logging.getLogger(__name__)
ENVIRONMENT = Path(__file__).parent / "migrations"
_WAIT = 60.0  # seconds for another process that migrates
_ONE_BY_ONE = threading.Lock()  # Alembic keeps its context in module globals


def migrate(settings: Settings, service: str, scripts: Path) -> None:
    """Run the scripts in `scripts/versions` that the database of `service` does not have yet.

    May be called with or without a running event loop; blocks until done. Several processes may call it at once: one
    works, the others find it done. Raises `Conflict` for a database newer than the scripts, `Unavailable` when the
    server is away or another process holds the lock for a minute.
    """
    failures: list[BaseException] = []

    def work() -> None:
        try:
            with _ONE_BY_ONE:
                asyncio.run(_migrate(settings, service, scripts))
        except BaseException as error:  # handed over to the calling thread
            failures.append(error)

    thread = threading.Thread(target=work, name=f"migrate-{service}")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


async def _migrate(settings: Settings, service: str, scripts: Path) -> None:
    try:
        opened = _on_server if store_engines.is_postgresql(settings) else _in_file
        async with opened(settings, service) as connection:
            await connection.run_sync(_upgrade, service, scripts)
    except (OSError, TimeoutError) as error:
        raise unreachable(service) from error
    except Exception as error:
        instead = translated(error, service)
        if instead is None:
            raise
        raise instead from error


def _upgrade(connection: Connection, service: str, scripts: Path) -> None:
    before = set(MigrationContext.configure(connection).get_current_heads())
    revisions = revisions_in(scripts)
    refuse_newer(service, before, revisions)
    if before == revisions.heads:
        LOG.info("the %s database is up to date", service)
        return
    command.upgrade(configured(connection, scripts), "heads")
    if connection.dialect.name == "sqlite":
        _check_references(connection, service)
    LOG.info("the %s database is at revision %s now", service, ", ".join(sorted(revisions.heads)))


def configured(connection: Connection, scripts: Path, metadata: MetaData | None = None) -> Config:
    """Alembic's configuration for the scripts of one service on an open connection."""
    config = Config()
    config.set_main_option("script_location", str(ENVIRONMENT).replace("%", "%%"))
    config.set_main_option("version_locations", str(scripts / "versions").replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    config.attributes["metadata"] = metadata
    return config


def _check_references(connection: Connection, service: str) -> None:
    """Foreign keys are off while tables are made anew; a row left without its parent undoes the migration."""
    lost = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if lost:
        raise Broken(f"a migration would leave {len(lost)} rows of the {service} database without what they refer to")


@asynccontextmanager
async def _in_file(settings: Settings, service: str) -> AsyncIterator[AsyncConnection]:
    path = store_engines.sqlite_path(settings, service)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path.with_suffix(".migrating"), service):
        engine = store_engines.sqlite_writer(path, "FULL", foreign_keys=False)
        try:
            async with engine.begin() as connection:
                yield connection
        finally:
            await engine.dispose()


@contextmanager
def _locked(path: Path, service: str) -> Iterator[None]:
    """A lock that ends with its process; the file stays, because removing it would let two in."""
    with path.open("w") as file:
        deadline = time.monotonic() + _WAIT
        while not _try_lock(file):
            if time.monotonic() > deadline:
                raise Unavailable(f"another process has been migrating the {service} database for a minute")
            time.sleep(0.05)
        yield


def _try_lock(file: Any) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@asynccontextmanager
async def _on_server(settings: Settings, service: str) -> AsyncIterator[AsyncConnection]:
    schema = store_engines.schema(service)
    key = store_engines.lock_key("migrate", service)
    engine = store_engines.postgresql_engine(settings, service, pooled=False, limited=False)
    try:
        async with engine.begin() as connection:
            deadline = time.monotonic() + _WAIT
            while not (await connection.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": key})).scalar():
                if time.monotonic() > deadline:
                    raise Unavailable(f"another process has been migrating the {service} database for a minute")
                await asyncio.sleep(0.05)
            await connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
            yield connection
    finally:
        await engine.dispose()
