"""The session recorded from OctoPrint 1.11.8, played again: the same messages in the same order, on every transport."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.contracts.printers import JobProgress, PrinterStatus
from tests.support.gateway import RunningGateway
from tests.support.push import TRANSPORTS, Address, PushClient, happened

S = PrinterStatus
FILE = {
    "name": "long.gcode",
    "path": "long.gcode",
    "origin": "local",
    "size": 219483,
    "owner": "admin",
    "user": "admin",
}
PRINT = {"printer": "virtual", "run": "r1", **FILE}
STOPPED = {"x": 50.0, "y": 50.0, "z": 1.0, "t": 0, "e": 13.30405, "f": 1200.0}
END = {**PRINT, "time": 5.5, "progress": 5, "line": 90, "reason": None}


async def turn(gateway: RunningGateway, status: PrinterStatus, completion: float | None) -> None:
    await gateway.owner.job("long.gcode", progress=JobProgress(completion=completion), run="r1")
    await gateway.owner.state(status)


async def play(gateway: RunningGateway) -> None:
    """What the owner publishes during the recorded session; `tick` is half a second."""
    tick = gateway.clock.advance
    await tick(0.5)
    await turn(gateway, S.STARTING, 0.0)
    await happened(gateway, "print_started", PRINT)
    await turn(gateway, S.PRINTING, 0.1)
    await tick(0.5)
    await turn(gateway, S.PAUSING, 3.2)
    await tick(0.5)
    await happened(gateway, "print_paused", {**PRINT, "position": 7000, "at": STOPPED})
    await turn(gateway, S.PAUSED, 3.2)
    await tick(0.5)
    await turn(gateway, S.RESUMING, 3.2)
    await happened(gateway, "print_resumed", PRINT)
    await turn(gateway, S.PRINTING, 3.3)
    await tick(0.5)
    await happened(gateway, "print_cancelling", PRINT)
    await turn(gateway, S.CANCELLING, None)
    await happened(gateway, "print_cancelled", END)
    await turn(gateway, S.OPERATIONAL, None)
    await tick(0.5)
    await gateway.owner.job(None)
    await happened(gateway, "file_removed", {"path": "long.gcode", "files": 1})
    await tick(0.5)


RECORDED: list[tuple[str, Any]] = [
    ("current", "Operational"),
    ("event", "FileSelected"),  # the recording began with the file selected
    ("event", ("PrinterStateChanged", {"state_id": "STARTING", "state_string": "Starting"})),
    ("event", "PrintStarted"),
    ("event", ("ChartMarked", {"type": "print", "label": "Start"})),
    ("event", ("PrinterStateChanged", {"state_id": "PRINTING", "state_string": "Printing"})),
    ("current", "Printing"),
    ("event", ("PrinterStateChanged", {"state_id": "PAUSING", "state_string": "Pausing"})),
    ("current", "Pausing"),
    ("event", "PrintPaused"),
    ("event", ("ChartMarked", {"type": "pause", "label": "Pause"})),
    ("event", ("PositionUpdate", {"reason": "pause", **STOPPED})),
    ("event", ("PrinterStateChanged", {"state_id": "PAUSED", "state_string": "Paused"})),
    ("current", "Paused"),
    ("event", ("PrinterStateChanged", {"state_id": "RESUMING", "state_string": "Resuming"})),
    ("event", "PrintResumed"),
    ("event", ("ChartMarked", {"type": "resume", "label": "Resume"})),
    ("event", ("PrinterStateChanged", {"state_id": "PRINTING", "state_string": "Printing"})),
    ("current", "Printing"),
    ("event", "PrintCancelling"),
    ("event", ("PrinterStateChanged", {"state_id": "CANCELLING", "state_string": "Cancelling"})),
    ("event", "PrintCancelled"),
    ("event", ("ChartMarked", {"type": "cancel", "label": "Cancel"})),
    ("event", ("MetadataStatisticsUpdated", {"storage": "local", "path": "long.gcode"})),
    ("event", "PrintFailed"),
    ("event", ("PrinterStateChanged", {"state_id": "OPERATIONAL", "state_string": "Operational"})),
    ("current", "Operational"),
    ("event", ("FileDeselected", None)),
    (
        "event",
        (
            "FileRemoved",
            {
                "storage": "local",
                "path": "long.gcode",
                "name": "long.gcode",
                "type": ["machinecode", "gcode"],
                "operation": "remove",
            },
        ),
    ),
    ("event", ("UpdatedFiles", {"type": "printables"})),
    ("current", "Operational"),
]


def in_short(message: Any, expected: tuple[str, Any]) -> tuple[str, Any]:
    """The message in the form of the table's row."""
    (kind, payload), *_ = message.items()
    if kind == "current":
        return kind, payload["state"]["text"]
    return kind, payload["type"] if isinstance(expected[1], str) else (payload["type"], payload["payload"])


@pytest.mark.parametrize("prefix", ["", "/octoprint", "/octoprint/virtual"])
@pytest.mark.parametrize("transport", list(TRANSPORTS))
async def test_the_recorded_session_is_heard_again(
    gateway: RunningGateway, address: Address, auth: str, transport: str, prefix: str
) -> None:
    async with TRANSPORTS[transport](address, prefix) as client:
        assert await client.kind() == "connected"
        assert await client.login(auth) == ["history", "timelapse"]
        await play(gateway)
        found = [in_short(await client.heard(), row) for row in RECORDED]
        assert found == RECORDED
        await check_payloads(gateway, client)


async def check_payloads(gateway: RunningGateway, client: PushClient) -> None:
    """The events of a print carry the file, and say how it ended."""
    told = [message["event"] for frame in client.frames for message in messages_of(frame) if "event" in message]
    of = {event["type"]: event["payload"] for event in told}
    for name in ("PrintStarted", "PrintPaused", "PrintResumed", "PrintCancelling", "PrintCancelled", "PrintFailed"):
        assert {member: of[name][member] for member in FILE} == FILE
    assert of["PrintFailed"]["reason"] == "cancelled"
    assert of["PrintCancelled"]["time"] == of["PrintFailed"]["time"] == 5.5
    assert of["PrintPaused"]["fileposition"] == 7000
    assert of["PrintPaused"]["position"] == STOPPED


def messages_of(frame: str) -> list[Any]:
    if frame.startswith("a"):
        return [json.loads(text) for text in json.loads(frame[1:])]
    return [json.loads(frame)] if frame.startswith("{") else []
