"""The tables that every service has."""

from __future__ import annotations

from alembic import op

from shared.common_tables import create_common_tables

revision = "example_0001"
down_revision = None


def upgrade() -> None:
    create_common_tables(op)
