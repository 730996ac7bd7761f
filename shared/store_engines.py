"""Where a service's tables are: an SQLite file of its own, or a schema of its own on PostgreSQL."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool, StaticPool

from shared import sqlite_line
from shared.settings import Settings

CONNECTIONS = 8  # of one process to PostgreSQL
READERS = 3  # of one process on an SQLite file, each a thread
_WAIT = 5.0  # seconds for a connection
_ANSWER = 35.0  # seconds for an answer of a server that has gone without a word; it gives up itself after 30
_SERVER = {
    "statement_timeout": "30000",
    "lock_timeout": "5000",
    "idle_in_transaction_session_timeout": "15000",  # a stopped process keeps the others waiting no longer
    "timezone": "UTC",
}


def is_postgresql(settings: Settings) -> bool:
    """Whether the tables are on a server."""
    return (settings.database.url or "").startswith("postgresql")


def sqlite_path(settings: Settings, service: str) -> Path:
    """The database file of `service`; `sqlite:///folder` in the settings names another folder than the data folder."""
    url = settings.database.url
    folder = Path(make_url(url).database or settings.data) if url else settings.data_folder
    return folder / f"{service}.db"


def schema(service: str) -> str:
    """The PostgreSQL schema of `service`."""
    return f"jobwire_{service}"


def lock_key(purpose: str, service: str) -> int:
    """The number of an advisory lock: 64 bits with a sign."""
    digest = hashlib.sha256(f"{purpose} {schema(service)}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def reading(engine: AsyncEngine) -> AsyncEngine:
    """The same pool for transactions that only read: one view from beginning to end."""
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def postgresql_engine(settings: Settings, service: str, *, pooled: bool = True, limited: bool = True) -> AsyncEngine:
    """An engine on the service's schema. `limited` false leaves out the time limits, for migrations."""
    url = make_url(settings.database.url or "").set(drivername="postgresql+asyncpg")
    server = {"search_path": schema(service), "application_name": f"jobwire-{service}", **(_SERVER if limited else {})}
    answer = _ANSWER if limited else None
    arguments: dict[str, Any] = {"server_settings": server, "timeout": _WAIT, "command_timeout": answer}
    pool: dict[str, Any] = {"poolclass": NullPool}
    if pooled:
        pool = {"pool_size": CONNECTIONS, "max_overflow": 0, "pool_timeout": _WAIT, "pool_recycle": 3600}
    engine = create_async_engine(_for_asyncpg(url), connect_args=arguments, **pool)
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def sqlite_writer(path: Path, synchronous: str, *, foreign_keys: bool = True) -> AsyncEngine:
    """One connection that stays open; whoever uses it takes turns."""

    async def line(*_: Any, **__: Any) -> sqlite_line.SqliteLine:
        return await sqlite_line.open_line(path, sqlite_line.WRITER, synchronous=synchronous, foreign_keys=foreign_keys)

    return create_async_engine(
        "sqlite+aiosqlite:///file", async_creator=line, poolclass=StaticPool, pool_reset_on_return=None
    )


def sqlite_readers(path: Path) -> AsyncEngine:
    """A few connections that can only read, opened as they are needed."""

    async def line(*_: Any, **__: Any) -> sqlite_line.SqliteLine:
        return await sqlite_line.open_line(path, sqlite_line.READER, synchronous="NORMAL")

    return create_async_engine(
        "sqlite+aiosqlite:///file", async_creator=line, pool_size=READERS, max_overflow=0, pool_timeout=_WAIT
    )


def _for_asyncpg(url: URL) -> URL:
    """The URL in asyncpg's words: libpq's `sslmode` is its `ssl`."""
    mode = url.query.get("sslmode")
    return url if mode is None else url.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})


def _refuse_closed(connection: Any, *_: Any) -> None:
    """A pooled connection that the server has closed meanwhile is replaced before anybody notices."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError
