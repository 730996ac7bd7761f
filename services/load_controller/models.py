"""The tables that the load controller owns. Rows hold keys, states and times; what travels are the contracts.

Runs and what is to be done for them are written by `shared.last_rows`: their JSON is text that is encoded already.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String, Table, Text
from sqlmodel import Field, SQLModel

from shared import last_rows
from shared.columns import StructColumn, UtcDateTime
from shared.contracts.load_jobs import LoadJob


class LoadRow(SQLModel, table=True):
    """What clients changed about a load (`name`, `room`, `kind`, `unused`); the rest stands in the settings."""

    __tablename__ = "load"
    model_config = {"arbitrary_types_allowed": True}

    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    changes: dict[str, Any] = Field(sa_type=StructColumn(dict[str, Any]))
    changed_at: datetime = Field(index=True, sa_type=UtcDateTime)


class LoadStateRow(SQLModel, table=True):
    """What a load reported last, so that whoever holds it next knows."""

    __tablename__ = "load_state"
    model_config = {"arbitrary_types_allowed": True}

    load: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    attributes: dict[str, Any] = Field(sa_type=StructColumn(dict[str, Any]))
    at: datetime = Field(sa_type=UtcDateTime)


class JobRow(SQLModel, table=True):
    """A load job."""

    __tablename__ = "load_job"
    model_config = {"arbitrary_types_allowed": True}

    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    definition: LoadJob = Field(sa_type=StructColumn(LoadJob))


class FlagRow(SQLModel, table=True):
    """A system flag."""

    __tablename__ = "flag"

    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    symbol: str = Field(unique=True, sa_type=String)
    value: bool
    name: str = Field(sa_type=Text)


class ConditionRow(SQLModel, table=True):
    """A system condition; its value is worked out when it is asked for."""

    __tablename__ = "condition"

    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    expression: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)


class SmartButtonRow(SQLModel, table=True):
    """A smart button."""

    __tablename__ = "smart_button"

    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    device: str = Field(sa_type=String)
    channel: int
    input_type: str = Field(sa_type=String)
    job: int | None = Field(default=None, sa_type=BigInteger)


class RecordRow(SQLModel, table=True):
    """A scene, a room or the site, as clients know it."""

    __tablename__ = "house_record"
    model_config = {"arbitrary_types_allowed": True}

    kind: str = Field(primary_key=True, sa_type=String)
    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    contents: dict[str, Any] = Field(sa_type=StructColumn(dict[str, Any]))


class ScriptRow(SQLModel, table=True):
    """A stored script."""

    __tablename__ = "script"

    name: str = Field(primary_key=True, sa_type=String)
    text: str = Field(sa_type=Text)
    size: int = Field(sa_type=BigInteger)
    cron: str | None = Field(default=None, sa_type=String)


class CounterRow(SQLModel, table=True):
    """The highest id that was ever given of a kind: the id of something removed does not come back."""

    __tablename__ = "house_counter"

    name: str = Field(primary_key=True, sa_type=String)
    value: int = Field(sa_type=BigInteger)


class RunRow(SQLModel, table=True):
    """One run of a load job: `record` is JSON of `Run`; `announced` while it may stand on the broker."""

    __tablename__ = "load_run"

    id: str = Field(primary_key=True, sa_type=String)
    job: int = Field(index=True, sa_type=BigInteger)
    record: str = Field(sa_type=Text)
    ended_at: datetime | None = Field(default=None, index=True, sa_type=UtcDateTime)
    announced: bool = True


class CommandRow(SQLModel, table=True):
    """What one load still has to do for a run, or for a command alone; removed when the run ends.

    `command` is JSON of `Command`; `shard` whose holder does it; `sent` is true once it may have reached the device;
    after `until` it is not sent any more. `receipt` is JSON of `Receipt`, there when it is done.
    """

    __tablename__ = "load_command"

    run: str = Field(primary_key=True, sa_type=String)
    number: int = Field(primary_key=True)
    shard: int
    load: int = Field(sa_type=BigInteger)
    command: str = Field(sa_type=Text)
    sent: bool
    until: datetime = Field(sa_type=UtcDateTime)
    receipt: str | None = Field(default=None, sa_type=Text)


RUN: Table = RunRow.__table__  # type: ignore[attr-defined]
COMMAND: Table = CommandRow.__table__  # type: ignore[attr-defined]
TABLES = (
    LoadRow, LoadStateRow, JobRow, FlagRow, ConditionRow, SmartButtonRow, RecordRow, ScriptRow, CounterRow, RunRow,
    CommandRow,
)  # fmt: skip

Index("load_command_waiting", COMMAND.c.shard, sqlite_where=COMMAND.c.receipt.is_(None),
      postgresql_where=COMMAND.c.receipt.is_(None))  # fmt: skip
last_rows.include(RUN, COMMAND)
