"""A service's own database, on SQLite or PostgreSQL: transactions take turns, whoever only reads waits for none.

What a transaction has read holds until it commits, in all processes of the service: a decision needs no locks of its
own. On SQLite the database itself sees to that, on PostgreSQL an advisory lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from shared import last_rows, store_engines
from shared.errors import Unavailable
from shared.settings import Settings
from shared.sqlite_line import WRITER, SqliteLine, open_line
from shared.store_errors import StoreFailed, translated, unreachable

_HASTY = "NORMAL"  # commits do not wait for the disk
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
        self._hasty = writer if path is None or synchronous == _HASTY else store_engines.sqlite_writer(path, _HASTY)
        self._turn = asyncio.Lock()
        self._lock = text(f"SELECT pg_advisory_xact_lock({store_engines.lock_key('write', service)})")
        self._watchers: list[Callable[[AsyncSession], None]] = []
        self._failed: StoreFailed | None = None
        self._failing = asyncio.Event()
        self._lines: dict[str, SqliteLine] = {}

    @classmethod
    def open(cls, settings: Settings, service: str) -> Store:
        """The store of `service`; nothing is connected yet, and the tables must have been made by `migrate`."""
        if store_engines.is_postgresql(settings):
            engine = store_engines.postgresql_engine(settings, service)
            return cls(service, "postgresql", engine, store_engines.reading(engine))
        path = store_engines.sqlite_path(settings, service)
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = store_engines.sqlite_writer(path, settings.database.synchronous)
        readers = store_engines.sqlite_readers(path)
        return cls(service, "sqlite", writer, readers, path=path, synchronous=settings.database.synchronous)

    def on_commit(self, callback: Callable[[AsyncSession], None]) -> None:
        """Call `callback` after every commit, with the session of the transaction; it must be quick and not raise."""
        self._watchers.append(callback)

    @asynccontextmanager
    async def transaction(self, *, lasting: bool = True) -> AsyncIterator[AsyncSession]:
        """A transaction that is committed at the end of the block, or rolled back when the block raises.

        One that is not `lasting` outlives this process, but not a power cut: it does not wait for the disk.
        Raises `Unavailable` for a database that is busy or gone, `OutOfSpace` for a full disk.
        """
        await self._take_turn()
        try:
            writer = self._writer if lasting else self._hasty
            session = last_rows.collecting(AsyncSession(writer, expire_on_commit=False))
            try:
                if self.dialect == "postgresql":
                    await self._connect(session)
                    await session.execute(self._lock)
                yield session
                await self._commit(session, lasting)
            except OSError:
                await self._give_up(session)
                raise
            finally:
                await session.close()
        except Exception as error:
            self._raise(error)
        finally:
            self._turn.release()
        for watcher in self._watchers:
            watcher(session)

    @asynccontextmanager
    async def quickly(self) -> AsyncIterator[AsyncSession]:
        """A transaction of last rows alone (`shared.last_rows`), which must outlive this process but not a power cut.

        Nothing is read in it. Raises what `transaction` does, and `IntegrityError`.
        """
        if self.dialect == "postgresql":
            async with self.transaction() as tx:
                yield tx
            return
        session = last_rows.collecting(AsyncSession())
        yield session
        await self._write_quickly(last_rows.collected(session))
        for watcher in self._watchers:
            watcher(session)

    async def _write_quickly(self, rows: Mapping[str, Sequence[last_rows.Row]]) -> None:
        await self._take_turn()
        try:
            await last_rows.write_alone(await self._line(_HASTY), rows)
        except Exception as error:
            self._raise(error)
        finally:
            self._turn.release()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """One consistent view; on SQLite it waits for no writer. Nothing written here is kept."""
        try:
            async with AsyncSession(self._reader, expire_on_commit=False) as session:
                try:
                    if self.dialect == "postgresql":
                        await self._connect(session)
                    yield session
                except OSError:
                    await self._give_up(session)
                    raise
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
        for engine in {self._writer, self._hasty, self._reader}:
            await engine.dispose()

    async def _commit(self, session: AsyncSession, lasting: bool) -> None:
        if self.dialect == "sqlite" and not session.in_transaction():
            await last_rows.write_alone(
                await self._line(self._synchronous if lasting else _HASTY), last_rows.collected(session)
            )
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
        try:
            await session.connection()
        except (OSError, TimeoutError) as error:
            raise unreachable(self.service) from error

    async def _give_up(self, session: AsyncSession) -> None:
        """A server that did not answer in time is not asked to roll back: that would take as long again."""
        if self.dialect == "postgresql":
            await session.invalidate()

    async def _take_turn(self) -> None:
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
