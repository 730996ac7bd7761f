"""Rows that a transaction writes last, together with its commit: ids of handled messages, and outgoing messages.

They are collected while the transaction is decided. On SQLite a transaction that wrote nothing else goes to the
database's thread once, as it is; that is the way of most commands, and the reason why they are answered quickly.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Insert, Table, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from shared.common_tables import INBOX, OUTBOX
from shared.sqlite_line import LATER, SqliteLine, Statement

_KEY = "last_rows"
_TABLES: list[Table] = []
_INSERTS: dict[str, Insert] = {}
_DEFAULTS: dict[str, dict[str, Any]] = {}

Row = Mapping[str, Any]


def include(*tables: Table) -> None:
    """Let rows of these tables be written last too. All rows of one transaction have the same columns in a table.

    What stands in such a column is a time, or a value that a database takes as it is.
    """
    for table in tables:
        if table.name not in _INSERTS:
            _TABLES.append(table)
        _INSERTS[table.name] = insert(table).prefix_with(LATER)
        _DEFAULTS[table.name] = {
            column.name: column.default.arg
            for column in table.c
            if isinstance(column.default, ScalarElementColumnDefault)
        }


include(INBOX, OUTBOX)


def collecting(tx: AsyncSession) -> AsyncSession:
    """Make `tx` keep such rows until `write`."""
    tx.info[_KEY] = {table.name: [] for table in _TABLES}
    return tx


async def add(tx: AsyncSession, table: Table, row: Row) -> None:
    """Write `row` at the end of `tx`; at once in a session that does not collect."""
    rows = tx.info.get(_KEY)
    if rows is None:
        await tx.execute(_INSERTS[table.name], [dict(row)])
    else:
        rows[table.name].append(row)


def rows_of(tx: AsyncSession, table: Table) -> Sequence[Row]:
    """What was added, in order."""
    return collected(tx).get(table.name, ())


async def write(tx: AsyncSession) -> None:
    """Write the rows through the session; the commit follows."""
    for table in _TABLES:
        rows = rows_of(tx, table)
        if rows:
            await tx.execute(_INSERTS[table.name], [dict(row) for row in rows])


async def write_alone(line: SqliteLine, rows: Mapping[str, Sequence[Row]]) -> None:
    """Write rows by the names of their tables, and commit, in one trip to the database's thread.

    Raises what SQLAlchemy would: `IntegrityError` for a message id that is there already, and its other errors.
    """
    statements = [_statement(table, rows[table.name]) for table in _TABLES if rows.get(table.name)]
    if not statements:
        return
    try:
        await line.write(statements)
    except sqlite3.Error as error:
        raise DBAPIError.instance(statements[0][0], None, error, sqlite3.Error) from error


def collected(tx: AsyncSession) -> Mapping[str, Sequence[Row]]:
    """All rows that were added, by the names of their tables."""
    rows: Mapping[str, Sequence[Row]] = tx.info.get(_KEY, {})
    return rows


def _statement(table: Table, rows: Sequence[Row]) -> Statement:
    rows = [{**_DEFAULTS[table.name], **row} for row in rows]
    names = list(rows[0])
    marks = ", ".join("?" * len(names))
    text = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 - our own names
    return text, [tuple(_stored(row[name]) for name in names) for row in rows], True


def _stored(value: Any) -> Any:
    """A value as the column types of `shared.columns` store it on SQLite."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    return value
