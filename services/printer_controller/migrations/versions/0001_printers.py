"""Print files and folders, printers, runs, the journal, and the tables every service has."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.columns import UtcDateTime
from shared.common_tables import create_common_tables, drop_common_tables

revision = "printer_controller_0001"
down_revision = None
branch_labels = None
depends_on = None

_KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    create_common_tables(op)
    _create_files()
    _create_printers()
    _create_runs()


def _create_files() -> None:
    op.create_table(
        "print_file",
        sa.Column("key", _KEY, primary_key=True),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("folder_key", _KEY, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("display", sa.Text, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha1", sa.String, nullable=False),
        sa.Column("date", sa.BigInteger, nullable=False),
        sa.Column("user", sa.String),
        sa.Column("successes", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("seconds_total", sa.Float, nullable=False),
        sa.Column("last_print_time", sa.Float),
        sa.Column("last_date", sa.Float),
        sa.Column("last_success", sa.Boolean),
        sa.Column("last_seconds", sa.Float),
    )
    op.create_index("ix_print_file_folder_key", "print_file", ["folder_key"])
    op.create_index("ix_print_file_digest", "print_file", ["digest"])
    op.create_table(
        "print_folder",
        sa.Column("key", _KEY, primary_key=True),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("folder_key", _KEY, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("display", sa.Text, nullable=False),
        sa.Column("date", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_print_folder_folder_key", "print_folder", ["folder_key"])


def _create_printers() -> None:
    op.create_table(
        "printer",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("instance", sa.String, nullable=False),
        sa.Column("selected", _KEY),
        sa.Column("selected_by", sa.String),
        sa.Column("saved_port", sa.Text),
        sa.Column("saved_baudrate", sa.Integer),
        sa.Column("saved_autoconnect", sa.Boolean),
        sa.Column("unsafe", sa.Boolean, nullable=False),
    )
    op.create_table(
        "journal",
        sa.Column("printer", sa.String, primary_key=True),
        sa.Column("run", sa.String, nullable=False),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("modal", sa.Text, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
    )


def _create_runs() -> None:
    op.create_table(
        "run",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("printer", sa.String, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
        sa.Column("ended_at", UtcDateTime),
        sa.Column("file_key", _KEY, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("cancelling", sa.Boolean, nullable=False),
        sa.Column("announced", sa.Boolean, nullable=False),
    )
    op.create_index("ix_run_printer", "run", ["printer"])
    op.create_index("ix_run_ended_at", "run", ["ended_at"])
    op.create_index("ix_run_digest", "run", ["digest"])


def downgrade() -> None:
    for name in ("run", "journal", "printer", "print_folder", "print_file"):
        op.drop_table(name)
    drop_common_tables(op)
