"""/api/printer, /api/connection, /api/version and /api/server against the recorded exchanges."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts import topics
from shared.contracts.printers import ConnectPrinter, DisconnectPrinter, Heater, PrinterStatus
from shared.errors import Invalid
from tests.support.gateway import VIEWER_KEY, RunningGateway

ROOM = {"tool0": Heater(actual=21.3, target=0.0), "bed": Heater(actual=21.3, target=0.0)}
ALL_FALSE = dict.fromkeys(
    (
        "cancelling", "closedOrError", "error", "finishing", "operational", "paused", "pausing", "printing", "ready",
        "resuming", "sdReady",
    ),
    False,
)  # fmt: skip
OPTIONS = {
    "baudratePreference": 115200,
    "baudrates": [250000, 230400, 115200, 57600, 38400, 19200, 9600],
    "portPreference": "VIRTUAL",
    "ports": ["/dev/ttyUSB0", "VIRTUAL"],
}
PROFILES = {"printerProfilePreference": "_default", "printerProfiles": [{"id": "_default", "name": "Default"}]}


async def test_version_and_server_are_as_slicers_expect_them(gateway: RunningGateway) -> None:
    answer = await gateway.client.get("/api/version")
    assert answer.json() == {"api": "0.1", "server": "1.11.8", "text": "OctoPrint 1.11.8"}
    assert (await gateway.client.get("/api/server")).json() == {"safemode": None, "version": "1.11.8"}


async def test_the_version_of_a_printer_that_does_not_exist_is_not_there(gateway: RunningGateway) -> None:
    for path in ("version", "server"):
        assert (await gateway.client.get(f"/octoprint/virtual/api/{path}")).status_code == 200
        assert (await gateway.client.get(f"/octoprint/misspelt/api/{path}")).status_code == 404
    await gateway.owner.presence("lost")
    assert (await gateway.client.get("/octoprint/virtual/api/version")).status_code == 200


async def test_an_operational_printer_is_shown_with_sd_state_and_temperatures(gateway: RunningGateway) -> None:
    await gateway.owner.temperature(ROOM)
    assert (await gateway.client.get("/api/printer")).json() == {
        "sd": {"ready": True},
        "state": {
            "error": "",
            "flags": {**ALL_FALSE, "operational": True, "ready": True, "sdReady": True},
            "text": "Operational",
        },
        "temperature": {
            "bed": {"actual": 21.3, "offset": 0, "target": 0.0},
            "tool0": {"actual": 21.3, "offset": 0, "target": 0.0},
        },
    }


async def test_parts_can_be_left_out(gateway: RunningGateway) -> None:
    answer = await gateway.client.get("/api/printer", params={"exclude": "temperature,sd"})
    assert set(answer.json()) == {"state"}


async def test_the_history_is_as_long_as_asked_for(gateway: RunningGateway) -> None:
    for _ in range(5):
        await gateway.owner.temperature(ROOM)
    answer = await gateway.client.get("/api/printer", params={"history": "true", "limit": "2"})
    entry = {"bed": {"actual": 21.3, "target": 0.0}, "tool0": {"actual": 21.3, "target": 0.0}}
    history = answer.json()["temperature"]["history"]
    assert history == [{**entry, "time": history[0]["time"]}] * 2
    assert isinstance(history[0]["time"], int)
    for limit in ("0", "x", "-1", "9" * 30):
        answer = await gateway.client.get("/api/printer", params={"history": "yes", "limit": limit})
        assert len(answer.json()["temperature"]["history"]) == 5


async def test_right_after_a_connect_there_are_no_temperatures(gateway: RunningGateway) -> None:
    assert (await gateway.client.get("/api/printer")).json()["temperature"] == {}


@pytest.mark.parametrize(
    "status",
    [PrinterStatus.OFFLINE, PrinterStatus.CONNECTING, PrinterStatus.ERROR, PrinterStatus.OFFLINE_AFTER_ERROR],
)
async def test_a_printer_that_is_not_operational_is_a_409(gateway: RunningGateway, status: PrinterStatus) -> None:
    await gateway.owner.state(status)
    answer = await gateway.client.get("/api/printer")
    assert (answer.status_code, answer.json()) == (409, {"error": "Printer is not operational"})


@pytest.mark.parametrize(
    ("status", "current"),
    [
        (PrinterStatus.OFFLINE, {"baudrate": None, "port": None, "state": "Closed"}),
        (PrinterStatus.OPERATIONAL, {"baudrate": 115200, "port": "VIRTUAL", "state": "Operational"}),
        (PrinterStatus.PRINTING, {"baudrate": 115200, "port": "VIRTUAL", "state": "Printing"}),
    ],
)
async def test_the_connection_is_shown_with_what_is_on_offer(
    gateway: RunningGateway, status: PrinterStatus, current: dict[str, Any]
) -> None:
    await gateway.owner.state(status)
    answer = await gateway.client.get("/api/connection")
    assert answer.json() == {"current": {**current, "printerProfile": "_default"}, "options": {**OPTIONS, **PROFILES}}
    early = await gateway.client.get("/api/control/connection")
    assert early.json() == {"current": current, "options": {**OPTIONS, "autoconnect": True}}


@pytest.mark.parametrize("path", ["/api/connection", "/api/control/connection"])
@pytest.mark.parametrize(
    ("body", "command"),
    [
        (
            {"command": "connect", "port": "VIRTUAL", "baudrate": 115200, "printerProfile": "_default"},
            ConnectPrinter(port="VIRTUAL", baudrate=115200),
        ),
        ({"command": "connect"}, ConnectPrinter()),
        ({"command": "connect", "printerprofile": "x", "save": True}, ConnectPrinter(save=True)),
        ({"command": "connect", "autoconnect": False}, ConnectPrinter(autoconnect=False)),
        ({"command": "disconnect"}, DisconnectPrinter()),
    ],
)
async def test_connect_and_disconnect_reach_the_owner(
    gateway: RunningGateway, path: str, body: dict[str, Any], command: Any
) -> None:
    await gateway.owner.state(PrinterStatus.OFFLINE)
    answer = await gateway.client.post(path, json=body)
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (204, b"", "text/plain")
    (asked,) = gateway.owner.commands()
    for name in ("port", "baudrate", "save", "autoconnect"):
        assert getattr(asked, name, None) == getattr(command, name, None)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"command": "nope"}, "command is invalid"),
        ({"command": "connect", "port": 5}, "port is invalid"),
        ({"command": "connect", "baudrate": "fast"}, "baudrate is invalid"),
        ({"command": "connect", "baudrate": True}, "baudrate is invalid"),
        ({"command": "connect", "printerProfile": "other"}, "printerProfile is invalid"),
    ],
)
async def test_a_connection_command_that_makes_no_sense_is_a_400(
    gateway: RunningGateway, body: dict[str, Any], text: str
) -> None:
    answer = await gateway.client.post("/api/connection", json=body)
    assert (answer.status_code, answer.json()) == (400, {"error": text})


async def test_the_owner_refuses_a_port_that_is_not_there(gateway: RunningGateway) -> None:
    gateway.owner.answers[topics.COMMAND_PRINTER] = Invalid("port is invalid", code="bad_port")
    answer = await gateway.client.post("/api/connection", json={"command": "connect", "port": "NOPE"})
    assert (answer.status_code, answer.json()) == (400, {"error": "port is invalid"})


async def test_a_viewer_may_not_connect(gateway: RunningGateway) -> None:
    client = gateway.client_from("192.0.2.1", VIEWER_KEY)
    assert (await client.get("/api/connection")).status_code == 200
    assert (await client.post("/api/connection", json={"command": "disconnect"})).status_code == 403
