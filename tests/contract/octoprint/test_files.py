"""/api/files: listing, reading, selecting, deleting and downloading."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from shared.contracts import topics
from shared.contracts.files import (
    Area,
    Dimensions,
    FileDeleted,
    FileList,
    FileRead,
    GcodeAnalysis,
    LastPrint,
    PrintFile,
    PrintFolder,
)
from shared.contracts.printers import CommandDone, Filament, SelectFile, UnselectFile
from shared.errors import Conflict, NotFound, Unavailable
from tests.support.gateway import ADMIN_KEY, VIEWER_KEY, RunningGateway, served

DIGEST = "a" * 64
NOT_FOUND = (
    "The requested URL was not found on the server. "
    "If you entered the URL manually please check your spelling and try again."
)


def print_file(path: str, size: int = 219483, **changes: Any) -> PrintFile:
    name = path.rpartition("/")[2]
    given = {"hash": "68b184c0e27f776a8ed7a76884475c675a2dce10", "digest": DIGEST, "user": "_api", **changes}
    return PrintFile(path=path, name=name, display=name, size=size, date=1795329835, **given)


def folder(path: str, **sums: int) -> PrintFolder:
    name = path.rpartition("/")[2]
    return PrintFolder(path=path, name=name, display=name, date=1795329835, **sums)


def shown_file(path: str, size: int = 219483) -> dict[str, Any]:
    return {
        "date": 1795329835,
        "display": path.rpartition("/")[2],
        "hash": "68b184c0e27f776a8ed7a76884475c675a2dce10",
        "name": path.rpartition("/")[2],
        "origin": "local",
        "path": path,
        "refs": {
            "download": f"http://host:8080/downloads/files/local/{path}",
            "resource": f"http://host:8080/api/files/local/{path}",
        },
        "size": size,
        "type": "machinecode",
        "typePath": ["machinecode", "gcode"],
        "user": "_api",
    }


def shown_folder(path: str, children: list[Any], size: int) -> dict[str, Any]:
    return {
        "children": children,
        "date": 1795329835,
        "display": path.rpartition("/")[2],
        "name": path.rpartition("/")[2],
        "origin": "local",
        "path": path,
        "prints": {"failure": 0, "success": 0},
        "refs": {"resource": f"http://host:8080/api/files/local/{path}"},
        "size": size,
        "type": "folder",
        "typePath": ["folder"],
    }


async def test_a_recursive_listing_is_a_tree_with_the_free_space(gateway: RunningGateway) -> None:
    pages = {
        ("", ""): FileList(
            files=[print_file("golden_long.gcode")], folders=[folder("a", size=3)], next="golden_long.gcode"
        ),
        ("", "golden_long.gcode"): FileList(folders=[folder("sample_dir", size=2975), folder("sample_folder")]),
        ("a", ""): FileList(folders=[folder("a/b", size=3)]),
        ("a/b", ""): FileList(files=[print_file("a/b/c.gcode", 3)]),
        ("sample_dir", ""): FileList(files=[print_file("sample_dir/short.gcode", 2975)]),
        ("sample_folder", ""): FileList(),
    }
    gateway.owner.answers[topics.LIST_FILES] = lambda asked: pages[asked.folder, asked.after]
    answer = (await gateway.client.get("/api/files/local", params={"recursive": "true"})).json()
    inner = shown_folder("a/b", [shown_file("a/b/c.gcode", 3)], 3)
    assert answer["files"] == [
        shown_folder("a", [inner], 3),
        shown_file("golden_long.gcode"),
        shown_folder("sample_dir", [shown_file("sample_dir/short.gcode", 2975)], 2975),
        shown_folder("sample_folder", [], 0),
    ]
    assert 0 < answer["free"] <= answer["total"]
    flat = (await gateway.client.get("/api/files", params={"force": "true"})).json()["files"]
    assert [entry["path"] for entry in flat] == ["a", "golden_long.gcode", "sample_dir", "sample_folder"]
    assert flat[0] == shown_folder("a", [], 3)


async def test_only_folders_are_left_when_models_are_asked_for(gateway: RunningGateway) -> None:
    gateway.owner.answers[topics.LIST_FILES] = FileList(files=[print_file("a.gcode")], folders=[folder("dir", size=9)])
    models = (await gateway.client.get("/api/files", params={"filter": "model"})).json()["files"]
    assert [entry["path"] for entry in models] == ["dir"]
    both = (await gateway.client.get("/api/files", params={"filter": "machinecode"})).json()["files"]
    assert len(both) == 2


async def test_a_listing_is_refused_whole_when_its_first_page_is(gateway: RunningGateway) -> None:
    gateway.owner.answers[topics.LIST_FILES] = Unavailable("the database is away")
    answer = await gateway.client.get("/api/files")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


async def test_a_listing_that_breaks_off_is_no_json(gateway: RunningGateway) -> None:
    first = FileList(files=[print_file("a.gcode")], next="a.gcode")
    gateway.owner.answers[topics.LIST_FILES] = lambda asked: Unavailable("gone") if asked.after else first
    async with served(gateway) as (host, port), httpx.AsyncClient(base_url=f"http://{host}:{port}") as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/api/files", headers={"X-Api-Key": ADMIN_KEY})


async def test_the_sd_card_is_empty_and_other_places_do_not_exist(gateway: RunningGateway) -> None:
    assert (await gateway.client.get("/api/files/sdcard")).json() == {"files": []}
    assert (await gateway.client.get("/api/files/nowhere")).status_code == 404
    assert (await gateway.client.get("/api/files/sdcard/x.gcode")).status_code == 404
    assert gateway.owner.commands() == []


async def test_one_file_is_shown_with_its_prints_once_it_was_printed(gateway: RunningGateway) -> None:
    gateway.owner.answers[topics.READ_FILE] = FileRead(file=print_file("golden_long.gcode"))
    assert (await gateway.client.get("/api/files/local/golden_long.gcode")).json() == shown_file("golden_long.gcode")
    printed = print_file(
        "sample_dir/short.gcode",
        2975,
        successes=1,
        last=LastPrint(date=1795329847.7447991, print_time=0.7727367689999483, success=True),
        average_print_time=0.7727367689999483,
    )
    gateway.owner.answers[topics.READ_FILE] = FileRead(file=printed)
    answer = (await gateway.client.get("/api/files/local/sample_dir/short.gcode")).json()
    assert gateway.owner.commands()[-1].path == "sample_dir/short.gcode"
    assert answer["prints"] == {
        "failure": 0,
        "last": {"date": 1795329847.7447991, "printTime": 0.7727367689999483, "success": True},
        "success": 1,
    }
    assert answer["statistics"] == {
        "averagePrintTime": {"_default": 0.7727367689999483},
        "lastPrintTime": {"_default": 0.7727367689999483},
    }


async def test_a_folder_can_be_read_like_a_file(gateway: RunningGateway) -> None:
    gateway.owner.answers[topics.READ_FILE] = FileRead(folder=folder("sample_dir", size=2975))
    gateway.owner.answers[topics.LIST_FILES] = FileList(files=[print_file("sample_dir/short.gcode", 2975)])
    answer = await gateway.client.get("/api/files/local/sample_dir", params={"recursive": "1"})
    assert answer.json() == shown_folder("sample_dir", [shown_file("sample_dir/short.gcode", 2975)], 2975)
    assert gateway.owner.commands()[-1].folder == "sample_dir"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_an_unknown_file_is_a_404_in_octoprints_words(gateway: RunningGateway, method: str) -> None:
    gateway.owner.answers[topics.READ_FILE] = NotFound("There is no file 'nope.gcode'")
    gateway.owner.answers[topics.DELETE_FILE] = NotFound("There is no file 'nope.gcode'")
    answer = await gateway.client.request(method, "/api/files/local/nope.gcode")
    assert (answer.status_code, answer.json()) == (404, {"error": NOT_FOUND})


@pytest.mark.parametrize(
    ("path", "body", "command"),
    [
        ("a.gcode", {"command": "select"}, SelectFile(path="a.gcode")),
        ("a.gcode", {"command": "select", "print": False}, SelectFile(path="a.gcode")),
        ("dir/b.gcode", {"command": "select", "print": True}, SelectFile(path="dir/b.gcode", print=True)),
        ("a.gcode", {"command": "select", "print": "yes"}, SelectFile(path="a.gcode", print=True)),
        ("current", {"command": "unselect"}, UnselectFile(path="current")),
    ],
)
async def test_select_and_unselect_reach_the_owner(
    gateway: RunningGateway, path: str, body: dict[str, Any], command: Any
) -> None:
    gateway.owner.answers[topics.COMMAND_PRINTER] = CommandDone(run="run-1")
    answer = await gateway.client.post(f"/api/files/local/{path}", json=body)
    assert (answer.status_code, answer.content, answer.headers["x-run-id"]) == (204, b"", "run-1")
    (asked,) = gateway.owner.commands()
    assert (asked.path, getattr(asked, "print", None)) == (command.path, getattr(command, "print", None))


async def test_select_is_refused_in_the_owners_words(gateway: RunningGateway) -> None:
    text = "Printer is already printing, cannot select a new file"
    gateway.owner.answers[topics.COMMAND_PRINTER] = Conflict(text)
    answer = await gateway.client.post("/api/files/local/b.gcode", json={"command": "select"})
    assert (answer.status_code, answer.json()) == (409, {"error": text})
    gateway.owner.answers[topics.COMMAND_PRINTER] = NotFound("no such file")
    answer = await gateway.client.post("/api/files/local/nope.gcode", json={"command": "select"})
    assert (answer.status_code, answer.json()) == (404, {"error": NOT_FOUND})


async def test_what_a_file_says_is_shown_as_recorded(gateway: RunningGateway) -> None:
    area = Area(max_x=70.0, max_y=70.0, max_z=0.4, min_x=0.0, min_y=0.0, min_z=0.0)
    size = Dimensions(depth=70.0, height=0.4, width=70.0)
    filament = {"tool0": Filament(length=5.32162, volume=0.012799996133791082)}
    analysis = GcodeAnalysis(
        estimated_print_time=11.646937759374305, estimated_by="own", filament=filament, dimensions=size,
        printing_area=area, travel_area=area, travel_dimensions=size, layer_count=2,
    )  # fmt: skip
    file = print_file("short.gcode", 2975, analysis=analysis, userdata={"from": "a slicer"})
    gateway.owner.answers[topics.READ_FILE] = FileRead(file=file)
    answer = (await gateway.client.get("/api/files/local/short.gcode")).json()
    shown = {"maxX": 70.0, "maxY": 70.0, "maxZ": 0.4, "minX": 0.0, "minY": 0.0, "minZ": 0.0}
    assert answer["gcodeAnalysis"] == {
        "dimensions": {"depth": 70.0, "height": 0.4, "width": 70.0},
        "estimatedPrintTime": 11.646937759374305,
        "filament": {"tool0": {"length": 5.32162, "volume": 0.012799996133791082}},
        "printingArea": shown,
        "travelArea": shown,
        "travelDimensions": {"depth": 70.0, "height": 0.4, "width": 70.0},
    }
    assert answer["userdata"] == {"from": "a slicer"}


async def test_a_file_is_deleted_unless_it_is_in_use(gateway: RunningGateway) -> None:
    gateway.owner.answers[topics.DELETE_FILE] = FileDeleted(paths=["a.gcode"])
    answer = await gateway.client.delete("/api/files/local/a.gcode")
    assert (answer.status_code, answer.content) == (204, b"")
    text = "Trying to delete a file that is currently in use"
    gateway.owner.answers[topics.DELETE_FILE] = Conflict(text)
    answer = await gateway.client.delete("/api/files/local/a.gcode")
    assert (answer.status_code, answer.json()) == (409, {"error": text})


async def test_a_viewer_may_list_and_download_but_not_select_or_delete(gateway: RunningGateway) -> None:
    gateway.owner.answers[topics.LIST_FILES] = FileList()
    client = gateway.client_from("192.0.2.1", VIEWER_KEY)
    assert (await client.get("/api/files")).status_code == 200
    assert (await client.post("/api/files/local/a.gcode", json={"command": "select"})).status_code == 403
    assert (await client.delete("/api/files/local/a.gcode")).status_code == 403
    assert (await client.post("/api/files/local", files={"file": ("a.gcode", b"G28\n")})).status_code == 403


async def test_an_unknown_command_on_a_file_is_invalid(gateway: RunningGateway) -> None:
    answer = await gateway.client.post("/api/files/local/a.gcode", json={"command": "nope"})
    assert (answer.status_code, answer.json()) == (400, {"error": "command is invalid"})
    assert gateway.owner.commands() == []


async def test_a_path_of_a_request_never_reaches_the_disk(gateway: RunningGateway) -> None:
    gateway.owner.answers[topics.READ_FILE] = NotFound("no such file")
    for path in ("..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/gateway.db", "C:%5Cboot.ini"):
        assert (await gateway.client.get(f"/downloads/files/local/{path}")).status_code == 404


async def test_references_use_the_prefix_and_the_host_of_the_request(gateway: RunningGateway) -> None:
    gateway.owner.answers[topics.READ_FILE] = FileRead(file=print_file("a b.gcode"))
    answer = await gateway.client.get("/octoprint/virtual/api/files/local/a b.gcode", headers={"Host": "box:81"})
    assert answer.json()["refs"]["resource"] == "http://box:81/octoprint/virtual/api/files/local/a%20b.gcode"


async def test_a_folder_named_like_the_prefix_is_found_below_it(gateway: RunningGateway) -> None:
    gateway.owner.answers[topics.READ_FILE] = FileRead(file=print_file("octoprint/a.gcode"))
    answer = await gateway.client.get("/octoprint/api/files/local/octoprint/a.gcode")
    assert answer.status_code == 200
    assert gateway.owner.commands()[-1].path == "octoprint/a.gcode"
