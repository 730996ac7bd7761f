"""An SQLite connection for SQLAlchemy that crosses to its thread once per statement, not four times.

aiosqlite runs a connection in a thread of its own. Through SQLAlchemy every statement then costs a crossing for the
cursor, one to execute, one to fetch and one to close. Here a statement is begun, executed and fetched in one; and the
first statement of a transaction brings its `BEGIN` along, which also makes SQLite's transactions real: Python's own
module would begin them late and not at all before a SELECT. A statement marked `LATER` crosses together with the next
one, or with the commit; should it fail, the error is raised there.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiosqlite

BUSY_SECONDS = 5.0
_STATEMENTS_KEPT = 256

WRITER = "BEGIN IMMEDIATE"  # takes the write lock at once, so that no transaction fails half-way for want of it
READER = "BEGIN"

LATER = "/* later */"  # for `prefix_with` of an INSERT whose outcome nobody looks at

_Answer = tuple[Any, int, "int | None", list[Any]]
Statement = tuple[str, Sequence[Any], bool]  # text, parameters (or rows of them), whether many


class LineCursor:
    """What SQLAlchemy needs of a cursor: the answer of one statement, fetched already."""

    __slots__ = ("arraysize", "description", "lastrowid", "line", "rowcount", "rows")

    def __init__(self, line: SqliteLine) -> None:
        self.line = line
        self.arraysize = 1
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.rows: list[Any] = []

    async def __aenter__(self) -> LineCursor:
        return self

    async def execute(self, operation: str, parameters: Sequence[Any] = ()) -> LineCursor:
        self._keep(await self.line.run_statement(operation, parameters, many=False))
        return self

    async def executemany(self, operation: str, parameters: Sequence[Any]) -> LineCursor:
        self._keep(await self.line.run_statement(operation, parameters, many=True))
        return self

    async def fetchall(self) -> list[Any]:
        rows, self.rows = self.rows, []
        return rows

    async def close(self) -> None:
        self.rows = []

    def _keep(self, answer: _Answer) -> None:
        self.description, self.rowcount, self.lastrowid, self.rows = answer


class SqliteLine(aiosqlite.Connection):
    """One open connection; `begin` is the statement that opens its transactions."""

    def __init__(self, path: Path, begin: str, pragmas: dict[str, str]) -> None:
        super().__init__(lambda: _connect(path, pragmas), iter_chunk_size=64)
        self.begin = begin
        self._later: list[Statement] = []
        self._thread.daemon = True  # a process that must end does not wait for a busy database

    def cursor(self) -> LineCursor:  # type: ignore[override]
        return LineCursor(self)

    async def run_statement(self, operation: str, parameters: Sequence[Any], *, many: bool) -> _Answer:
        """Execute in the thread, inside a transaction, and bring everything back."""
        statement = (operation, parameters, many)
        if operation.startswith(LATER, len("INSERT ")):
            self._later.append(statement)
            return None, -1, None, []
        statements, self._later = [*self._later, statement], []
        answer: _Answer = await self._execute(self._run_all, statements)  # type: ignore[no-untyped-call]
        return answer

    async def commit(self) -> None:
        statements, self._later = self._later, []
        await self._execute(self._run_and_commit, statements)  # type: ignore[no-untyped-call]

    async def write(self, statements: list[Statement]) -> None:
        """A whole transaction in one crossing; it is undone in there too, should a statement fail."""
        await self._execute(self._run_whole, statements)  # type: ignore[no-untyped-call]

    async def rollback(self) -> None:
        self._later = []
        await super().rollback()

    def _run_and_commit(self, statements: list[Statement]) -> None:
        self._run_all(statements)
        self._conn.commit()

    def _run_whole(self, statements: list[Statement]) -> None:
        try:
            self._run_and_commit(statements)
        except BaseException:
            self._conn.rollback()
            raise

    def _run_all(self, statements: list[Statement]) -> _Answer:
        answer: _Answer = (None, -1, None, [])
        for statement in statements:
            answer = self._run(*statement)
        return answer

    def _run(self, operation: str, parameters: Sequence[Any], many: bool) -> _Answer:
        connection = self._conn
        if not connection.in_transaction:
            connection.execute(self.begin)
        if many:
            return None, connection.executemany(operation, parameters).rowcount, None, []
        cursor = connection.execute(operation, parameters)
        rows = cursor.fetchall() if cursor.description else []
        return cursor.description, cursor.rowcount, cursor.lastrowid, rows


def _make_private(path: Path) -> None:
    """A new file is for its owner alone; SQLite gives the same mode to those beside it.

    One that is there is not opened: to close it would drop the locks that this process holds on it.
    """
    with contextlib.suppress(OSError):  # what is wrong with it SQLite will say
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _connect(path: Path, pragmas: dict[str, str]) -> sqlite3.Connection:
    _make_private(path)
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=_STATEMENTS_KEPT
    )
    for name, value in pragmas.items():
        connection.execute(f"PRAGMA {name}={value}")
    return connection


async def open_line(path: Path, begin: str, *, synchronous: str, foreign_keys: bool = True) -> SqliteLine:
    """Open `path` (made when absent) in WAL mode. A writer syncs every commit to the disk with `synchronous` FULL."""
    pragmas = {
        "journal_mode": "WAL",
        "synchronous": synchronous,
        "foreign_keys": "ON" if foreign_keys else "OFF",
        "query_only": "ON" if begin == READER else "OFF",
        "journal_size_limit": str(16 * 1024 * 1024),
    }
    line = SqliteLine(path, begin, pragmas)
    await line
    return line
