"""Which revision of its tables a program knows, and which one the database has; Alembic itself is not loaded for that.

A running service would pay for Alembic with megabytes; only the `migrate` step needs it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import Conflict
from shared.store import Store
from shared.store_errors import translated

_NAMED = re.compile(r"^(revision|down_revision)(?::[^=]+)?\s*=\s*(.+)$", re.MULTILINE)
_QUOTED = re.compile(r"[\"']([^\"']+)[\"']")


@dataclass(frozen=True)
class Revisions:
    """The ids in a `versions` folder: all of them, and those that no other one follows."""

    known: frozenset[str]
    heads: frozenset[str]


def revisions_in(scripts: Path) -> Revisions:
    """Read the ids from `scripts/versions/*.py`."""
    ids: dict[str, set[str]] = {"revision": set(), "down_revision": set()}
    for file in sorted((scripts / "versions").glob("*.py")):
        for name, value in _NAMED.findall(file.read_text(encoding="utf-8")):
            ids[name].update(_QUOTED.findall(value))
    return Revisions(frozenset(ids["revision"]), frozenset(ids["revision"] - ids["down_revision"]))


def refuse_newer(service: str, found: set[str], revisions: Revisions) -> None:
    """Raises `Conflict` when the database knows a revision that this program does not."""
    unknown = sorted(found - revisions.known)
    if unknown:
        raise Conflict(
            f"the {service} database is newer than this program (revision {unknown[0]} is unknown here): "
            "install the newer version again or restore a backup",
            code="database_newer",
        )


async def require_newest(store: Store, scripts: Path) -> None:
    """Raises `Conflict` unless the tables are what this program was written for; `Unavailable` without a server."""
    revisions = revisions_in(scripts)
    async with store.reading() as tx:
        found = await _stored(tx, store.service)
    refuse_newer(store.service, found, revisions)
    if found != revisions.heads:
        raise Conflict(
            f"the {store.service} database is not up to date: run `python -m services.{store.service} migrate` first",
            code="database_older",
        )


async def _stored(tx: AsyncSession, service: str) -> set[str]:
    try:
        return set((await tx.execute(text("SELECT version_num FROM alembic_version"))).scalars())
    except DBAPIError as error:
        if translated(error, service) is not None:
            raise
        return set()  # the table of versions is not there: nothing has been made yet
