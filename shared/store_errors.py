"""What the database says, in the words of `shared.errors`: busy or gone, full, or broken for good."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.errors import Broken, Invalid, JobError, OutOfSpace, Unavailable


class StoreFailed(Broken):
    """The database cannot be trusted any more (a failed sync, a damaged file): the process has to start anew."""

    default_code = "store_failed"


class Passing(Unavailable):
    """The database went away or gave another transaction the right of way: a moment later it can be tried again.

    Whether the transaction was committed may be unknown.
    """

    default_code = "database_lost"


_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL", "SQLITE_CANTOPEN", "SQLITE_INTERRUPT")
_FULL = ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE")
_FATAL = ("SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_NOTADB")
# PostgreSQL, appendix A: classes and single codes that pass in a moment, that pass with time, and of a full disk.
_PG_PASSING = ("08", "40", "57P01", "57P02", "57P03")
_PG_AGAIN = ("53", "55P03", "57")
_PG_FULL = ("53100",)
_PG_READ_ONLY = "25006"
_PG_BAD_TEXT = ("22021", "22P05")  # a NUL, which PostgreSQL keeps in no text


def translated(error: Exception, name: str) -> JobError | None:
    """The error to raise instead, or None when this one is for the caller (a broken constraint, a bug).

    `name` says whose database it was.
    """
    if isinstance(error, OSError) and _of_driver(error):  # TimeoutError is one
        return Passing(f"the {name} database does not answer: {error or type(error).__name__}")
    if isinstance(error, PoolTimeout):
        return Unavailable(f"all connections to the {name} database are in use", code="database_busy")
    if isinstance(error, IntegrityError) or not isinstance(error, StatementError):
        return None
    if isinstance(error.orig, sqlite3.Error):
        return _of_sqlite(error.orig, name)
    if isinstance(error, DBAPIError):
        return _of_postgresql(error, name)
    return None


def unreachable(name: str) -> Passing:
    """Nobody answers at the database's address."""
    return Passing(f"the {name} database cannot be reached", code="database_unreachable")


def _of_sqlite(error: sqlite3.Error, name: str) -> JobError | None:
    code = getattr(error, "sqlite_errorname", None) or ""
    if code.startswith(_FULL):
        return OutOfSpace(f"the disk of the {name} database is full; nothing was stored")
    if code.startswith(_BUSY):
        return Unavailable(f"the {name} database is busy", code="database_busy")
    if code.startswith(_FATAL):
        return StoreFailed(f"the {name} database failed: {error} ({code})")
    if code.startswith("SQLITE_READONLY"):
        return Broken(f"the {name} database cannot be written here: {error}")
    if "closed" in str(error) or "no active connection" in str(error):
        return Unavailable(f"the {name} database is closed", code="database_unreachable")
    return None


def _of_postgresql(error: DBAPIError, name: str) -> JobError | None:
    code = _sqlstate(error.orig)
    if code.startswith(_PG_FULL):
        return OutOfSpace(f"the disk of the {name} database is full; nothing was stored")
    if error.connection_invalidated or code.startswith(_PG_PASSING) or isinstance(error.orig, OSError):
        return Passing(f"the {name} database cannot be used now ({code or 'connection lost'})")
    if code == _PG_READ_ONLY:
        return Broken(f"the {name} database cannot be written here: {error.orig}")
    if code in _PG_BAD_TEXT:
        return Invalid("a text with a NUL in it cannot be kept", code="bad_text")
    if code.startswith(_PG_AGAIN):
        return Unavailable(f"the {name} database is busy ({code})", code="database_busy")
    return None


def _of_driver(error: OSError) -> bool:
    """Whether PostgreSQL's driver raised it: SQLAlchemy lets errors of the connection itself through as they are."""
    trace = error.__traceback__
    while trace is not None:
        if str(trace.tb_frame.f_globals.get("__name__")).startswith("asyncpg."):
            return True
        trace = trace.tb_next
    return False


def _sqlstate(error: Any) -> str:
    return str(getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or "")
