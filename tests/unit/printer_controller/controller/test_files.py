"""Files are named, listed, counted and removed by their owner; one name is one file, whatever its spelling."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from services.printer_controller import file_lists, files
from services.printer_controller.models import AnalysisRow, FileRow, FolderRow, PrinterRow
from shared.contracts import topics
from shared.contracts.files import (
    AddFile,
    CreateFolder,
    DeleteFile,
    ListFiles,
    ReadBlobUse,
    ReadFile,
)
from shared.contracts.printers import PrinterStatus, StartPrint
from shared.errors import Conflict, Invalid, NotFound
from shared.settings import Settings
from shared.store import Store
from tests.support.database import open_store

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DIGEST = "a" * 64


async def test_a_new_file_has_a_safe_path_and_keeps_the_name_it_came_with(rig: Any) -> None:
    added = await rig.upload(name="Benchy: fast?.gcode", content=b"G28\n")
    assert (added.file.path, added.file.display) == ("Benchy_ fast_.gcode", "Benchy: fast?.gcode")
    assert (added.file.size, added.file.user, len(added.file.hash)) == (4, "alice", 40)
    assert (added.effective_select, added.effective_print, added.run) == (False, False, None)


async def test_printing_at_once_is_not_selecting_by_the_flags_but_the_file_is_selected(rig: Any) -> None:
    added = await rig.upload(print=True)
    assert (added.effective_select, added.effective_print) == (False, True)
    assert rig.session.calls == [("start", added.run)]
    assert rig.bus.last(topics.PRINTER_JOB, printer="mk3").file.path == "part.gcode"


@pytest.mark.parametrize("status", [PrinterStatus.OFFLINE, PrinterStatus.PRINTING, PrinterStatus.CONNECTING])
async def test_an_upload_succeeds_though_the_printer_is_not_ready_and_the_flags_tell(
    rig: Any, status: PrinterStatus
) -> None:
    rig.session.status = status
    added = await rig.upload(select=True, print=True)
    assert (added.effective_select, added.effective_print) == (False, False)
    assert (await rig.ask(topics.READ_FILE, ReadFile(path="part.gcode"))).file.name == "part.gcode"


async def test_a_twin_in_case_or_normal_form_replaces_the_file_under_its_first_path(rig: Any) -> None:
    first = await rig.upload(name="W\u00fcrfel.gcode", content=b"G28\n")
    second = await rig.upload(name="wu\u0308rfel.GCODE", content=b"G28\nG1\n")
    assert second.file.path == first.file.path
    assert second.file.size == 7
    listed = await rig.ask(topics.LIST_FILES, ListFiles())
    assert [file.path for file in listed.files] == ["W\u00fcrfel.gcode"]


async def test_a_replaced_file_that_is_selected_is_shown_with_its_new_size(rig: Any) -> None:
    await rig.upload(select=True, content=b"G28\n")
    await rig.upload(content=b"G28\nG1\n")
    assert rig.bus.last(topics.PRINTER_JOB, printer="mk3").file.size == 7


async def test_a_file_is_not_replaced_against_the_clients_wish(rig: Any) -> None:
    await rig.upload()
    with pytest.raises(Conflict, match="File already exists and noOverwrite was set"):
        await rig.upload(no_overwrite=True)


async def test_the_file_being_printed_is_neither_replaced_nor_removed(rig: Any) -> None:
    await rig.upload(folder="dir", print=True)
    with pytest.raises(Conflict, match=r"^Trying to overwrite file that is currently being printed$"):
        await rig.upload(folder="DIR")
    with pytest.raises(Conflict, match=r"^Trying to delete a file that is currently in use$"):
        await rig.ask(topics.DELETE_FILE, DeleteFile(path="dir/part.gcode"))
    with pytest.raises(Conflict, match=r"^Trying to delete a folder that contains a file that is currently in use$"):
        await rig.ask(topics.DELETE_FILE, DeleteFile(path="dir"))


async def test_a_removed_file_is_unselected_first(rig: Any) -> None:
    await rig.upload(select=True)
    deleted = await rig.ask(topics.DELETE_FILE, DeleteFile(path="part.gcode"))
    assert deleted.paths == ["part.gcode"]
    assert rig.bus.last(topics.PRINTER_JOB, printer="mk3").file is None
    assert (await rig.row(PrinterRow, "mk3")).selected is None
    with pytest.raises(NotFound):
        await rig.ask(topics.READ_FILE, ReadFile(path="part.gcode"))
    assert (await rig.command(StartPrint())).effect is False


async def test_a_folder_goes_with_all_in_it_and_nothing_beside_it(rig: Any) -> None:
    for folder, name in (("a_b", "x.gcode"), ("a_b/c", "y.gcode"), ("axb", "z.gcode"), ("", "a_b2.gcode")):
        await rig.upload(folder=folder, name=name)
    deleted = await rig.ask(topics.DELETE_FILE, DeleteFile(path="A_B"))
    assert deleted.paths == ["a_b", "a_b/c", "a_b/c/y.gcode", "a_b/x.gcode"]
    listed = await rig.ask(topics.LIST_FILES, ListFiles())
    assert [file.path for file in listed.files] == ["a_b2.gcode", "axb/z.gcode"]
    assert [folder.path for folder in listed.folders] == ["axb"]


async def test_a_folder_and_a_file_cannot_share_a_name(rig: Any) -> None:
    await rig.ask(topics.CREATE_FOLDER, CreateFolder(name="Thing.gcode"))
    with pytest.raises(Conflict, match="folder of that name"):
        await rig.upload(name="thing.gcode")
    await rig.upload(name="other.gcode")
    with pytest.raises(Conflict, match="file of that name"):
        await rig.upload(folder="other.gcode", name="x.gcode")


async def test_a_folder_that_exists_is_answered_as_it_is(rig: Any) -> None:
    first = await rig.ask(topics.CREATE_FOLDER, CreateFolder(name="Parts", folder="big"))
    again = await rig.ask(topics.CREATE_FOLDER, CreateFolder(name="parts", folder="BIG"))
    assert first.folder.path == again.folder.path == "big/Parts"


async def test_the_digest_of_an_outsider_cannot_name_a_path(rig: Any) -> None:
    with pytest.raises(Invalid, match="SHA-256"):
        await rig.ask(topics.ADD_FILE, AddFile(name="x.gcode", digest="../../etc/passwd", size=1, hash=""))


async def test_only_blobs_of_files_and_of_prints_under_way_are_in_use(rig: Any) -> None:
    added = await rig.upload(print=True)
    assert (await rig.ask(topics.READ_BLOB_USE, ReadBlobUse(digests=[added.file.digest, DIGEST]))).in_use == [
        added.file.digest
    ]
    many = [DIGEST] * 1001
    assert (await rig.ask(topics.READ_BLOB_USE, ReadBlobUse(digests=many))).in_use == many


async def test_prints_are_counted_by_how_they_ended(rig: Any) -> None:
    await rig.upload(select=True)
    for seconds, end in ((10.0, "done"), (20.0, "done"), (5.0, "unplugged")):
        rig.session.status = PrinterStatus.OPERATIONAL
        await rig.command(StartPrint())
        rig.session.at(1, share=0.5, seconds=seconds)
        getattr(rig.session, end)()
        await rig.settle()
    file = (await rig.ask(topics.READ_FILE, ReadFile(path="part.gcode"))).file
    assert (file.successes, file.failures, file.average_print_time) == (2, 1, 15.0)
    assert (file.last.success, file.last.print_time) == (False, 5.0)
    again = (await rig.upload()).file
    assert (again.successes, again.average_print_time) == (2, 15.0)
    other = (await rig.upload(content=b"another part")).file
    assert (other.successes, other.failures, other.average_print_time, other.last) == (0, 0, None, None)


@pytest.fixture
async def store(database_settings: Settings) -> AsyncIterator[Store]:
    opened = await open_store(database_settings, "printer_controller", AnalysisRow, FileRow, FolderRow)
    yield opened
    await opened.close()


async def fill(store: Store, names: list[str], folder: str = "") -> None:
    async with store.transaction() as tx:
        for name in names:
            command = AddFile(name=name, digest=DIGEST, size=1, hash="0" * 40)
            await files.put(tx, f"{folder}/{name}" if folder else name, command, None, NOW)


async def pages(store: Store, folder: str = "", *, recursive: bool = True, limit: int = 200) -> list[Any]:
    found, after = [], ""
    while True:
        async with store.reading() as tx:
            listed = await file_lists.page(tx, folder, recursive=recursive, after=after, limit=limit)
        found.append(listed)
        if listed.next is None:
            return found
        after = listed.next


@pytest.mark.parametrize("limit", [1, 3, 200])
async def test_pages_of_any_size_hold_every_entry_once_in_order(store: Store, limit: int) -> None:
    names = ["B.gcode", "a.gcode", "Ä.gcode", "z.gcode", "_x.gcode", "%.gcode", "日本.gcode", "c d.gcode"]
    await fill(store, names)
    await fill(store, names, folder="Sub")
    found = await pages(store, limit=limit)
    paths = [entry.path for listed in found for entry in [*listed.files, *listed.folders]]
    assert sorted(paths) == sorted([*names, "Sub", *(f"Sub/{name}" for name in names)])
    assert len(paths) == len(set(paths))
    below = await pages(store, "sub", limit=limit)
    assert sorted(file.path for listed in below for file in listed.files) == sorted(f"Sub/{name}" for name in names)
    top = await pages(store, recursive=False, limit=limit)
    assert sorted(file.path for listed in top for file in listed.files) == sorted(names)


async def test_a_page_stays_small_beside_what_a_broker_takes(store: Store) -> None:
    await fill(store, [f"{number:04}{'x' * 180}.gcode" for number in range(450)])
    found = await pages(store, limit=500)
    assert len(found) > 1
    assert all(len(msgspec.json.encode(listed)) <= file_lists.PAGE_BYTES + 2048 for listed in found)
    assert sum(len(listed.files) for listed in found) == 450


async def test_a_folder_that_is_not_there_is_not_empty_but_unknown(store: Store) -> None:
    with pytest.raises(NotFound):
        await pages(store, "nowhere")
