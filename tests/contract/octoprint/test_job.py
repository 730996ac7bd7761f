"""/api/job against the exchanges recorded from OctoPrint 1.11.8."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts import topics
from shared.contracts.printers import (
    CancelPrint,
    CommandDone,
    Filament,
    JobProgress,
    PausePrint,
    PrinterStatus,
    RestartPrint,
    StartPrint,
)
from shared.errors import Conflict, Invalid, OutcomeUnknown
from tests.support.gateway import OPERATOR_KEY, VIEWER_KEY, RunningGateway

NO_PERMISSION = (
    "You don't have the permission to access the requested resource. "
    "It is either read-protected or not readable by the server."
)
NO_JSON = "Did not attempt to load JSON data because the request Content-Type was not 'application/json'."
BAD_JSON = "The browser (or proxy) sent a request that this server could not understand."
NO_FILE = {"date": None, "name": None, "origin": None, "path": None, "size": None}
NO_PROGRESS = {
    "completion": None,
    "filepos": None,
    "printTime": None,
    "printTimeLeft": None,
    "printTimeLeftOrigin": None,
}
LONG_FILE = {
    "date": 1795329835,
    "display": "golden_long.gcode",
    "name": "golden_long.gcode",
    "origin": "local",
    "path": "golden_long.gcode",
    "size": 219483,
}


async def shown_job(gateway: RunningGateway) -> Any:
    answer = await gateway.client.get("/api/job")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


async def test_with_nothing_selected_yet_the_filament_is_flat_and_no_average_is_there(gateway: RunningGateway) -> None:
    for status in (PrinterStatus.OPERATIONAL, PrinterStatus.OFFLINE):
        await gateway.owner.state(status)
        assert await shown_job(gateway) == {
            "job": {
                "estimatedPrintTime": None,
                "filament": {"length": None, "volume": None},
                "file": NO_FILE,
                "lastPrintTime": None,
                "user": None,
            },
            "progress": NO_PROGRESS,
            "state": str(status),
        }


async def test_a_selected_file_is_shown_with_its_display_name_and_no_filament_yet(gateway: RunningGateway) -> None:
    await gateway.owner.job("golden_long.gcode", user="_api")
    assert await shown_job(gateway) == {
        "job": {
            "averagePrintTime": None,
            "estimatedPrintTime": None,
            "filament": None,
            "file": LONG_FILE,
            "lastPrintTime": None,
            "user": "_api",
        },
        "progress": NO_PROGRESS,
        "state": "Operational",
    }


async def test_a_running_print_shows_its_unrounded_progress_and_filament_per_tool(gateway: RunningGateway) -> None:
    await gateway.owner.state(PrinterStatus.PRINTING)
    await gateway.owner.job(
        "golden_long.gcode",
        user="_api",
        estimated_print_time=636.5069377594248,
        filament={"tool0": Filament(length=399.12162, volume=0.9599999986681561)},
        progress=JobProgress(
            completion=4.680544734671933,
            filepos=10273,
            print_time=4,
            print_time_left=632,
            print_time_left_origin="analysis",
        ),
    )
    assert await shown_job(gateway) == {
        "job": {
            "averagePrintTime": None,
            "estimatedPrintTime": 636.5069377594248,
            "filament": {"tool0": {"length": 399.12162, "volume": 0.9599999986681561}},
            "file": LONG_FILE,
            "lastPrintTime": None,
            "user": "_api",
        },
        "progress": {
            "completion": 4.680544734671933,
            "filepos": 10273,
            "printTime": 4,
            "printTimeLeft": 632,
            "printTimeLeftOrigin": "analysis",
        },
        "state": "Printing",
    }


async def test_after_the_selected_file_is_gone_the_fields_stay_and_are_null(gateway: RunningGateway) -> None:
    await gateway.owner.job("golden_long.gcode")
    await gateway.owner.job(None)
    shown = await shown_job(gateway)
    assert shown["job"]["file"] == {**NO_FILE, "display": None}
    assert shown["job"]["filament"] is None
    assert shown["job"]["averagePrintTime"] is None


async def test_an_error_is_named_only_when_there_is_one(gateway: RunningGateway) -> None:
    assert "error" not in await shown_job(gateway)
    await gateway.owner.state(PrinterStatus.OFFLINE_AFTER_ERROR, error="Thermal runaway")
    shown = await shown_job(gateway)
    assert (shown["state"], shown["error"]) == ("Offline after error", "Thermal runaway")


@pytest.mark.parametrize("path", ["/api/job", "/api/control/job", "/octoprint/api/job", "/octoprint/virtual/api/job"])
@pytest.mark.parametrize(
    ("body", "command"),
    [
        ({"command": "start"}, StartPrint()),
        ({"command": "cancel"}, CancelPrint()),
        ({"command": "restart"}, RestartPrint()),
        ({"command": "pause"}, PausePrint(action="toggle")),
        ({"command": "pause", "action": "pause"}, PausePrint(action="pause")),
        ({"command": "pause", "action": "resume"}, PausePrint(action="resume")),
        ({"command": "pause", "action": "toggle", "x": [1]}, PausePrint(action="toggle")),
    ],
)
async def test_a_command_reaches_the_owner_and_is_answered_with_an_empty_204(
    gateway: RunningGateway, path: str, body: dict[str, Any], command: Any
) -> None:
    answer = await gateway.client.post(path, json=body)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["content-type"] == "text/plain"
    assert answer.headers["content-length"] == "0"
    (asked,) = gateway.owner.commands()
    assert type(asked) is type(command)
    assert getattr(asked, "action", None) == getattr(command, "action", None)
    assert (asked.printer, asked.caller.name, asked.caller.via) == ("virtual", "admin", "octoprint")


async def test_the_run_that_a_command_touched_stands_in_a_header(gateway: RunningGateway) -> None:
    gateway.owner.answers[topics.COMMAND_PRINTER] = CommandDone(run="0198-run")
    answer = await gateway.client.post("/api/job", json={"command": "start"})
    assert answer.headers["x-run-id"] == "0198-run"


REFUSALS = [
    ({"json": {"command": "nope"}}, 400, "command is invalid"),
    ({"json": {"foo": 1}}, 400, "command is invalid"),
    ({"json": {"command": 5}}, 400, "command is invalid"),
    ({"json": [1]}, 400, "command is invalid"),
    ({"json": {}, "params": {"command": "cancel"}}, 400, "command is invalid"),
    ({"content": b'{"command":"start"}', "headers": {"Content-Type": "text/plain"}}, 415, NO_JSON),
    ({"content": b'{"command":"start"}'}, 415, NO_JSON),
    ({"content": b'{"command":', "headers": {"Content-Type": "application/json"}}, 400, BAD_JSON),
    ({"content": b"", "headers": {"Content-Type": "application/json"}}, 400, BAD_JSON),
    ({"content": b"[" * 100_000, "headers": {"Content-Type": "application/json"}}, 400, BAD_JSON),
    ({"content": b'{"command": NaN}', "headers": {"Content-Type": "application/json"}}, 400, BAD_JSON),
    ({"content": b'"\xff"', "headers": {"Content-Type": "application/json"}}, 400, BAD_JSON),
    (
        {"content": b'{"command": "nope"}', "headers": {"Content-Type": "application/json; charset=UTF-8"}},
        400,
        "command is invalid",
    ),
]


@pytest.mark.parametrize(("request_", "status", "text"), REFUSALS)
async def test_what_cannot_be_understood_is_refused_with_the_recorded_text(
    gateway: RunningGateway, request_: dict[str, Any], status: int, text: str
) -> None:
    answer = await gateway.client.post("/api/job", **request_)
    assert (answer.status_code, answer.json()) == (status, {"error": text})
    assert gateway.owner.commands() == []


@pytest.mark.parametrize("name", ["start", "cancel", "pause"])
async def test_a_printer_that_is_not_operational_is_a_409_before_the_body_is_looked_at(
    gateway: RunningGateway, name: str
) -> None:
    await gateway.owner.state(PrinterStatus.OFFLINE)
    expected = (409, {"error": "Printer is not operational"})
    answer = await gateway.client.post("/api/job", json={"command": name})
    assert (answer.status_code, answer.json()) == expected
    answer = await gateway.client.post("/api/job", content=b"no json")
    assert (answer.status_code, answer.json()) == expected
    answer = await gateway.client.post("/api/job", json={"command": name}, headers=gateway.as_(VIEWER_KEY))
    assert (answer.status_code, answer.json()) == expected
    assert gateway.owner.commands() == []


async def test_the_owner_decides_about_states_and_actions_in_its_own_words(gateway: RunningGateway) -> None:
    text = "Printer is neither printing nor paused, 'cancel' command cannot be performed"
    gateway.owner.answers[topics.COMMAND_PRINTER] = Conflict(text, code="not_active")
    answer = await gateway.client.post("/api/job", json={"command": "cancel", "x": 1})
    assert (answer.status_code, answer.json()) == (409, {"error": text})
    gateway.owner.answers[topics.COMMAND_PRINTER] = Invalid("Unknown action", code="unknown_action")
    answer = await gateway.client.post("/api/job", json={"command": "pause", "action": "nope"})
    assert (answer.status_code, answer.json()) == (400, {"error": "Unknown action"})
    assert gateway.owner.commands()[-1].action == "nope"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("key", [None, "WRONG"])
async def test_without_a_good_key_every_method_is_forbidden(
    gateway: RunningGateway, method: str, key: str | None
) -> None:
    client = gateway.client_from("192.0.2.1", key)
    answer = await client.request(method, "/api/files/local/x.gcode", json={"command": "start"})
    assert answer.status_code == (403 if method != "PUT" else 405)
    if method in ("GET", "POST"):
        answer = await client.request(method, "/api/job", json={"command": "start"})
        assert (answer.status_code, answer.json()) == (403, {"error": NO_PERMISSION})


async def test_the_key_comes_first_even_while_the_printer_is_offline(gateway: RunningGateway) -> None:
    await gateway.owner.state(PrinterStatus.OFFLINE)
    answer = await gateway.client_from("192.0.2.1").post("/api/job", json={"command": "start"})
    assert answer.status_code == 403


async def test_a_viewer_may_look_and_is_told_about_unknown_commands_but_may_not_act(gateway: RunningGateway) -> None:
    client = gateway.client_from("192.0.2.1", VIEWER_KEY)
    assert (await client.get("/api/job")).status_code == 200
    for name in ("start", "cancel"):
        answer = await client.post("/api/job", json={"command": name})
        assert (answer.status_code, answer.json()) == (403, {"error": NO_PERMISSION})
    answer = await client.post("/api/job", json={"command": "nope"})
    assert (answer.status_code, answer.json()) == (400, {"error": "command is invalid"})
    assert gateway.owner.commands() == []


@pytest.mark.parametrize(
    "way",
    [
        {"headers": {"X-Api-Key": OPERATOR_KEY}},
        {"headers": {"Authorization": f"Bearer {OPERATOR_KEY}"}},
        {"headers": {"Authorization": f"Bearer: {OPERATOR_KEY}"}},
        {"headers": {"Authorization": f"bearer {OPERATOR_KEY}"}},
        {"params": {"apikey": OPERATOR_KEY}},
        {"params": {"apikey": OPERATOR_KEY}, "headers": {"X-Api-Key": "a wrong one that does not count"}},
    ],
)
async def test_a_key_is_taken_from_header_bearer_and_query(gateway: RunningGateway, way: dict[str, Any]) -> None:
    client = gateway.client_from("192.0.2.1")
    assert (await client.post("/api/job", json={"command": "start"}, **way)).status_code == 204
    assert gateway.owner.commands()[0].caller.name == "olga"


@pytest.mark.parametrize("gone", ["lost", "offline"])
async def test_without_its_owner_a_printer_is_unavailable_and_never_shown_as_it_was(
    gateway: RunningGateway, gone: str
) -> None:
    await gateway.owner.state(PrinterStatus.PRINTING)
    await gateway.owner.presence(gone)
    for answer in (
        await gateway.client.get("/api/job"),
        await gateway.client.get("/api/printer"),
        await gateway.client.post("/api/job", json={"command": "cancel"}),
    ):
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "2"
        assert answer.json() == {"error": "The printer's controller is not running"}


async def test_an_answer_that_does_not_come_is_a_503_that_says_when_to_ask_again(gateway: RunningGateway) -> None:
    gateway.owner.answers[topics.COMMAND_PRINTER] = OutcomeUnknown("nobody answered in time")
    answer = await gateway.client.post("/api/job", json={"command": "start"})
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1


async def test_without_the_broker_nothing_is_shown_as_true(gateway: RunningGateway) -> None:
    gateway.bus.connected = False
    assert (await gateway.client.get("/api/job")).status_code == 503
    assert (await gateway.client.get("/readyz")).status_code == 503
    assert (await gateway.client.get("/healthz")).status_code == 200
