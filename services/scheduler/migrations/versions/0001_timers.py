"""Timers and their firings, and the tables every service has."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime
from shared.common_tables import create_common_tables, drop_common_tables

revision = "scheduler_0001"
down_revision = None
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    create_common_tables(op)
    op.create_table(
        "timer",
        sa.Column("id", _SERIAL, primary_key=True, autoincrement=True),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("job", sa.BigInteger),
        sa.Column("when", sa.Text, nullable=False),
        sa.Column("extra", sa.Text, nullable=False),
        sa.Column("next_at", UtcDateTime),
        sqlite_autoincrement=True,  # the id of a removed timer does not come back
    )
    op.create_index("ix_timer_next_at", "timer", ["next_at"])
    op.create_table(
        "timer_firing",
        sa.Column("timer", sa.BigInteger, primary_key=True),
        sa.Column("due_at", UtcDateTime, primary_key=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
    )
    op.create_index("ix_timer_firing_at", "timer_firing", ["at"])


def downgrade() -> None:
    op.drop_table("timer_firing")
    op.drop_table("timer")
    drop_common_tables(op)
