"""POST /api/printer/…: what reaches the owner, and OctoPrint's refusals in OctoPrint's order."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts import topics
from shared.contracts.printers import FakeAck, OffsetTemperatures, PrinterStatus, SendGcode, StopEmergency, When
from shared.errors import Conflict
from tests.support.gateway import OPERATOR_KEY, VIEWER_KEY, RunningGateway

S = PrinterStatus
OFFLINE = (409, {"error": "Printer is not operational"})
NOT_AT_REST = (409, {"error": "Printer is not operational or currently printing"})
NOT_IDLE = (409, {"error": "Printer is not operational or currently busy"})
PRINTING = (409, {"error": "Printer is currently printing"})

HEAD, TOOL, BED, CHAMBER = "/api/printer/printhead", "/api/printer/tool", "/api/printer/bed", "/api/printer/chamber"
CARD, LINES = "/api/printer/sd", "/api/printer/command"
ALL = {
    HEAD: {"command": "home", "axes": ["x"]},
    TOOL: {"command": "target", "targets": {"tool0": 200}},
    BED: {"command": "target", "target": 60},
    CHAMBER: {"command": "target", "target": 40},
    CARD: {"command": "init"},
    LINES: {"command": "M106"},
}


async def post(gateway: RunningGateway, path: str, body: Any) -> tuple[int, Any]:
    answer = await gateway.client.post(path, json=body)
    return answer.status_code, answer.json() if answer.content else None


SENT = [
    (HEAD, {"command": "jog", "x": 10, "y": -5, "z": 0.02}, ["G91", "G0 X10 Y-5 Z0.02 F200", "G90"]),
    (HEAD, {"command": "jog", "x": 10, "speed": 1500}, ["G91", "G0 X10 F1500", "G90"]),
    (HEAD, {"command": "jog", "y": 1e-5, "speed": False}, ["G91", "G0 Y0", "G90"]),
    (HEAD, {"command": "jog", "x": 1, "y": 0, "absolute": True}, ["G90", "G0 X1 Y0 F6000"]),
    (HEAD, {"command": "jog", "x": 1, "absolute": "no"}, ["G91", "G0 X1 F6000", "G90"]),
    (HEAD, {"command": "home", "axes": ["x", "y", "x"]}, ["G91", "G28 X0 Y0", "G90"]),
    (HEAD, {"command": "home", "axes": []}, ["G91", "G28", "G90"]),
    (TOOL, {"command": "extrude", "amount": -3.5}, ["G91", "M83", "G1 E-3.5 F300", "M82", "G90"]),
    (TOOL, {"command": "extrude", "amount": 5, "speed": 60}, ["G91", "M83", "G1 E5 F60", "M82", "G90"]),
    (TOOL, {"command": "extrude", "amount": 5, "speed": 9000}, ["G91", "M83", "G1 E5 F300", "M82", "G90"]),
]


@pytest.mark.parametrize(("path", "body", "lines"), SENT)
async def test_moves_are_octoprints_lines_and_the_owner_knows_that_they_need_rest(
    gateway: RunningGateway, path: str, body: Any, lines: list[str]
) -> None:
    for status in (S.OPERATIONAL, S.PAUSED):
        await gateway.owner.state(status)
        answer = await gateway.client.post(path, json=body)
        assert (answer.status_code, answer.content, answer.headers["content-type"]) == (204, b"", "text/plain")
        command = gateway.owner.commands()[-1]
        assert (command.lines, command.when, command.keep_modes) == (lines, When.NOT_PRINTING, True)
        assert command.printer == "virtual"
        assert command.caller.name == "admin"


@pytest.mark.parametrize(
    ("path", "body", "lines"),
    [
        (HEAD, {"command": "feedrate", "factor": 105}, ["M220 S105"]),
        (HEAD, {"command": "feedrate", "factor": 1.15}, ["M220 S115"]),
        (TOOL, {"command": "flowrate", "factor": 75}, ["M221 S75"]),
        (TOOL, {"command": "flowrate", "factor": 0.95}, ["M221 S95"]),
        (TOOL, {"command": "target", "targets": {"tool0": 220.5}}, ["M104 S220.5"]),
        (TOOL, {"command": "target", "targets": {}}, []),
        (BED, {"command": "target", "target": 75, "offset": 3}, ["M140 S75"]),
    ],
)
async def test_targets_and_rates_may_be_set_while_printing(
    gateway: RunningGateway, path: str, body: Any, lines: list[str]
) -> None:
    await gateway.owner.state(S.PRINTING)
    assert await post(gateway, path, body) == (204, None)
    (command,) = gateway.owner.commands()
    assert (command.lines, command.when, command.keep_modes) == (lines, When.ALWAYS, False)


async def test_a_printer_with_more_tools_and_a_chamber_gets_what_names_them(gateway: RunningGateway) -> None:
    await gateway.owner.state(S.OPERATIONAL, tools=2, heated_chamber=True)
    assert (await post(gateway, TOOL, {"command": "target", "targets": {"tool0": 220, "tool1": 205}}))[0] == 204
    assert (await post(gateway, TOOL, {"command": "select", "tool": "tool1"}))[0] == 204
    assert (await post(gateway, CHAMBER, {"command": "target", "target": 40}))[0] == 204
    assert [command.lines for command in gateway.owner.commands()] == [
        ["M104 T0 S220", "M104 T1 S205"],
        ["T1"],
        ["M141 S40"],
    ]
    assert gateway.owner.commands()[1].when is When.NOT_PRINTING


@pytest.mark.parametrize(
    ("path", "body", "offsets"),
    [
        (TOOL, {"command": "offset", "offsets": {"tool0": 10, "tool1": -5}}, {"tool0": 10, "tool1": -5}),
        (BED, {"command": "offset", "offset": -50}, {"bed": -50}),
        (CHAMBER, {"command": "offset", "offset": 2.5}, {"chamber": 2.5}),
        (
            "/api/control/printer/heater",
            {"command": "offset", "offsets": {"hotend": 4, "bed": 1}},
            {"tool0": 4, "bed": 1},
        ),
    ],
)
async def test_offsets_are_the_owners(gateway: RunningGateway, path: str, body: Any, offsets: dict[str, float]) -> None:
    await gateway.owner.state(S.PRINTING, tools=2, heated_chamber=True)
    assert await post(gateway, path, body) == (204, None)
    (command,) = gateway.owner.commands()
    assert isinstance(command, OffsetTemperatures)
    assert command.offsets == offsets


@pytest.mark.parametrize(("name", "line"), [("init", "M21"), ("refresh", "M20"), ("release", "M22")])
async def test_the_card(gateway: RunningGateway, name: str, line: str) -> None:
    for path in (CARD, "/api/control/printer/sd"):
        assert await post(gateway, path, {"command": name}) == (204, None)
        command = gateway.owner.commands()[-1]
        assert (command.lines, command.when) == ([line], When.IDLE)


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ({"command": "M106"}, ["M106"]),
        ({"commands": ["M18", "M106 S0"]}, ["M18", "M106 S0"]),
        ({"command": "G28\nG1 X5"}, ["G28", "G1 X5"]),
        ({"command": "M117 {speed} 100%"}, ["M117 {speed} 100%"]),
        ({"command": "M106 S{speed}", "parameters": {"speed": 128}}, ["M106 S128"]),
        (
            {"commands": ["M106 S%(speed)s", "M117 50%% {text}"], "parameters": {"speed": 1.5, "text": "a"}},
            ["M106 S1.5", "M117 50% a"],
        ),
        ({"command": "M106", "parameters": None}, ["M106"]),
        ({"commands": []}, []),
    ],
)
async def test_lines_go_as_they_are_with_their_parameters(gateway: RunningGateway, body: Any, lines: list[str]) -> None:
    for path in (LINES, "/api/control/printer/command"):
        assert await post(gateway, path, body) == (204, None)
        command = gateway.owner.commands()[-1]
        assert (command.lines, command.when) == (lines, When.ALWAYS)


@pytest.mark.parametrize("line", ["M112", "M112 ; now", "N5 M112*3", "M0112"])
async def test_an_emergency_stop_is_the_owners_emergency_stop_whatever_stands_beside_it(
    gateway: RunningGateway, line: str
) -> None:
    assert await post(gateway, LINES, {"commands": ["G28", line]}) == (204, None)
    assert await post(gateway, LINES, {"command": "M1120"}) == (204, None)
    stop, other = gateway.owner.commands()
    assert isinstance(stop, StopEmergency)
    assert isinstance(other, SendGcode)


@pytest.mark.parametrize("mount", ["", "/octoprint", "/octoprint/virtual", "/octoprint/"])
async def test_the_same_at_every_address_and_with_doubled_slashes(gateway: RunningGateway, mount: str) -> None:
    await gateway.owner.state(S.OPERATIONAL, heated_chamber=True)
    for path, body in ALL.items():
        assert await post(gateway, f"{mount}{path}", body) == (204, None), path
    assert len(gateway.owner.commands()) == len(ALL)


@pytest.mark.parametrize("path", ALL)
async def test_only_who_may_control_does(gateway: RunningGateway, path: str) -> None:
    await gateway.owner.state(S.OFFLINE)
    viewer = gateway.client_from("192.0.2.1", VIEWER_KEY)
    assert (await viewer.post(path, content=b"{")).status_code == 403  # before state and body are looked at
    assert (await gateway.client_from("192.0.2.2").post(path, json=ALL[path])).status_code == 403
    await gateway.owner.state(S.OPERATIONAL, heated_chamber=True)
    operator = gateway.client_from("192.0.2.3", OPERATOR_KEY)
    assert (await operator.post(path, json=ALL[path])).status_code == 204


@pytest.mark.parametrize(
    ("path", "refusal"),
    [(HEAD, NOT_AT_REST), (TOOL, OFFLINE), (BED, OFFLINE), (CHAMBER, OFFLINE), (CARD, NOT_IDLE), (LINES, OFFLINE)],
)
@pytest.mark.parametrize("status", [S.OFFLINE, S.CONNECTING, S.ERROR, S.OFFLINE_AFTER_ERROR])
async def test_a_printer_that_is_not_operational_is_a_409(
    gateway: RunningGateway, path: str, refusal: Any, status: PrinterStatus
) -> None:
    await gateway.owner.state(status, heated_chamber=True)
    assert await post(gateway, path, ALL[path]) == refusal
    assert gateway.owner.commands() == []


@pytest.mark.parametrize("status", [S.STARTING, S.PRINTING, S.PAUSING, S.RESUMING, S.FINISHING, S.CANCELLING])
async def test_what_would_disturb_a_print_is_a_409_while_printing(
    gateway: RunningGateway, status: PrinterStatus
) -> None:
    await gateway.owner.state(status)
    assert await post(gateway, HEAD, {"command": "jog", "x": "far"}) == NOT_AT_REST
    assert await post(gateway, HEAD, {"command": "home", "axes": ["x"]}) == NOT_AT_REST
    assert await post(gateway, TOOL, {"command": "extrude", "amount": "much"}) == PRINTING
    assert await post(gateway, TOOL, {"command": "select", "tool": "tool0"}) == PRINTING
    assert await post(gateway, "/api/control/printer/feeder", {"command": "extrude", "amount": 1}) == NOT_AT_REST
    assert await post(gateway, CARD, {"command": "init"}) == NOT_IDLE
    assert gateway.owner.commands() == []


async def test_a_paused_print_keeps_the_card_busy(gateway: RunningGateway) -> None:
    await gateway.owner.state(S.PAUSED)
    assert await post(gateway, CARD, {"command": "init"}) == NOT_IDLE


async def test_what_the_owner_refuses_is_told_in_its_words(gateway: RunningGateway) -> None:
    gateway.owner.answers[topics.COMMAND_PRINTER] = Conflict(NOT_AT_REST[1]["error"], code="printing")
    assert await post(gateway, HEAD, {"command": "jog", "x": 1}) == NOT_AT_REST


async def test_without_a_heated_bed_or_chamber_there_is_nothing_to_heat(gateway: RunningGateway) -> None:
    await gateway.owner.state(S.OPERATIONAL, heated_bed=False)
    assert await post(gateway, BED, {}) == (409, {"error": "Printer does not have a heated bed"})
    assert await post(gateway, CHAMBER, {}) == (409, {"error": "Printer does not have a heated chamber"})
    early = await post(gateway, "/api/control/printer/heater", {"command": "temp", "temps": {"bed": 5}})
    assert early == (400, {"error": "Invalid target for setting temperature"})


async def test_there_are_no_scripts_to_name(gateway: RunningGateway) -> None:
    assert await post(gateway, LINES, {"script": "afterPrintPaused"}) == (404, {"error": "Unknown script"})


@pytest.mark.parametrize("status", [S.OFFLINE, S.OPERATIONAL, S.PRINTING])
async def test_a_fake_ack_reaches_the_owner_in_every_state(gateway: RunningGateway, status: PrinterStatus) -> None:
    await gateway.owner.state(status)
    for path in ("/api/connection", "/api/control/connection"):
        assert await post(gateway, path, {"command": "fake_ack"}) == (204, None)
    assert all(isinstance(command, FakeAck) for command in gateway.owner.commands())
    viewer = gateway.client_from("192.0.2.1", VIEWER_KEY)
    assert (await viewer.post("/api/connection", json={"command": "fake_ack"})).status_code == 403


async def test_the_early_heater_and_feeder(gateway: RunningGateway) -> None:
    heater = {"command": "temp", "temps": {"hotend": 200, "bed": 60.5}}
    assert await post(gateway, "/api/control/printer/heater", heater) == (204, None)
    assert await post(gateway, "/api/control/printer/feeder", {"command": "extrude", "amount": 5}) == (204, None)
    assert await post(gateway, "/api/control/printer/printhead", {"command": "jog", "x": 5}) == (204, None)
    assert [command.lines for command in gateway.owner.commands()] == [
        ["M104 S200", "M140 S60.5"],
        ["G91", "M83", "G1 E5 F300", "M82", "G90"],
        ["G91", "G0 X5 F6000", "G90"],
    ]
