"""The tables that every service with a store has in its own database: outbox, inbox and leases.

A service's first migration calls `create_common_tables(op)`; a later change to these tables becomes a function here,
called by one new migration in each service.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, Index, Integer, LargeBinary, Table, Text
from sqlmodel import Field, SQLModel

from shared.columns import UtcDateTime

_SEQUENCE = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts only what is called INTEGER


class OutboxRow(SQLModel, table=True):
    """A message that was decided together with the rows around it. `dropped`: it expired before it could be sent."""

    __tablename__ = "outbox"

    seq: int | None = Field(default=None, primary_key=True, sa_type=_SEQUENCE)
    id: str = Field(unique=True, sa_type=Text)
    topic: str = Field(sa_type=Text)
    payload: bytes = Field(sa_type=LargeBinary)
    qos: int
    retain: bool
    expiry_seconds: int | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    dropped: bool = False


class InboxRow(SQLModel, table=True):
    """A message that was handled, with the answer as JSON; `refused` when the answer is an error."""

    __tablename__ = "inbox"

    id: str = Field(primary_key=True, sa_type=Text)
    answer: bytes | None = Field(default=None, sa_type=LargeBinary)
    refused: bool = False
    handled_at: datetime = Field(index=True, sa_type=UtcDateTime)


class LeaseRow(SQLModel, table=True):
    """Who holds what, until when; `fence` grows with every new claim."""

    __tablename__ = "lease"

    name: str = Field(primary_key=True, sa_type=Text)
    owner: str = Field(sa_type=Text)
    fence: int = Field(sa_type=BigInteger)
    until: datetime = Field(sa_type=UtcDateTime)


OUTBOX: Table = OutboxRow.__table__  # type: ignore[attr-defined]
INBOX: Table = InboxRow.__table__  # type: ignore[attr-defined]
LEASE: Table = LeaseRow.__table__  # type: ignore[attr-defined]
COMMON_TABLES = ("outbox", "inbox", "lease")

Index("outbox_waiting", OUTBOX.c.seq, sqlite_where=OUTBOX.c.published_at.is_(None),
      postgresql_where=OUTBOX.c.published_at.is_(None))  # fmt: skip


def create_common_tables(op: Any) -> None:
    """Make the tables; `op` is `alembic.op` inside a migration."""
    op.create_table(
        "outbox",
        sa.Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("id", Text, nullable=False, unique=True),
        sa.Column("topic", Text, nullable=False),
        sa.Column("payload", LargeBinary, nullable=False),
        sa.Column("qos", Integer, nullable=False),
        sa.Column("retain", sa.Boolean, nullable=False),
        sa.Column("expiry_seconds", Integer),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("published_at", UtcDateTime),
        sa.Column("dropped", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    waiting = sa.text("published_at IS NULL")
    op.create_index("outbox_waiting", "outbox", ["seq"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_table(
        "inbox",
        sa.Column("id", Text, primary_key=True),
        sa.Column("answer", LargeBinary),
        sa.Column("refused", sa.Boolean, nullable=False),
        sa.Column("handled_at", UtcDateTime, nullable=False),
    )
    op.create_index("ix_inbox_handled_at", "inbox", ["handled_at"])
    op.create_table(
        "lease",
        sa.Column("name", Text, primary_key=True),
        sa.Column("owner", Text, nullable=False),
        sa.Column("fence", BigInteger, nullable=False),
        sa.Column("until", UtcDateTime, nullable=False),
    )


def drop_common_tables(op: Any) -> None:
    """Undo `create_common_tables`."""
    for name in reversed(COMMON_TABLES):
        op.drop_table(name)
