"""What happens to files is told with what a client wants to know of it, folders too."""

from __future__ import annotations

from typing import Any

from services.printer_controller.analysing import Analysing
from shared.contracts import topics
from shared.contracts.files import CreateFolder


async def test_an_upload_tells_what_was_wanted_and_what_came_of_it(rig: Any) -> None:
    await rig.upload(name="a.gcode", folder="x/y", select=True)
    folders = [event.data["path"] for event in rig.events("folder_added")]
    assert folders == ["x", "x/y"]
    (event,) = rig.events("file_added")
    wanted = {name: event.data[name] for name in ("select", "print", "effective_select", "effective_print")}
    assert wanted == {"select": True, "print": False, "effective_select": True, "effective_print": False}
    assert rig.names()[-1] == "file_added"


async def test_a_folder_is_told_once_when_it_is_made(rig: Any) -> None:
    for _ in range(2):
        await rig.ask(topics.CREATE_FOLDER, CreateFolder(name="b", folder="a"))
    await rig.upload(folder="a/b")
    assert [event.data["path"] for event in rig.events("folder_added")] == ["a", "a/b"]


async def test_an_analysis_is_told_when_it_begins(rig: Any) -> None:
    class Runner:
        began: Any = None

    runner = Runner()
    Analysing(rig.shop, rig.fleet, lambda _: runner)  # type: ignore[arg-type,return-value]
    added = await rig.upload()
    await runner.began(added.file.digest)
    (event,) = rig.events("file_analysis_began")
    assert event.data == {"name": "part.gcode", "path": "part.gcode", "origin": "local"}
