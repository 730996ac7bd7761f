"""Our events and changes become OctoPrint's events, named and filled as recorded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.gateway.dialects.octoprint.push import events
from shared.contracts.messages import Event
from shared.contracts.printers import JobFile, JobProgress, PrinterJob, PrinterState, PrinterStatus

S = PrinterStatus
AT = datetime(2026, 11, 22, 6, 44, 9, tzinfo=UTC)
FILE = {"name": "a.gcode", "path": "d/a.gcode", "origin": "local", "size": 219483, "owner": "olga", "user": "olga"}
OURS = {"printer": "mk3", "run": "r", **FILE}
AT_PAUSE = {"x": 50.0, "y": 50.0, "z": 1.0, "e": 13.3, "t": 0, "f": 1200.0}
END = {"time": 3.5, "progress": 42, "line": 7, "reason": None}


def told(type_: str, data: dict[str, Any]) -> list[tuple[str, Any]]:
    event = Event(id="1", type=type_, source="jobwire/printer_controller", time=AT, data=data)
    return [(one.type, one.payload) for one in events.of_event(event)]


def state(status: PrinterStatus, error: str = "") -> PrinterState:
    return PrinterState(state=status, error=error, name="mk3", owner="one", at=AT, version=1)


def mark(kind: str, label: str) -> tuple[str, Any]:
    return "ChartMarked", {"type": kind, "label": label}


GCODE = ["machinecode", "gcode"]


def place(path: str) -> dict[str, Any]:
    return {"storage": "local", "path": path, "name": path.rpartition("/")[2]}


def gcode(path: str, operation: str) -> dict[str, Any]:
    return {**place(path), "type": GCODE, "operation": operation}


COUNTED = ("MetadataStatisticsUpdated", {"storage": "local", "path": "d/a.gcode"})


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("print_started", OURS, [("PrintStarted", FILE), mark("print", "Start")]),
        (
            "print_paused",
            {**OURS, "line": 3, "position": 77, "print_time": 1.0},
            [("PrintPaused", {**FILE, "fileposition": 77}), mark("pause", "Pause")],
        ),
        (
            "print_paused",
            {**OURS, "position": 77, "at": AT_PAUSE},
            [
                ("PrintPaused", {**FILE, "fileposition": 77, "position": AT_PAUSE}),
                mark("pause", "Pause"),
                ("PositionUpdate", {"reason": "pause", **AT_PAUSE}),
            ],
        ),
        ("position_reported", {"printer": "mk3", **AT_PAUSE}, [("PositionUpdate", {"reason": None, **AT_PAUSE})]),
        (
            "file_added",
            {"path": "a.gcode", "select": True, "print": True, "effective_select": False, "effective_print": True},
            [
                ("FileAdded", gcode("a.gcode", "add")),
                ("UpdatedFiles", {"type": "printables"}),
                (
                    "Upload",
                    {
                        "name": "a.gcode",
                        "path": "a.gcode",
                        "target": "local",
                        "select": True,
                        "print": True,
                        "effective_select": False,
                        "effective_print": True,
                    },
                ),
            ],
        ),
        ("folder_added", {"path": "d/e"}, [("FolderAdded", place("d/e")), ("UpdatedFiles", {"type": "printables"})]),
        (
            "file_analysis_began",
            {"name": "a.gcode", "path": "d/a.gcode", "origin": "local"},
            [
                (
                    "MetadataAnalysisStarted",
                    {"name": "a.gcode", "path": "d/a.gcode", "origin": "local", "type": "gcode"},
                )
            ],
        ),
        ("print_resumed", OURS, [("PrintResumed", FILE), mark("resume", "Resume")]),
        ("print_cancelling", OURS, [("PrintCancelling", FILE)]),
        (
            "print_cancelled",
            {**OURS, **END},
            [
                ("PrintCancelled", {**FILE, "time": 3.5, "progress": 42}),
                mark("cancel", "Cancel"),
                COUNTED,
                ("PrintFailed", {**FILE, "time": 3.5, "progress": 42, "reason": "cancelled"}),
            ],
        ),
        (
            "print_failed",
            {**OURS, **END, "reason": "the line was lost"},
            [
                COUNTED,
                ("PrintFailed", {**FILE, "time": 3.5, "progress": 42, "reason": "error", "error": "the line was lost"}),
            ],
        ),
        (
            "print_done",
            {**OURS, **END, "progress": 100},
            [("PrintDone", {**FILE, "time": 3.5, "progress": 100}), mark("done", "Done"), COUNTED],
        ),
        (
            "printer_connected",
            {"printer": "mk3", "port": "/dev/ttyUSB0", "baudrate": 115200, "firmware": "Marlin"},
            [("Connected", {"port": "/dev/ttyUSB0", "baudrate": 115200}), mark("connected", "Connected")],
        ),
        (
            "printer_disconnected",
            {"printer": "mk3", "reason": "asked"},
            [("Disconnected", None), mark("disconnected", "Disconnected")],
        ),
        (
            "file_added",
            {"path": "d/a.gcode", "name": "a.gcode", "size": 5, "user": "olga", "userdata": {"a": 1}},
            [
                ("FileAdded", gcode("d/a.gcode", "add")),
                ("UpdatedFiles", {"type": "printables"}),
                ("Upload", {"name": "a.gcode", "path": "d/a.gcode", "target": "local", "userdata": {"a": 1}}),
            ],
        ),
        (
            "file_removed",
            {"path": "A.GCODE", "files": 1},
            [
                ("FileRemoved", gcode("A.GCODE", "remove")),
                ("UpdatedFiles", {"type": "printables"}),
            ],
        ),
        (
            "file_removed",
            {"path": "d", "files": 3},
            [
                ("FolderRemoved", {"storage": "local", "path": "d", "name": "d"}),
                ("UpdatedFiles", {"type": "printables"}),
            ],
        ),
        (
            "file_copied",
            {"source": "a.gcode", "path": "d/b.gcode"},
            [("FileAdded", gcode("d/b.gcode", "copy")), ("UpdatedFiles", {"type": "printables"})],
        ),
        (
            "file_copied",
            {"source": "d", "path": "e"},
            [("FolderAdded", place("e")), ("UpdatedFiles", {"type": "printables"})],
        ),
        (
            "file_moved",
            {"source": "a.gcode", "path": "d/b.gcode"},
            [
                ("FileRemoved", gcode("a.gcode", "move")),
                ("FileAdded", gcode("d/b.gcode", "move")),
                (
                    "FileMoved",
                    {
                        "storage": "local",
                        "source_path": "a.gcode",
                        "source_name": "a.gcode",
                        "source_type": GCODE,
                        "destination_path": "d/b.gcode",
                        "destination_name": "b.gcode",
                        "destination_type": GCODE,
                    },
                ),
                ("UpdatedFiles", {"type": "printables"}),
            ],
        ),
        (
            "file_moved",
            {"source": "d", "path": "e/f"},
            [
                ("FolderRemoved", place("d")),
                ("FolderAdded", place("e/f")),
                (
                    "FolderMoved",
                    {
                        "storage": "local",
                        "source_path": "d",
                        "source_name": "d",
                        "destination_path": "e/f",
                        "destination_name": "f",
                    },
                ),
                ("UpdatedFiles", {"type": "printables"}),
            ],
        ),
        (
            "file_analysed",
            {"name": "a.gcode", "path": "d/a.gcode", "origin": "local", "result": {"estimatedPrintTime": 5}},
            [
                (
                    "MetadataAnalysisFinished",
                    {"name": "a.gcode", "path": "d/a.gcode", "origin": "local", "result": {"estimatedPrintTime": 5}},
                )
            ],
        ),
        ("file_analysed", {"path": "d/a.gcode", "result": None, "reason": "too large"}, []),
        ("command_refused", {"printer": "mk3"}, []),
        ("something_new", {}, []),
    ],
)
def test_an_event_of_ours_is_told_as_octoprint_tells_it(name: str, data: dict[str, Any], expected: list[Any]) -> None:
    assert told(name, data) == expected


@pytest.mark.parametrize("name", sorted(set(events._EVENTS) - {"file_analysed"}))
def test_an_event_without_its_members_is_still_told(name: str) -> None:
    assert told(name, {})


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (S.OPERATIONAL, S.OPERATIONAL, []),
        (S.OPERATIONAL, S.STARTING, [("PrinterStateChanged", "STARTING")]),
        (S.OFFLINE, S.OPENING, [("Connecting", None), ("PrinterStateChanged", "OPEN_SERIAL")]),
        (S.OPENING, S.DETECTING, [("PrinterStateChanged", "DETECT_SERIAL")]),
        (S.PRINTING, S.ERROR, [("Error", None), ("PrinterStateChanged", "ERROR")]),
        (S.ERROR, S.OFFLINE_AFTER_ERROR, [("PrinterStateChanged", "CLOSED_WITH_ERROR")]),
        (S.OPERATIONAL, S.OFFLINE, [("PrinterStateChanged", "OFFLINE")]),
    ],
)
def test_a_change_of_state_is_told(before: S, now: S, expected: list[tuple[str, str | None]]) -> None:
    found = events.of_state(state(before), state(now, "hot end broken"))
    assert [(one.type, (one.payload or {}).get("state_id")) for one in found] == expected
    for one in found:
        if one.type == "PrinterStateChanged":
            assert one.payload is not None
            assert one.payload["state_string"] == now
        if one.type == "Error":
            assert one.payload == {"error": "hot end broken", "reason": "firmware"}


def test_every_state_has_an_id() -> None:
    assert len({events.state_id(status) for status in S}) == len(S)


def test_another_selected_file_is_told() -> None:
    first = JobFile(name="a.gcode", path="d/a.gcode", display="a", size=5)
    shown = {"name": "a.gcode", "path": "d/a.gcode", "origin": "local", "size": 5}
    assert events.of_selection(None, first) == (("FileSelected", shown),)
    assert events.of_selection(first, None) == (("FileDeselected", None),)
    assert events.of_selection(first, JobFile(name="a.gcode", path="d/a.gcode", display="b", size=6)) == ()
    assert events.of_selection(None, None) == ()


def test_another_height_of_a_print_is_told() -> None:
    first = PrinterJob(progress=JobProgress(), current_z=0.2, at=AT, version=1)
    next_ = PrinterJob(progress=JobProgress(), current_z=0.4, at=AT, version=2)
    over = PrinterJob(progress=JobProgress(), at=AT, version=3)
    assert events.of_height(first, next_) == (("ZChange", {"new": 0.4, "old": 0.2}),)
    assert events.of_height(over, first) == (("ZChange", {"new": 0.2, "old": None}),)
    assert events.of_height(next_, next_) == events.of_height(next_, over) == ()


def test_marks_carry_the_time_of_their_event() -> None:
    event = Event(id="1", type="print_started", source="s", time=AT)
    marking = events.mark_of(event)
    assert marking is not None
    assert (marking.type, marking.label, marking.time) == ("print", "Start", AT.timestamp())
    assert events.mark_of(Event(id="1", type="file_added", source="s", time=AT)) is None
