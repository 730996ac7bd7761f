"""Commands to two printers at the same moment: what one decides holds for the other, whatever the database."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from shared.contracts import topics
from shared.contracts.files import AddFile, CreateFolder, DeleteFile, ListFiles, MoveFile
from shared.contracts.printers import SelectFile
from shared.errors import Conflict, JobError, NotFound

PRINTERS = ("mk3", "ender")
ROUNDS = 5


async def blob(rig: Any, content: bytes) -> dict[str, Any]:
    async with rig.shop.blobs.writer() as stored:
        await stored.write(content)
    return {"digest": stored.digest, "size": stored.size, "hash": stored.sha1}


async def both(*asking: Any) -> list[Any]:
    """What was answered; nothing but answers and refusals may come of it."""
    answers = await asyncio.gather(*asking, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, JobError):
            raise answer
    return answers


async def test_the_same_name_uploaded_for_both_is_one_file(rig: Any) -> None:
    for number in range(ROUNDS):
        contents = [await blob(rig, f"G28 ;{number}{printer}\n".encode()) for printer in PRINTERS]
        name = f"part-{number}.gcode"
        answers = await both(
            *(
                rig.ask(topics.ADD_FILE, AddFile(name=name, folder="new", printer=printer, **content))
                for printer, content in zip(PRINTERS, contents, strict=True)
            )
        )
        assert [answer.file.path for answer in answers] == [f"new/{name}"] * 2
        await rig.ask(topics.DELETE_FILE, DeleteFile(path="new"))


async def test_a_file_and_a_folder_of_one_name_do_not_both_come_to_be(rig: Any) -> None:
    content = await blob(rig, b"G28\n")
    for number in range(ROUNDS):
        name = f"twin-{number}.gcode"
        answers = await both(
            rig.ask(topics.ADD_FILE, AddFile(name=name, printer="mk3", **content)),
            rig.ask(topics.CREATE_FOLDER, CreateFolder(name=name, printer="ender")),
        )
        assert sum(isinstance(answer, Conflict) for answer in answers) == 1


async def test_a_file_that_begins_to_print_is_not_removed_under_it(rig: Any) -> None:
    for number in range(ROUNDS):
        path = f"part-{number}.gcode"
        await rig.upload(path)
        rig.session.become(rig.session.status.OPERATIONAL)
        started, removed = await both(
            rig.ask(topics.COMMAND_PRINTER, SelectFile(path=path, print=True, printer="mk3")),
            rig.ask(topics.DELETE_FILE, DeleteFile(path=path, printer="ender")),
        )
        await rig.settle()
        assert isinstance(started, NotFound) != isinstance(removed, Conflict), (started, removed)
        if not isinstance(started, JobError):
            rig.session.at(1, share=0.5)
            rig.session.done()
            await rig.settle()


@pytest.mark.parametrize("verb", ["add", "move"])
async def test_nothing_is_put_into_a_folder_that_is_being_removed(rig: Any, verb: str) -> None:
    content = await blob(rig, b"G28\n")
    for number in range(ROUNDS):
        folder = f"box-{number}"
        await rig.ask(topics.CREATE_FOLDER, CreateFolder(name=folder))
        await rig.ask(topics.ADD_FILE, AddFile(name=f"old-{number}.gcode", **content))
        put = {
            "add": (topics.ADD_FILE, AddFile(name="new.gcode", folder=folder, printer="mk3", **content)),
            "move": (topics.MOVE_FILE, MoveFile(path=f"old-{number}.gcode", destination=folder, printer="mk3")),
        }[verb]
        await both(rig.ask(*put), rig.ask(topics.DELETE_FILE, DeleteFile(path=folder, printer="ender")))
        listed = await rig.ask(topics.LIST_FILES, ListFiles(recursive=True))
        folders = {each.path for each in listed.folders}
        orphans = [file.path for file in listed.files if "/" in file.path and file.path.split("/")[0] not in folders]
        assert not orphans
