"""The print files and folders as rows: found, added, replaced, removed, and counted after prints.

Every function works inside the caller's transaction and decides nothing about printers; the bytes are elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.printer_controller import file_names
from services.printer_controller.models import FileRow, FolderRow
from shared.contracts.files import AddFile
from shared.errors import Conflict, NotFound


@dataclass(frozen=True)
class Named:
    """What a path names: exactly one of a file and a folder."""

    file: FileRow | None = None
    folder: FolderRow | None = None

    @property
    def row(self) -> FileRow | FolderRow:
        """The one it is."""
        row = self.file or self.folder
        assert row is not None
        return row


@dataclass(frozen=True)
class Content:
    """What goes with a file or folder: the keys, digests and paths of all files, and the paths of all folders."""

    keys: list[str]
    digests: list[str]
    paths: list[str]
    folders: list[str]


async def find(tx: AsyncSession, path: str) -> FileRow | None:
    """The file of that path or of a twin of it."""
    return await tx.get(FileRow, file_names.key(path))


async def find_folder(tx: AsyncSession, path: str) -> FolderRow | None:
    """The folder of that path or of a twin of it."""
    return await tx.get(FolderRow, file_names.key(path))


async def named(tx: AsyncSession, path: str) -> Named:
    """The file or folder of that path. Raises `NotFound`."""
    file = await find(tx, path)
    folder = await find_folder(tx, path) if file is None else None
    if file is None and folder is None:
        raise NotFound(f"There is no file or folder {path!r}")
    return Named(file, folder)


async def put(
    tx: AsyncSession, path: str, command: AddFile, user: str | None, now: datetime, *, by_admin: bool = False
) -> FileRow:
    """Store the file at the canonical `path`, making folders on the way; a file of the same key is replaced.

    A replaced file keeps its path; its count of prints stays only with the same content. Raises `Conflict` when a
    folder or a file is in the way.
    """
    path = await make_folders(tx, path, now)
    if await find_folder(tx, path) is not None:
        raise Conflict("A folder of that name already exists", code="is_a_folder")
    row = await find(tx, path)
    if row is not None and command.no_overwrite:
        raise Conflict("File already exists and noOverwrite was set", code="file_exists")
    if row is None:
        row = FileRow(key=file_names.key(path), path=path, name=file_names.last(path), folder_key=folder_key(path))
        tx.add(row)
    if row.digest != command.digest:
        _forget_prints(row)
    row.display = file_names.shown(command.name)
    row.digest, row.size, row.sha1 = command.digest, command.size, command.hash
    row.date, row.user, row.by_admin = int(now.timestamp()), user, by_admin
    row.userdata = command.userdata
    await tx.flush()
    return row


async def make_folders(tx: AsyncSession, path: str, now: datetime, made: list[str] | None = None) -> str:
    """Make the folders above `path`; answers `path` in the spelling of those that were there before.

    The paths of those that were not are put into `made`.
    """
    above = ""
    for wanted in file_names.parents(path):
        above = (await make_folder(tx, under(above, file_names.last(wanted)), now, made=made)).path
    return under(above, file_names.last(path))


async def make_folder(
    tx: AsyncSession, path: str, now: datetime, display: str | None = None, made: list[str] | None = None
) -> FolderRow:
    """The folder `path`, made when it is not there; those above it must be. Raises `Conflict` for a file there."""
    if await find(tx, path) is not None:
        raise Conflict("A file of that name already exists", code="is_a_file")
    row = await find_folder(tx, path)
    if row is None:
        name = file_names.last(path)
        row = FolderRow(
            key=file_names.key(path), path=path, name=name, display=display or name,
            date=int(now.timestamp()), folder_key=folder_key(path),
        )  # fmt: skip
        tx.add(row)
        await tx.flush()
        if made is not None:
            made.append(path)
    return row


async def content_of(tx: AsyncSession, found: Named) -> Content:
    """Everything that goes with it, itself included."""
    if found.file is not None:
        return Content([found.file.key], [found.file.digest], [found.file.path], [])
    columns = (col(FileRow.key), col(FileRow.digest), col(FileRow.path))
    files = (await tx.execute(select(*columns).where(below(FileRow, found.row.key)))).all()
    folders = await tx.scalars(select(col(FolderRow.path)).where(below(FolderRow, found.row.key)))
    return Content(
        [key for key, _, _ in files],
        [digest for _, digest, _ in files],
        [path for _, _, path in files],
        [found.row.path, *folders],
    )


async def remove(tx: AsyncSession, found: Named) -> None:
    """Remove it with all in it; the blobs are removed by whoever finds them unused."""
    key = found.row.key
    if found.file is not None:
        await tx.execute(delete(FileRow).where(col(FileRow.key) == key))
        return
    await tx.execute(delete(FileRow).where(below(FileRow, key)))
    await tx.execute(delete(FolderRow).where(below(FolderRow, key) | (col(FolderRow.key) == key)))


async def count_print(tx: AsyncSession, key: str, *, success: bool, seconds: float, now: datetime) -> None:
    """Add a finished print to a file's statistics; no file is replaced or removed while it is printed."""
    row = await tx.get(FileRow, key)
    if row is None:
        return
    row.last_date, row.last_success, row.last_seconds = now.timestamp(), success, seconds
    if success:
        row.successes += 1
        row.seconds_total += seconds
        row.last_print_time = seconds
    else:
        row.failures += 1


async def digests_in_use(tx: AsyncSession, digests: list[str]) -> set[str]:
    """Those of the digests that a file still needs."""
    return set(await tx.scalars(select(col(FileRow.digest)).where(col(FileRow.digest).in_(digests))))


def below(table: type[FileRow] | type[FolderRow], key: str) -> ColumnElement[bool]:
    """The rows below the folder of that key, as a range of the primary key: keys are ordered by their bytes."""
    return (col(table.key) > f"{key}/") & (col(table.key) < f"{key}0")  # `0` follows `/`


def average(row: FileRow) -> float | None:
    """The mean time in seconds of the prints that ended well."""
    return row.seconds_total / row.successes if row.successes else None


def _forget_prints(row: FileRow) -> None:
    row.successes, row.failures, row.seconds_total = 0, 0, 0.0
    row.last_print_time, row.last_date, row.last_success, row.last_seconds = None, None, None, None


def folder_key(path: str) -> str:
    return file_names.key(file_names.parent(path))


def under(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
