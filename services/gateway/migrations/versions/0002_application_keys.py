"""Keys that applications asked for, and the applications that still wait for one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "gateway_0002"
down_revision = "gateway_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_key", sa.Column("application", sa.String(128)))
    op.create_table(
        "app_key_request",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("id", sa.String(64), nullable=False, unique=True),
        sa.Column("application", sa.String(128), nullable=False),
        sa.Column("user_name", sa.String(128)),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(36), sa.ForeignKey("account.id")),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("seen_at", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("app_key_request")
    op.drop_column("api_key", "application")
