"""Copies and moves of files and folders: where something goes by the one rule for names, and the rows that go there.

Every function works inside the caller's transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.printer_controller import file_names, files
from services.printer_controller.files import Content, Named
from services.printer_controller.models import FileRow, FolderRow
from shared.errors import Conflict, Invalid, NotFound
from shared.print_files import MACHINE_CODE


@dataclass(frozen=True)
class Place:
    """Where something goes: its canonical path, and the name people see there; null: as it was."""

    path: str
    display: str | None = None

    @property
    def values(self) -> dict[str, str]:
        """The columns of the row that goes there."""
        named = {"display": self.display} if self.display is not None else {}
        return {
            "key": file_names.key(self.path),
            "path": self.path,
            "folder_key": files.folder_key(self.path),
            "name": file_names.last(self.path),
            **named,
        }


async def place_of(tx: AsyncSession, found: Named, content: Content, destination: str, *, moves: bool) -> Place:
    """Where `found` goes when it is sent to `destination`: a folder that exists, or a whole path in one that does.

    Raises `NotFound` for a folder that does not exist, `Conflict` for what is there already, `Invalid` for a name that
    would not be accepted from an upload either (`invalid_type` for one that is no machine code).
    """
    place = await _named_place(tx, found, destination)
    if found.file is not None and file_names.extension(place.path) not in MACHINE_CODE:
        raise Invalid("Could not take that name, invalid type", code="invalid_type")
    key = file_names.key(place.path)
    if found.folder is not None and key.startswith(f"{found.row.key}/"):
        raise Conflict("A folder cannot be put into itself", code="into_itself")
    renames = moves and key == found.row.key and place.display is not None
    if not renames and await _is_taken(tx, place.path):
        raise Conflict("File or folder does already exist", code="exists")
    for path in [*content.paths, *content.folders]:
        file_names.check_size(place.path + path[len(found.row.path) :])
    return place


async def move(tx: AsyncSession, found: Named, place: Place) -> None:
    """Put it there; what is in a folder goes with it."""
    old, table = found.row, type(found.row)
    key, path = old.key, old.path
    if found.folder is not None:
        for below in (FileRow, FolderRow):
            shifted = _shifted(below, key, path, place)
            await tx.execute(
                update(below).where(files.below(below, key)).values(shifted)
                .execution_options(synchronize_session=False)
            )  # fmt: skip
    tx.expunge(old)
    await tx.execute(
        update(table).where(col(table.key) == key).values(place.values).execution_options(synchronize_session=False)
    )


async def copy(tx: AsyncSession, found: Named, place: Place) -> None:
    """Put a copy there, statistics and all, as OctoPrint does."""
    table, key = type(found.row), found.row.key
    values = {name: literal(value) for name, value in place.values.items()}
    await _insert(tx, table, values, col(table.key) == key)
    if found.folder is not None:
        for below in (FileRow, FolderRow):
            await _insert(tx, below, _shifted(below, key, found.row.path, place), files.below(below, key))


async def _named_place(tx: AsyncSession, found: Named, wanted: str) -> Place:
    destination = file_names.wanted_path(wanted)
    folder = await files.find_folder(tx, destination) if destination else None
    if not destination or (folder is not None and folder.key != found.row.key):
        return Place(files.under(folder.path if folder is not None else "", found.row.name))
    above, name = file_names.parent(destination), file_names.last(destination)
    parent = await files.find_folder(tx, above) if above else None
    if above and parent is None:
        raise NotFound(f"There is no folder {above!r}")
    shown = file_names.shown(file_names.last(wanted.rstrip("/")))
    return Place(files.under(parent.path if parent is not None else "", name), shown)


async def _is_taken(tx: AsyncSession, path: str) -> bool:
    return await files.find(tx, path) is not None or await files.find_folder(tx, path) is not None


def _shifted(table: type[FileRow] | type[FolderRow], key: str, path: str, place: Place) -> dict[str, Any]:
    """The columns of the rows below a folder, once it stands at `place`."""
    new_key = file_names.key(place.path)
    return {
        "key": _with_head(col(table.key), key, new_key),
        "folder_key": _with_head(col(table.folder_key), key, new_key),
        "path": _with_head(col(table.path), path, place.path),
    }


def _with_head(column: Any, old: str, new: str) -> ColumnElement[str]:
    return literal(new).concat(func.substr(column, len(old) + 1))


async def _insert(tx: AsyncSession, table: Any, changed: dict[str, Any], which: ColumnElement[bool]) -> None:
    columns = table.__table__.columns
    query = select(*(changed.get(column.name, column) for column in columns)).where(which)
    await tx.execute(insert(table).from_select([column.name for column in columns], query))
