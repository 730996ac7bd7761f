"""Loads, jobs and what belongs to them, runs, and the tables every service has."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime
from shared.common_tables import create_common_tables, drop_common_tables

revision = "load_controller_0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    "load", "load_state", "load_job", "flag", "condition", "smart_button", "house_record", "script", "house_counter",
    "load_run", "load_command",
)  # fmt: skip


def _id(name: str = "id") -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False)


def upgrade() -> None:
    create_common_tables(op)
    _create_loads()
    _create_definitions()
    _create_runs()


def _create_loads() -> None:
    op.create_table(
        "load",
        _id(),
        sa.Column("changes", sa.Text, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
    )
    op.create_index("ix_load_changed_at", "load", ["changed_at"])
    op.create_table(
        "load_state",
        _id("load"),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )


def _create_definitions() -> None:
    op.create_table("load_job", _id(), sa.Column("definition", sa.Text, nullable=False))
    op.create_table(
        "flag",
        _id(),
        sa.Column("symbol", sa.String, nullable=False, unique=True),
        sa.Column("value", sa.Boolean, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
    )
    op.create_table(
        "condition", _id(), sa.Column("expression", sa.Text, nullable=False), sa.Column("name", sa.Text, nullable=False)
    )
    op.create_table(
        "smart_button",
        _id(),
        sa.Column("device", sa.String, nullable=False),
        sa.Column("channel", sa.Integer, nullable=False),
        sa.Column("input_type", sa.String, nullable=False),
        sa.Column("job", sa.BigInteger),
    )
    op.create_table(
        "house_record",
        sa.Column("kind", sa.String, primary_key=True),
        _id(),
        sa.Column("contents", sa.Text, nullable=False),
    )
    op.create_table(
        "script",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("cron", sa.String),
    )
    op.create_table(
        "house_counter",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )


def _create_runs() -> None:
    op.create_table(
        "load_run",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("job", sa.BigInteger, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
        sa.Column("ended_at", UtcDateTime),
        sa.Column("announced", sa.Boolean, nullable=False),
    )
    op.create_index("ix_load_run_job", "load_run", ["job"])
    op.create_index("ix_load_run_ended_at", "load_run", ["ended_at"])
    op.create_table(
        "load_command",
        sa.Column("run", sa.String, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("shard", sa.Integer, nullable=False),
        sa.Column("load", sa.BigInteger, nullable=False),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("sent", sa.Boolean, nullable=False),
        sa.Column("until", UtcDateTime, nullable=False),
        sa.Column("receipt", sa.Text),
    )
    waiting = sa.text("receipt IS NULL")
    op.create_index("load_command_waiting", "load_command", ["shard"], sqlite_where=waiting, postgresql_where=waiting)


def downgrade() -> None:
    for name in reversed(_TABLES):
        op.drop_table(name)
    drop_common_tables(op)
