"""Files and folders as they travel, one by one and in pages."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.printer_controller import analyses, file_names
from services.printer_controller.analyses import NOT_YET, Known
from services.printer_controller.files import Named, average, below, find_folder
from services.printer_controller.models import FileRow, FolderRow
from shared.contracts.files import FileList, FileRead, LastPrint, PrintFile, PrintFolder
from shared.errors import NotFound

LARGEST_PAGE = 500  # entries
PAGE_BYTES = 200 * 1024  # of JSON: an answer stays small beside the broker's limits


class Sums(NamedTuple):
    """Over all files below a folder: bytes, prints that ended well, prints that did not."""

    size: int = 0
    successes: int = 0
    failures: int = 0


async def page(tx: AsyncSession, folder: str, *, recursive: bool, after: str, limit: int) -> FileList:
    """Files and folders below `folder` in the order of their keys, after the path `after`; at most 200 KiB of them.

    Raises `NotFound` for a folder that does not exist.
    """
    if folder and await find_folder(tx, folder) is None:
        raise NotFound(f"There is no folder {folder!r}")
    limit = max(1, min(limit, LARGEST_PAGE))
    rows = await _rows_below(tx, file_names.key(folder), recursive, file_names.key(after), limit + 1)
    known = await analyses.known(tx, [row.digest for row in rows if isinstance(row, FileRow)])
    sums = await _sums(tx, [row.key for row in rows if isinstance(row, FolderRow)])
    listed, size = FileList(), 0
    for row in rows[:limit]:
        entry = _entry(row, known, sums)
        size += len(msgspec.json.encode(entry)) + 1
        if size > PAGE_BYTES and (listed.files or listed.folders):
            break
        if isinstance(entry, PrintFile):
            listed.files.append(entry)
        else:
            listed.folders.append(entry)
    count = len(listed.files) + len(listed.folders)
    listed.next = rows[count - 1].path if count < len(rows) else None
    return listed


async def read(tx: AsyncSession, found: Named) -> FileRead:
    """One file or folder with all that is known of it."""
    if found.file is not None:
        return FileRead(file=await described(tx, found.file))
    assert found.folder is not None
    return FileRead(folder=await described_folder(tx, found.folder))


async def described(tx: AsyncSession, row: FileRow) -> PrintFile:
    """The file as it travels."""
    return _file(row, (await analyses.known(tx, [row.digest])).get(row.digest, NOT_YET))


async def described_folder(tx: AsyncSession, row: FolderRow) -> PrintFolder:
    """The folder as it travels."""
    return _folder(row, (await _sums(tx, [row.key])).get(row.key, Sums()))


def _entry(row: FileRow | FolderRow, known: dict[str, Known], sums: dict[str, Sums]) -> PrintFile | PrintFolder:
    if isinstance(row, FolderRow):
        return _folder(row, sums.get(row.key, Sums()))
    return _file(row, known.get(row.digest, NOT_YET))


def _folder(row: FolderRow, sums: Sums) -> PrintFolder:
    return PrintFolder(path=row.path, name=row.name, display=row.display, date=row.date, **sums._asdict())


def _file(row: FileRow, known: Known) -> PrintFile:
    ended, summary = None, known.summary
    if row.last_date is not None:
        ended = LastPrint(date=row.last_date, print_time=row.last_seconds, success=bool(row.last_success))
    return PrintFile(
        path=row.path, name=row.name, display=row.display, size=row.size, date=row.date, hash=row.sha1,
        digest=row.digest, user=row.user, successes=row.successes, failures=row.failures, last=ended,
        average_print_time=average(row), analysis=summary.analysis if summary else None,
        not_analysed=known.reason, thumbnails=summary.thumbnails if summary else [], userdata=row.userdata,
    )  # fmt: skip


async def _sums(tx: AsyncSession, folders: list[str]) -> dict[str, Sums]:
    """By the folders' keys; folders without files are left out."""
    if not folders:
        return {}
    file, folder = FileRow, FolderRow
    columns = (func.sum(col(file.size)), func.sum(col(file.successes)), func.sum(col(file.failures)))
    within = (col(file.key) > col(folder.key) + "/") & (col(file.key) < col(folder.key) + "0")
    query = select(col(folder.key), *columns).join(file, within).where(col(folder.key).in_(folders))
    rows = await tx.execute(query.group_by(col(folder.key)))
    return {key: Sums(int(size), int(successes), int(failures)) for key, size, successes, failures in rows}


async def _rows_below(
    tx: AsyncSession, folder: str, recursive: bool, after: str, count: int
) -> list[FileRow | FolderRow]:
    rows: list[FileRow | FolderRow] = []
    for table in (FileRow, FolderRow):
        query = select(table).where(col(table.key) > after).order_by(col(table.key)).limit(count)
        if not recursive:
            query = query.where(col(table.folder_key) == folder)
        elif folder:
            query = query.where(below(table, folder))
        rows.extend(await tx.scalars(query))
    return sorted(rows, key=lambda row: row.key)[:count]
