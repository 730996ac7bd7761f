"""`current` and `history` are as recorded, and tell each temperature once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from services.gateway.dialects.octoprint.push import translate, wire
from services.gateway.dialects.octoprint.push.terminal import LINES, Terminal
from services.gateway.dialects.octoprint.push.translate import Look
from shared.contracts.printers import (
    Filament,
    Heater,
    JobFile,
    JobProgress,
    PrinterJob,
    PrinterState,
    PrinterStatus,
    PrinterTemperature,
)

AT = datetime.fromtimestamp(1795332965.835417, UTC)
NAME = "sample_wscap_long.gcode"
STATE = PrinterState(state=PrinterStatus.PRINTING, name="mk3", owner="one", sd_ready=True, at=AT, version=1)
JOB = PrinterJob(
    file=JobFile(name=NAME, path=NAME, display=NAME, size=219483, date=1795332961),
    estimated_print_time=636.5069377594248,
    filament={"tool0": Filament(length=399.12162, volume=0.9599999986681561)},
    user="admin",
    progress=JobProgress(
        completion=0.7230628340235917, filepos=1587, print_time=0, print_time_left=635,
        print_time_left_origin="analysis",
    ),
    line=57,
    current_z=0.4,
    transmitted=57,
    at=AT,
    version=1,
)  # fmt: skip
# The recorded message without its log lines, and with the newest mark alone.
RECORDED: dict[str, Any] = {
    "state": {
        "text": "Printing",
        "flags": {
            "operational": True, "printing": True, "cancelling": False, "pausing": False, "resuming": False,
            "finishing": False, "closedOrError": False, "error": False, "paused": False, "ready": False,
            "sdReady": True,
        },
        "error": "",
    },
    "job": {
        "file": {
            "name": NAME, "path": NAME, "display": NAME, "origin": "local", "size": 219483, "date": 1795332961,
        },
        "estimatedPrintTime": 636.5069377594248, "averagePrintTime": None, "lastPrintTime": None,
        "filament": {"tool0": {"length": 399.12162, "volume": 0.9599999986681561}}, "user": "admin",
    },
    "currentZ": 0.4,
    "progress": {
        "completion": 0.7230628340235917, "filepos": 1587, "printTime": 0, "printTimeLeft": 635,
        "printTimeLeftOrigin": "analysis",
    },
    "offsets": {},
    "resends": {"count": 0, "transmitted": 57, "ratio": 0},
    "serverTime": 1795332965.835417,
    "temps": [
        {
            "time": 1795332965, "tool0": {"actual": 21.3, "target": 0.0}, "bed": {"actual": 21.3, "target": 0.0},
            "chamber": {"actual": None, "target": None},
        }
    ],
    "busyFiles": [{"origin": "local", "path": NAME}],
    "markings": [{"type": "print", "label": "Start", "time": 1795332965.1478}],
    "logs": [],
    "messages": [],
}  # fmt: skip


def reading(seconds: float, offset: float = 0) -> PrinterTemperature:
    heaters = {"tool0": Heater(actual=21.3, target=0.0, offset=offset), "bed": Heater(actual=21.3, target=0.0)}
    return PrinterTemperature(heaters=heaters, at=AT + timedelta(seconds=seconds), version=1)


def look(**changes: Any) -> Look:
    return Look(**{"key": 1, "at": AT, "state": STATE, "job": JOB, "had_file": True, **changes})


def shown(kind: str, seen: Look, since: datetime | None = None) -> Any:
    return json.loads(translate.state_message(kind, seen, since=since).text)[kind]


def times(seen: Look, since: datetime | None) -> list[int]:
    return [point["time"] - int(AT.timestamp()) for point in shown("current", seen, since)["temps"]]


def test_a_current_while_printing_is_as_recorded() -> None:
    marking = wire.Marking(type="print", label="Start", time=1795332965.1478)
    assert shown("current", look(readings=(reading(0),), markings=(marking,))) == RECORDED


def test_resends_are_counted_and_told_in_percent_of_what_was_sent() -> None:
    job = msgspec.structs.replace(JOB, transmitted=70, resends=5)
    assert shown("current", look(job=job))["resends"] == {"count": 5, "transmitted": 70, "ratio": 7}
    assert shown("current", look(job=None))["resends"] == {"count": 0, "transmitted": 0, "ratio": 0}


def test_messages_are_what_the_printer_says_beside_its_answers() -> None:
    terminal = Terminal()
    terminal.add(
        ["Send: N5 M105*35", "Recv: ok T:21.3 /0.0", "Recv: ok", "Recv: wait", "Recv: echo:hot", "Recv: T:21 /0"]
    )
    assert shown("current", look(terminal=terminal))["messages"] == ["echo:hot"]


def test_of_more_lines_than_a_screenful_the_newest_come() -> None:
    terminal = Terminal()
    terminal.add([f"Send: N{number}" for number in range(500)])
    found = json.loads(translate.state_message("current", look(terminal=terminal), since=None, read=10).text)["current"]
    assert (len(found["logs"]), found["logs"][-1]) == (LINES, "Send: N499")
    assert (
        json.loads(translate.state_message("current", look(terminal=terminal), since=None, read=500).text)["current"][
            "logs"
        ]
        == []
    )


def test_history_has_the_same_members() -> None:
    assert set(shown("history", look())) == set(RECORDED)


def test_all_members_are_there_when_nothing_is_known() -> None:
    found = shown("current", translate.unavailable(AT, "The owner is away", had_file=False))
    assert set(found) == set(RECORDED)
    assert found["state"]["text"] == "Offline"
    assert found["state"]["error"] == "The owner is away"
    assert found["state"]["flags"]["closedOrError"] is True
    assert found["state"]["flags"]["operational"] is False
    assert (found["temps"], found["busyFiles"], found["progress"]["completion"]) == ([], [], None)


def test_temperatures_come_once_and_in_order() -> None:
    seen = look(readings=(reading(0), reading(1), reading(2)))
    assert times(seen, None) == [0, 1, 2]
    assert times(seen, AT) == [1, 2]
    assert times(seen, AT + timedelta(seconds=2)) == []
    assert seen.newest == AT + timedelta(seconds=2)
    assert look().newest is None


def test_offsets_are_those_that_are_set() -> None:
    assert shown("current", look(readings=(reading(0, offset=5),)))["offsets"] == {"tool0": 5}


def test_a_file_is_busy_while_it_is_printed_or_paused() -> None:
    def busy(status: PrinterStatus) -> bool:
        state = PrinterState(state=status, name="mk3", owner="one", at=AT, version=1)
        return bool(shown("current", look(state=state))["busyFiles"])

    assert busy(PrinterStatus.PAUSED)
    assert busy(PrinterStatus.CANCELLING)
    assert not busy(PrinterStatus.OPERATIONAL)
