"""Bodies of POST /api/printer/… that make no sense, each refused with OctoPrint's text before the owner is asked."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.gateway import RunningGateway

HEAD, TOOL, BED, CARD = "/api/printer/printhead", "/api/printer/tool", "/api/printer/bed", "/api/printer/sd"
LINES, HEATER = "/api/printer/command", "/api/control/printer/heater"
NO_JSON = "Did not attempt to load JSON data because the request Content-Type was not 'application/json'."


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        *((path, {"command": "nope"}, "command is invalid") for path in (HEAD, TOOL, BED, CARD)),
        *((path, [1], "command is invalid") for path in (HEAD, TOOL, BED, CARD)),
        (HEAD, {"command": "home"}, "Mandatory parameters missing"),
        (HEAD, {"command": "feedrate"}, "Mandatory parameters missing"),
        (HEAD, {"command": "jog"}, "at least one axis to jog must be given"),
        (HEAD, {"command": "jog", "x": "1"}, "axis value is invalid"),
        (HEAD, {"command": "jog", "x": True}, "axis value is invalid"),
        (HEAD, {"command": "jog", "x": 1e300}, "axis value is invalid"),
        (HEAD, {"command": "jog", "z": None}, "axis value is invalid"),
        (HEAD, {"command": "jog", "x": 1, "speed": "100\nM112"}, "speed is invalid"),
        (HEAD, {"command": "jog", "x": 1, "speed": -1}, "speed is invalid"),
        (HEAD, {"command": "home", "axes": ["x", "e"]}, "axis is invalid"),
        (HEAD, {"command": "home", "axes": [["x"]]}, "axis is invalid"),
        (HEAD, {"command": "home", "axes": 5}, "axis is invalid"),
        *(
            (HEAD, {"command": "feedrate", "factor": factor}, "factor is invalid")
            for factor in (49, 201, 0.49, 2.01, 100.0, "100", None)
        ),
        *((TOOL, {"command": "flowrate", "factor": factor}, "factor is invalid") for factor in (74, 126, 0.7, 1.3, {})),
        *(
            (TOOL, {"command": "select", "tool": tool}, "tool is invalid")
            for tool in ("tool", "tool9", "tool0\nM112", "bed", 0, None)
        ),
        (TOOL, {"command": "select"}, "Mandatory parameters missing"),
        (TOOL, {"command": "target", "targets": {"tool0": 200, "bed": 60}}, "targets contains invalid tool"),
        (TOOL, {"command": "target", "targets": {"tool1": 200}}, "targets contains invalid tool"),
        (TOOL, {"command": "target", "targets": {"tool0": "200"}}, "targets contains invalid value"),
        (TOOL, {"command": "target", "targets": {"tool0": -1}}, "targets contains invalid value"),
        (TOOL, {"command": "target", "targets": [200]}, "targets is invalid"),
        (TOOL, {"command": "offset", "offsets": {"tool0": 50.5}}, "offsets contains invalid value"),
        (TOOL, {"command": "offset", "offsets": {"nozzle": 1}}, "offsets contains invalid tool"),
        (TOOL, {"command": "extrude", "amount": None}, "amount is invalid"),
        (TOOL, {"command": "extrude", "amount": 1, "speed": 0}, "speed is invalid"),
        (BED, {"command": "target"}, "Mandatory parameters missing"),
        (BED, {"command": "target", "target": "hot"}, "target is invalid"),
        (BED, {"command": "offset", "offset": -51}, "offset is invalid"),
        (LINES, {}, "Need one of 'command', 'commands' or 'script'"),
        (LINES, [], "Need one of 'command', 'commands' or 'script'"),
        (LINES, {"command": "G28", "commands": []}, "'command' and 'commands' are mutually exclusive"),
        (LINES, {"command": "G28", "script": "x"}, "'command'/'commands' and 'script' are mutually exclusive"),
        (LINES, {"command": 5}, "command is invalid"),
        (LINES, {"commands": "G28"}, "commands is invalid"),
        (LINES, {"commands": ["G28", None]}, "commands is invalid"),
        (LINES, {"command": "M106 S{speed}", "parameters": [1]}, "parameters is invalid"),
        (LINES, {"command": "M106 S{speed}", "parameters": {"fan": 1}}, "parameters has no text or number for 'speed'"),
        (LINES, {"command": "M106 S%(fan)s", "parameters": {"fan": {}}}, "parameters has no text or number for 'fan'"),
        (
            HEATER,
            {"command": "temp", "temps": {"tool0": 5}},
            "Invalid target for setting temperature",
        ),
        (HEATER, {"command": "temp", "temps": {"hotend": "x"}}, "Not a number for hotend"),
    ],
)
async def test_a_body_that_makes_no_sense_is_a_400(gateway: RunningGateway, path: str, body: Any, text: str) -> None:
    answer = await gateway.client.post(path, json=body)
    assert (answer.status_code, answer.json()) == (400, {"error": text})
    assert gateway.owner.commands() == []


@pytest.mark.parametrize("path", [HEAD, TOOL, BED, CARD, LINES])
async def test_a_body_that_is_no_json_is_refused_as_everywhere(gateway: RunningGateway, path: str) -> None:
    plain = await gateway.client.post(path, content=b"{}", headers={"Content-Type": "text/plain"})
    assert (plain.status_code, plain.json()) == (415, {"error": NO_JSON})
    broken = await gateway.client.post(path, content=b'{"command":', headers={"Content-Type": "application/json"})
    assert broken.status_code == 400
