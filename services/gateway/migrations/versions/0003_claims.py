"""Clients that wait for the gateway's button, and the accounts they have claimed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime

revision = "gateway_0003"
down_revision = "gateway_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "claim",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("user_name", sa.String(128), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("ends_at", UtcDateTime, nullable=False),
        sa.Column("granted_at", UtcDateTime),
    )
    op.create_index("ix_claim_ends_at", "claim", ["ends_at"])
    op.create_table(
        "claimed_account",
        sa.Column("account_id", sa.String(36), sa.ForeignKey("account.id"), primary_key=True),
        sa.Column("user_name", sa.String(128), nullable=False),
        sa.Column("details", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("claimed_account")
    op.drop_table("claim")
