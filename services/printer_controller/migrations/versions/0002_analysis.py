"""What files say of themselves, what their uploaders gave along, and whether an administrator uploaded them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "printer_controller_0002"
down_revision = "printer_controller_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "file_analysis",
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("result", sa.Text),
        sa.Column("summary", sa.Text),
        sa.Column("reason", sa.Text),
    )
    op.add_column("print_file", sa.Column("userdata", sa.Text))
    op.add_column("print_file", sa.Column("by_admin", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("print_file") as table:
        table.drop_column("by_admin")
        table.drop_column("userdata")
    op.drop_table("file_analysis")
