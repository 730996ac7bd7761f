"""The tables that the scheduler owns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Integer, Text
from sqlmodel import Field, SQLModel

from shared.columns import StructColumn, UtcDateTime
from shared.contracts.timers import TimerWhen

SERIAL = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts only what is called INTEGER


class TimerRow(SQLModel, table=True):
    """One timer; `next_at` is when it fires next, or nothing while it does not."""

    __tablename__ = "timer"
    model_config = {"arbitrary_types_allowed": True}

    id: int | None = Field(default=None, primary_key=True, sa_type=SERIAL)
    enabled: bool = True
    job: int | None = Field(default=None, sa_type=BigInteger)
    when: TimerWhen = Field(sa_type=StructColumn(TimerWhen))
    extra: dict[str, Any] = Field(default_factory=dict, sa_type=StructColumn(dict[str, Any]))
    next_at: datetime | None = Field(default=None, index=True, sa_type=UtcDateTime)


class FiringRow(SQLModel, table=True):
    """A timer was due at `due_at`; `outcome` is `fired`, or `missed` when it was noticed too late."""

    __tablename__ = "timer_firing"

    timer: int = Field(primary_key=True, sa_type=BigInteger)
    due_at: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    at: datetime = Field(index=True, sa_type=UtcDateTime)
    outcome: str = Field(sa_type=Text)
