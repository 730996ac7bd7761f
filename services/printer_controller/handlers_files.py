"""What the controller does when files are to change: it owns their names and rows, the bytes are in the blob store."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable

from sqlalchemy import update
from sqlmodel import col

from services.printer_controller import analyses, commands, denied, file_lists, file_moves, file_names, files, runs
from services.printer_controller.asking import Asked
from services.printer_controller.files import Content, Named
from services.printer_controller.fleet import Fleet
from services.printer_controller.models import FileRow, PrinterRow
from services.printer_controller.view import Selection
from shared.blobs import BlobStore
from shared.contracts.files import (
    AddFile,
    AnalyseFile,
    AnalysisWanted,
    CopyFile,
    CreateFolder,
    DeleteFile,
    FileAdded,
    FileDeleted,
    FilePlaced,
    FolderCreated,
    MoveFile,
)
from shared.contracts.printers import PrinterStatus
from shared.errors import Conflict, Invalid, NotFound
from shared.print_files import refusal

MOST_PATHS = 100  # named in one answer
_HEAD = 512  # bytes
_DIGEST = re.compile(r"^[0-9a-f]{64}$")


async def add_file(asked: Asked, command: AddFile) -> FileAdded:
    """Make a stored blob a file; select and print it when asked to and the printer is ready."""
    path, tx = file_names.file_path(command.folder, command.name), asked.writing.tx
    await asyncio.to_thread(_check_content, asked.fleet.shop.blobs, command)
    if await runs.prints_any(tx, [file_names.key(path)]):
        raise Conflict("Trying to overwrite file that is currently being printed", code="file_in_use")
    path = await _make_folders(asked, path)
    replaced = await files.find(tx, path)
    old = replaced.digest if replaced is not None else None
    by_admin = asked.caller.role == denied.ADMIN
    row = await files.put(tx, path, command, asked.caller.name, asked.writing.now, by_admin=by_admin)
    if old is not None and old != row.digest:
        await _forget_unused(asked, [old])
    chosen = await analyses.selection_of(tx, row, asked.caller.name)
    _select_again(asked, row, chosen)
    if chosen.analysis is None:
        asked.after(lambda: asked.fleet.analysing.want(command.digest))
    added = FileAdded(file=await file_lists.described(tx, row))
    if asked.printer.status is PrinterStatus.OPERATIONAL and (command.select or command.print):
        added.effective_select = command.select
        await _use(asked, command, row, chosen, added)
    await _tell_added(asked, command, row, added)
    return added


async def create_folder(asked: Asked, command: CreateFolder) -> FolderCreated:
    """Make a folder and those above it; one that is there already is answered as it is."""
    path = await _make_folders(asked, file_names.folder_path(command.folder, command.name))
    tx, made = asked.writing.tx, list[str]()
    row = await files.make_folder(tx, path, asked.writing.now, display=file_names.shown(command.name), made=made)
    await _tell_folders(asked, made)
    return FolderCreated(folder=await file_lists.described_folder(tx, row))


async def delete_file(asked: Asked, command: DeleteFile) -> FileDeleted:
    """Remove a file, or a folder with all in it; whoever had one of them selected has nothing selected then."""
    tx = asked.writing.tx
    found = await files.named(tx, file_names.stored_path(command.path))
    content = await files.content_of(tx, found)
    await _refuse_in_use(asked, found, content, "delete")
    path = found.row.path
    await files.remove(tx, found)
    await _unselect(asked, content.keys)
    await _forget_unused(asked, content.digests)
    paths = sorted([*content.paths, *content.folders])
    await asked.writing.event("file_removed", path, {"path": path, "files": len(content.keys)})
    return FileDeleted(paths=paths[:MOST_PATHS], count=len(paths))


async def copy_file(asked: Asked, command: CopyFile) -> FilePlaced:
    """Copy a file, or a folder with all in it."""
    tx = asked.writing.tx
    found = await files.named(tx, file_names.stored_path(command.path))
    content = await files.content_of(tx, found)
    place = await file_moves.place_of(tx, found, content, command.destination, moves=False)
    source, name = found.row.path, found.row.name
    await file_moves.copy(tx, found, place)
    await asked.writing.event("file_copied", place.path, {"source": source, "path": place.path})
    return await _placed(asked, name, place.path)


async def move_file(asked: Asked, command: MoveFile) -> FilePlaced:
    """Move or rename a file, or a folder with all in it; where one of them was selected, nothing is then."""
    tx = asked.writing.tx
    found = await files.named(tx, file_names.stored_path(command.path))
    content = await files.content_of(tx, found)
    await _refuse_in_use(asked, found, content, "move")
    place = await file_moves.place_of(tx, found, content, command.destination, moves=True)
    source, name = found.row.path, found.row.name
    await file_moves.move(tx, found, place)
    await _unselect(asked, content.keys)
    await asked.writing.event("file_moved", place.path, {"source": source, "path": place.path})
    return await _placed(asked, name, place.path)


async def analyse_file(asked: Asked, command: AnalyseFile) -> AnalysisWanted:
    """Order the analysis of a file, though it may have been analysed before."""
    row = await files.find(asked.writing.tx, file_names.stored_path(command.path))
    if row is None:
        raise NotFound(f"There is no file {command.path!r}")
    digest = row.digest
    asked.after(lambda: asked.fleet.analysing.want(digest))
    return AnalysisWanted(digest=digest)


async def _make_folders(asked: Asked, path: str) -> str:
    """Make the folders above `path` and tell of them; answers `path` in the spelling of what was there."""
    made: list[str] = []
    path = await files.make_folders(asked.writing.tx, path, asked.writing.now, made)
    await _tell_folders(asked, made)
    return path


async def _tell_folders(asked: Asked, made: list[str]) -> None:
    for path in made:
        await asked.writing.event("folder_added", path, {"path": path})


async def _tell_added(asked: Asked, command: AddFile, row: FileRow, added: FileAdded) -> None:
    """What the uploader wanted, and what came of it."""
    data = {"path": row.path, "name": row.name, "size": row.size, "user": row.user, "userdata": row.userdata}
    wanted = {"select": command.select, "print": command.print}
    effective = {"effective_select": added.effective_select, "effective_print": added.effective_print}
    await asked.writing.event("file_added", row.path, {**data, **wanted, **effective})


async def _use(asked: Asked, command: AddFile, row: FileRow, chosen: Selection, added: FileAdded) -> None:
    """Select the new file, and print it unless it holds what this printer is not sent; the upload stays good."""
    await commands.choose(asked, row.key, chosen)
    if not command.print:
        return
    try:
        added.run = await commands.begin(asked, chosen)
    except Conflict as refused:
        data = {"printer": asked.printer.id, "path": row.path, "code": refused.code, "message": refused.message}
        await asked.writing.event("print_refused", asked.printer.id, data)
    else:
        added.effective_print = True


async def _placed(asked: Asked, name: str, path: str) -> FilePlaced:
    read = await file_lists.read(asked.writing.tx, await files.named(asked.writing.tx, path))
    return FilePlaced(name=name, file=read.file, folder=read.folder)


async def _refuse_in_use(asked: Asked, found: Named, content: Content, verb: str) -> None:
    if await runs.prints_any(asked.writing.tx, content.keys):
        what = "a file" if found.file is not None else "a folder that contains a file"
        raise Conflict(f"Trying to {verb} {what} that is currently in use", code="file_in_use")


async def _unselect(asked: Asked, keys: list[str]) -> None:
    for start in range(0, len(keys), 500):
        some = col(PrinterRow.selected).in_(keys[start : start + 500])
        await asked.writing.tx.execute(update(PrinterRow).where(some).values(selected=None, selected_by=None))
    gone = set(keys)
    asked.after(lambda: _unselect_shown(asked.fleet, gone))


async def _forget_unused(asked: Asked, digests: Iterable[str]) -> None:
    """Contents that no file has any more need not be analysed."""
    gone, wanted = list(digests), set[str]()
    for start in range(0, len(gone), 500):
        wanted |= await files.digests_in_use(asked.writing.tx, gone[start : start + 500])
    asked.after(lambda: asked.fleet.analysing.forget(set(gone) - wanted))


def _check_content(blobs: BlobStore, command: AddFile) -> None:
    """Raises `Invalid` unless the blob is here, whole, and may be G-code text."""
    if not _DIGEST.match(command.digest) or command.size < 0:
        raise Invalid("digest must be a SHA-256 in hex and size a number of bytes", code="bad_blob")
    try:
        with blobs.path(command.digest).open("rb") as stream:
            head, size = stream.read(_HEAD), stream.seek(0, 2)
    except OSError:
        raise Invalid("there is no content with that digest", code="bad_blob") from None
    if size != command.size:
        raise Invalid("the content has another size", code="bad_blob")
    sentence = refusal(command.name, head)
    if sentence is not None:
        raise Invalid(sentence, code="invalid_type")


def _select_again(asked: Asked, row: FileRow, chosen: Selection) -> None:
    """A replaced file that is selected somewhere is shown there with its new size and date."""
    key = row.key
    for printer in asked.fleet:
        if printer.selection is not None and printer.selection.key == key:
            asked.after(lambda p=printer: p.select_again(chosen))  # type: ignore[misc]


def _unselect_shown(fleet: Fleet, keys: set[str]) -> None:
    for printer in fleet:
        if printer.selection is not None and printer.selection.key in keys:
            printer.select(None)
