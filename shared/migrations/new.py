"""For developers: write the next migration of a service by comparing its tables with its scripts.

python -m shared.migrations.new services/gateway services.gateway.callers.tables "what it does"
"""

from __future__ import annotations

import asyncio
import importlib
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from alembic import command
from sqlalchemy import Connection
from sqlmodel import SQLModel

import shared.common_tables  # noqa: F401  # declares the tables that every service has
from shared.migrate import configured
from shared.revisions import revisions_in
from shared.store_engines import sqlite_writer


def write(scripts: Path, service: str, message: str) -> None:
    """A script below `scripts/versions` that leads from the newest revision to the tables that are declared now."""
    number = len(revisions_in(scripts).known) + 1
    revision = f"{service}_{number:04d}"

    def compare(connection: Connection) -> None:
        config = configured(connection, scripts, SQLModel.metadata)
        config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
        command.upgrade(config, "heads")
        version_path = str(scripts / "versions")
        command.revision(config, message, autogenerate=True, rev_id=revision, version_path=version_path)

    asyncio.run(_on_empty(compare))


async def _on_empty(work: Callable[[Connection], None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = sqlite_writer(Path(folder) / "compared.db", "NORMAL", foreign_keys=False)
        async with engine.begin() as connection:
            await connection.run_sync(work)
        await engine.dispose()


def main(arguments: Sequence[str]) -> int:
    """The exit code."""
    if len(arguments) != 3:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    folder, models, message = arguments
    importlib.import_module(models)
    write(Path(folder) / "migrations", Path(folder).name, message)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
