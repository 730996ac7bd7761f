"""A service's own database: one transaction at a time on SQLite, a bounded pool on PostgreSQL, one face for both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from shared import last_rows, store_engines
from shared.errors import Unavailable
from shared.settings import Settings
from shared.sqlite_line import WRITER, SqliteLine, open_line
from shared.store_errors import StoreFailed, translated, unreachable

_TURN = 5.0  # seconds to wait for one's turn to write


class Store:
    """Open with `Store.open`; every wait for it ends within seconds as `Unavailable`."""

    def __init__(
        self,
        service: str,
        dialect: str,
        writer: AsyncEngine,
        reader: AsyncEngine,
        *,
        path: Path | None = None,
        synchronous: str = "FULL",
    ) -> None:
        self.service = service
        self.dialect = dialect
        self.path = path  # of the SQLite file
        self._synchronous = synchronous
        self._writer = writer
        self._reader = reader
        self._turn = asyncio.Lock() if dialect == "sqlite" else None
        self._watchers: list[Callable[[AsyncSession], None]] = []
        self._failed: StoreFailed | None = None
        self._failing = asyncio.Event()
        self._lines: dict[str, SqliteLine] = {}

    @classmethod
    def open(cls, settings: Settings, service: str) -> Store:
        """The store of `service`; nothing is connected yet, and the tables must have been made by `migrate`."""
        if store_engines.is_postgresql(settings):
            engine = store_engines.postgresql_engine(settings, service)
            return cls(service, "postgresql", engine, engine)
        path = store_engines.sqlite_path(settings, service)
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = store_engines.sqlite_writer(path, settings.database.synchronous)
        readers = store_engines.sqlite_readers(path)
        return cls(service, "sqlite", writer, readers, path=path, synchronous=settings.database.synchronous)

    def on_commit(self, callback: Callable[[AsyncSession], None]) -> None:
        """Call `callback` after every commit, with the session of the transaction; it must be quick and not raise."""
        self._watchers.append(callback)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A transaction that is committed at the end of the block, or rolled back when the block raises.

        Raises `Unavailable` for a database that is busy or gone, `OutOfSpace` for a full disk.
        """
        await self._take_turn()
        try:
            session = last_rows.collecting(AsyncSession(self._writer, expire_on_commit=False))
            try:
                await self._connect(session)
                yield session
                await self._commit(session)
            finally:
                await session.close()
        except Exception as error:
            self._raise(error)
        finally:
            if self._turn is not None:
                self._turn.release()
        for watcher in self._watchers:
            watcher(session)

    async def keep(self, table: Table, row: Mapping[str, Any]) -> None:
        """Store one row that must outlive this process but not a power cut, as quickly as the database can.

        `table` is one of the common tables. Raises what `transaction` does, and `IntegrityError`.
        """
        if self._turn is None:
            async with self.transaction() as tx:
                await last_rows.add(tx, table, row)
            return
        await self._take_turn()
        try:
            await last_rows.write_alone(await self._line("NORMAL"), {table.name: [row]})
        except Exception as error:
            self._raise(error)
        finally:
            self._turn.release()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """One consistent view; on SQLite it waits for no writer. Nothing written here is kept."""
        try:
            async with AsyncSession(self._reader, expire_on_commit=False) as session:
                await self._connect(session)
                yield session
        except Exception as error:
            self._raise(error)

    async def watch(self) -> NoReturn:
        """Raise when the database has failed in a way that only a new start can mend, such as a failed sync."""
        await self._failing.wait()
        assert self._failed is not None
        raise self._failed

    async def close(self) -> None:
        """Close all connections."""
        for line in self._lines.values():
            await line.close()
        self._lines.clear()
        for engine in {self._writer, self._reader}:
            await engine.dispose()

    async def _commit(self, session: AsyncSession) -> None:
        if self.dialect == "sqlite" and not session.in_transaction():
            await last_rows.write_alone(await self._line(self._synchronous), last_rows.collected(session))
            return
        await last_rows.write(session)
        await session.commit()

    async def _line(self, synchronous: str) -> SqliteLine:
        """A connection for transactions that go to the database's thread in one piece; it takes turns with the others.

        With `NORMAL` its commits do not wait for the disk.
        """
        assert self.path is not None
        if synchronous not in self._lines:
            self._lines[synchronous] = await open_line(self.path, WRITER, synchronous=synchronous)
        return self._lines[synchronous]

    async def _connect(self, session: AsyncSession) -> None:
        """A server that is away is told from an OSError of the caller's own by connecting first."""
        if self.dialect == "sqlite":
            return
        try:
            await session.connection()
        except (OSError, TimeoutError) as error:
            raise unreachable(self.service) from error

    async def _take_turn(self) -> None:
        if self._turn is None:
            return
        if not self._turn.locked():
            await self._turn.acquire()
            return
        try:
            async with asyncio.timeout(_TURN):
                await self._turn.acquire()
        except TimeoutError:
            raise Unavailable(f"the {self.service} database is busy", code="database_busy") from None

    def _raise(self, error: Exception) -> NoReturn:
        instead = translated(error, self.service)
        if isinstance(instead, StoreFailed):
            self._failed = self._failed or instead
            self._failing.set()
        if instead is None:
            raise error
        raise instead from error
