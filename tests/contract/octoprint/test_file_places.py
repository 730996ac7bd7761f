"""Copying, moving, analysing and slicing: what reaches the owner, and what is answered."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts import topics
from shared.contracts.files import (
    AnalyseFile,
    AnalysisWanted,
    CopyFile,
    FilePlaced,
    FileRead,
    MoveFile,
    PrintFile,
    PrintFolder,
)
from shared.errors import Conflict, Invalid, NotFound
from tests.support.gateway import OPERATOR_KEY, VIEWER_KEY, RunningGateway

FILE = PrintFile(
    path="sample_folder/moved.gcode",
    name="moved.gcode",
    display="moved.gcode",
    size=1,
    date=1,
    hash="",
    digest="a" * 64,
)
PATH = "/api/files/local/golden_long.gcode"


@pytest.mark.parametrize(
    ("command", "topic", "struct"), [("copy", topics.COPY_FILE, CopyFile), ("move", topics.MOVE_FILE, MoveFile)]
)
async def test_a_copy_and_a_move_are_answered_as_recorded(
    gateway: RunningGateway, command: str, topic: Any, struct: Any
) -> None:
    gateway.owner.answers[topic] = FilePlaced(name="golden_long.gcode", file=FILE)
    answer = await gateway.client.post(PATH, json={"command": command, "destination": "sample_folder/moved.gcode"})
    resource = "http://host:8080/api/files/local/sample_folder/moved.gcode"
    assert (answer.status_code, answer.headers["location"]) == (201, resource)
    assert answer.json() == {
        "name": "golden_long.gcode",
        "origin": "local",
        "path": "sample_folder/moved.gcode",
        "refs": {
            "download": "http://host:8080/downloads/files/local/sample_folder/moved.gcode",
            "resource": resource,
        },
    }
    (asked,) = gateway.owner.commands()
    assert isinstance(asked, struct)
    assert (asked.path, asked.destination) == ("golden_long.gcode", "sample_folder/moved.gcode")


async def test_a_moved_folder_has_no_download(gateway: RunningGateway) -> None:
    gateway.owner.answers[topics.MOVE_FILE] = FilePlaced(
        name="old", folder=PrintFolder(path="new", name="new", display="new", date=1)
    )
    answer = await gateway.client.post("/api/files/local/old", json={"command": "move", "destination": "new"})
    assert answer.json()["refs"] == {"resource": "http://host:8080/api/files/local/new"}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("There is no file or folder 'golden_long.gcode'"), 404),
        (Conflict("File or folder does already exist"), 409),
        (Conflict("Trying to move a file that is currently in use"), 409),
        (Invalid("Could not take that name, invalid type", code="invalid_type"), 415),
        (Invalid("a name cannot hold control characters", code="bad_name"), 400),
    ],
)
async def test_the_owners_refusals_have_octoprints_statuses(
    gateway: RunningGateway, error: Exception, status: int
) -> None:
    gateway.owner.answers[topics.MOVE_FILE] = error
    answer = await gateway.client.post(PATH, json={"command": "move", "destination": "x"})
    assert answer.status_code == status
    assert status == 404 or answer.json() == {"error": str(error)}


@pytest.mark.parametrize("command", ["copy", "move"])
@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "Mandatory parameters missing"),
        ({"destination": 5}, "destination is invalid"),
        ({"destination": ["x"]}, "destination is invalid"),
    ],
)
async def test_a_destination_is_a_text(gateway: RunningGateway, command: str, body: dict[str, Any], text: str) -> None:
    answer = await gateway.client.post(PATH, json={"command": command, **body})
    assert (answer.status_code, answer.json()) == (400, {"error": text})
    assert gateway.owner.commands() == []


async def test_an_analysis_is_ordered_and_answered_with_204(gateway: RunningGateway) -> None:
    gateway.owner.answers[topics.ANALYSE_FILE] = AnalysisWanted(digest="a" * 64)
    answer = await gateway.client.post(PATH, json={"command": "analyse", "printerProfile": "_default"})
    assert (answer.status_code, answer.content) == (204, b"")
    (asked,) = gateway.owner.commands()
    assert isinstance(asked, AnalyseFile)
    gateway.owner.answers[topics.ANALYSE_FILE] = NotFound("no")
    assert (await gateway.client.post(PATH, json={"command": "analyse"})).status_code == 404


async def test_there_is_no_slicer_and_no_card(gateway: RunningGateway) -> None:
    gateway.owner.answers[topics.READ_FILE] = FileRead(file=FILE)
    answer = await gateway.client.post(PATH, json={"command": "slice"})
    assert (answer.status_code, answer.json()) == (415, {"error": "Cannot slice file, no slicer available"})
    assert (await gateway.client.post(PATH, json={"command": "uploadSd"})).status_code == 409
    gateway.owner.answers[topics.READ_FILE] = NotFound("no")
    assert (await gateway.client.post(PATH, json={"command": "slice"})).status_code == 404


@pytest.mark.parametrize("command", ["copy", "move", "analyse", "slice", "uploadSd"])
async def test_who_may_only_look_changes_nothing(gateway: RunningGateway, command: str) -> None:
    client = gateway.client_from("192.0.2.1", VIEWER_KEY)
    answer = await client.post(PATH, json={"command": command, "destination": "x"})
    assert answer.status_code == 403
    assert gateway.owner.commands() == []


async def test_an_operator_may_copy_and_move(gateway: RunningGateway) -> None:
    gateway.owner.answers |= {
        topics.COPY_FILE: FilePlaced(name="a", file=FILE),
        topics.MOVE_FILE: FilePlaced(name="a", file=FILE),
    }
    client = gateway.client_from("192.0.2.1", OPERATOR_KEY)
    for command in ("copy", "move"):
        assert (await client.post(PATH, json={"command": command, "destination": "x"})).status_code == 201
    assert [asked.caller.role for asked in gateway.owner.commands()] == ["operator", "operator"]


@pytest.mark.parametrize("place", ["sdcard", "nowhere"])
async def test_only_local_files_can_be_moved(gateway: RunningGateway, place: str) -> None:
    answer = await gateway.client.post(f"/api/files/{place}/a.gcode", json={"command": "move", "destination": "x"})
    assert answer.status_code == 404
