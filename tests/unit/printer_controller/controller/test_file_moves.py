"""Copies and moves keep to the one rule for names, take everything along, and never touch what is in use."""

from __future__ import annotations

from typing import Any

import pytest

from services.printer_controller.models import FileRow, PrinterRow
from shared.contracts import topics
from shared.contracts.files import CopyFile, CreateFolder, DeleteFile, ListFiles, MoveFile, ReadFile
from shared.contracts.messages import Caller
from shared.errors import Conflict, Invalid, JobError, NotFound


async def paths(rig: Any) -> list[str]:
    listed = await rig.ask(topics.LIST_FILES, ListFiles())
    return sorted(entry.path for entry in [*listed.files, *listed.folders])


async def read(rig: Any, path: str) -> Any:
    return await rig.ask(topics.READ_FILE, ReadFile(path=path))


@pytest.fixture
async def filled(rig: Any) -> Any:
    """`part.gcode`, and the folder `Box` with `a.gcode` and `inner/b.gcode`."""
    await rig.upload()
    await rig.upload(folder="Box", name="a.gcode", content=b"G28\n")
    await rig.upload(folder="Box/inner", name="b.gcode", content=b"G1 X1\n")
    return rig


async def test_a_copy_goes_into_a_folder_or_to_a_new_path(filled: Any) -> None:
    copied = await filled.ask(topics.COPY_FILE, CopyFile(path="part.gcode", destination="box"))
    assert (copied.name, copied.file.path) == ("part.gcode", "Box/part.gcode")
    copied = await filled.ask(topics.COPY_FILE, CopyFile(path="part.gcode", destination="/Box/Inner/New one.gcode"))
    assert (copied.name, copied.file.path, copied.file.display) == (
        "part.gcode", "Box/inner/New one.gcode", "New one.gcode",
    )  # fmt: skip
    copied = await filled.ask(topics.COPY_FILE, CopyFile(path="Box/a.gcode", destination=""))
    assert copied.file.path == "a.gcode"
    assert (await read(filled, "part.gcode")).file is not None
    assert filled.events("file_copied")[0].data == {"source": "part.gcode", "path": "Box/part.gcode"}


async def test_a_move_takes_the_statistics_along_and_leaves_nothing(filled: Any) -> None:
    before = (await read(filled, "part.gcode")).file
    moved = await filled.ask(topics.MOVE_FILE, MoveFile(path="PART.gcode", destination="Box"))
    assert (moved.file.path, moved.file.digest, moved.file.date) == ("Box/part.gcode", before.digest, before.date)
    with pytest.raises(NotFound):
        await read(filled, "part.gcode")
    assert filled.events("file_moved")[0].data == {"source": "part.gcode", "path": "Box/part.gcode"}


async def test_a_folder_goes_with_all_in_it(filled: Any) -> None:
    await filled.ask(topics.CREATE_FOLDER, CreateFolder(name="Shelf"))
    moved = await filled.ask(topics.MOVE_FILE, MoveFile(path="Box", destination="shelf"))
    assert (moved.name, moved.folder.path, moved.folder.size) == ("Box", "Shelf/Box", 10)
    assert await paths(filled) == [
        "Shelf", "Shelf/Box", "Shelf/Box/a.gcode", "Shelf/Box/inner", "Shelf/Box/inner/b.gcode", "part.gcode",
    ]  # fmt: skip
    inner = await filled.ask(topics.LIST_FILES, ListFiles(folder="shelf/BOX/inner", recursive=False))
    assert [file.path for file in inner.files] == ["Shelf/Box/inner/b.gcode"]


async def test_a_folder_copied_elsewhere_is_there_twice(filled: Any) -> None:
    await filled.ask(topics.COPY_FILE, CopyFile(path="Box", destination="Crate"))
    assert await paths(filled) == [
        "Box", "Box/a.gcode", "Box/inner", "Box/inner/b.gcode",
        "Crate", "Crate/a.gcode", "Crate/inner", "Crate/inner/b.gcode", "part.gcode",
    ]  # fmt: skip
    assert (await read(filled, "Crate/inner/b.gcode")).file.display == "b.gcode"


async def test_a_name_can_be_spelled_anew(filled: Any) -> None:
    moved = await filled.ask(topics.MOVE_FILE, MoveFile(path="part.gcode", destination="PaRt.gcode"))
    assert (moved.file.path, moved.file.display) == ("PaRt.gcode", "PaRt.gcode")
    await filled.ask(topics.MOVE_FILE, MoveFile(path="box", destination="BOX"))
    assert await paths(filled) == ["BOX", "BOX/a.gcode", "BOX/inner", "BOX/inner/b.gcode", "PaRt.gcode"]


@pytest.mark.parametrize("make", [CopyFile, MoveFile])
@pytest.mark.parametrize(
    ("path", "destination", "error", "code"),
    [
        ("nope.gcode", "Box", NotFound, "not_found"),
        ("part.gcode", "nowhere/part.gcode", NotFound, "not_found"),
        ("Box/a.gcode", "part.gcode", Conflict, "exists"),
        ("Box/a.gcode", "Box", Conflict, "exists"),
        ("Box/inner", "part.gcode", Conflict, "exists"),
        ("Box", "Box/inner", Conflict, "into_itself"),
        ("Box", "box/new", Conflict, "into_itself"),
        ("part.gcode", "part.exe", Invalid, "invalid_type"),
        ("part.gcode", "part", Invalid, "invalid_type"),
        ("part.gcode", "part.gcode.py", Invalid, "invalid_type"),
        ("part.gcode", "../part.gcode", Invalid, "bad_name"),
        ("part.gcode", "Box/../../x.gcode", Invalid, "bad_name"),
        ("part.gcode", "C:\\x.gcode", Invalid, "bad_name"),
        ("part.gcode", "a\x00.gcode", Invalid, "bad_name"),
        ("part.gcode", "\u202egcode.x.gcode", Invalid, "bad_name"),
        ("part.gcode", "x" * 300 + ".gcode", Invalid, "bad_name"),
        ("../part.gcode", "Box", NotFound, "not_found"),
    ],
)
async def test_what_cannot_go_there_is_refused_and_nothing_changes(
    filled: Any, make: Any, path: str, destination: str, error: type[JobError], code: str
) -> None:
    topic = topics.COPY_FILE if make is CopyFile else topics.MOVE_FILE
    before = await paths(filled)
    with pytest.raises(error) as refused:
        await filled.ask(topic, make(path=path, destination=destination))
    assert refused.value.code == code
    assert await paths(filled) == before


async def test_what_is_in_a_folder_cannot_be_moved_too_deep(rig: Any) -> None:
    await rig.upload(folder="/".join("abcdefgh"), name="x.gcode")
    await rig.ask(topics.CREATE_FOLDER, CreateFolder(name="8", folder="1/2/3/4/5/6/7"))
    with pytest.raises(Invalid, match="deeper"):
        await rig.ask(topics.MOVE_FILE, MoveFile(path="a", destination="1/2/3/4/5/6/7/8"))
    await rig.ask(topics.MOVE_FILE, MoveFile(path="a", destination="1/2/3/4/5/6/7"))


async def test_a_file_being_printed_is_copied_but_not_moved(rig: Any) -> None:
    await rig.upload(folder="dir", print=True)
    await rig.ask(topics.CREATE_FOLDER, CreateFolder(name="other"))
    for path, what in (("dir/part.gcode", "a file"), ("dir", "a folder that contains a file")):
        with pytest.raises(Conflict, match=f"^Trying to move {what} that is currently in use$"):
            await rig.ask(topics.MOVE_FILE, MoveFile(path=path, destination="other"))
        await rig.ask(topics.COPY_FILE, CopyFile(path=path, destination="other"))


async def test_a_moved_file_is_unselected_first(rig: Any) -> None:
    await rig.upload(select=True)
    await rig.ask(topics.MOVE_FILE, MoveFile(path="part.gcode", destination="new.gcode"))
    assert rig.bus.last(topics.PRINTER_JOB, printer="mk3").file is None
    assert (await rig.row(PrinterRow, "mk3")).selected is None


async def test_a_copy_is_trusted_as_its_original_whoever_makes_it(rig: Any) -> None:
    root = Caller(name="root", via="octoprint", role="admin")
    await rig.upload(name="a.gcode")
    await rig.ask(topics.COPY_FILE, CopyFile(path="a.gcode", destination="b.gcode", caller=root))
    assert not (await rig.row(FileRow, "b.gcode")).by_admin


async def test_sums_of_a_folder_cover_all_below_it_and_nothing_beside_it(filled: Any) -> None:
    await filled.upload(folder="Box2", name="c.gcode", content=b"123456789")
    await filled.upload(folder="Box-2", name="c.gcode", content=b"1234567890")
    listed = await filled.ask(topics.LIST_FILES, ListFiles(recursive=False))
    assert {folder.path: folder.size for folder in listed.folders} == {"Box": 10, "Box-2": 10, "Box2": 9}
    assert (await read(filled, "box/inner")).folder.size == 6


async def test_the_answer_about_a_large_removal_stays_small(rig: Any) -> None:
    for number in range(120):
        await rig.upload(folder="many", name=f"{number}.gcode")
    deleted = await rig.ask(topics.DELETE_FILE, DeleteFile(path="many"))
    assert (len(deleted.paths), deleted.count) == (100, 121)
