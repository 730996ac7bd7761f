"""What people see: lines cut from a stream, a name in front, and log entries made readable on a terminal."""

from __future__ import annotations

import io
import json
import re
from datetime import datetime

import pytest

from services.cli.output import MAX_LINE, LineCutter, Output, readable


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_lines_are_complete_however_the_bytes_come() -> None:
    cutter = LineCutter()
    assert cutter.feed(b"one\ntw") == ["one"]
    assert cutter.feed(b"o\r\n\nthr") == ["two", ""]
    assert cutter.end() == ["thr"]
    assert cutter.end() == []


def test_a_line_without_end_does_not_grow_without_end() -> None:
    cutter = LineCutter()
    for _ in range(10):
        for line in cutter.feed(b"x" * MAX_LINE):
            assert len(line) <= MAX_LINE
    assert sum(len(line) for line in cutter.end()) <= MAX_LINE


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("plain text", ("", "plain text")),
        ('{"level":"warning","message":"hot","printer":"mk4","service":"x"}', ("warning", "hot printer=mk4")),
        ('{"level":"error","message":"bad","error":"Traceback"}', ("error", "bad\nTraceback")),
        ('{"no": "message"}', ("", '{"no": "message"}')),
        ("{broken", ("", "{broken")),
    ],
)
def test_a_log_entry_is_read_for_people(line: str, expected: tuple[str, str]) -> None:
    assert readable(line) == expected


ENTRY = '{"at":"2026-03-01T12:00:00.250000Z","level":"warning","service":"gateway","message":"hot","printer":"mk4"}'


def test_a_file_holds_text_with_times_behind_the_name() -> None:
    stream = io.StringIO()
    output = Output(stream)
    for line in ("plain", ENTRY, ENTRY.replace('"printer":"mk4"', '"error":"Trace\\nback"')):
        output.child("gateway", line)
    plain, *entries = stream.getvalue().splitlines()
    assert plain == "gateway | plain"
    assert re.fullmatch(r"gateway \| 2026-0[23]-\d\d \d\d:\d\d:00\.250 WARNING hot printer=mk4", entries[0])
    assert entries[2:] == ["gateway | Trace", "gateway | back"]


def test_machines_get_one_object_a_line_and_nothing_in_front_of_it() -> None:
    stream = io.StringIO()
    output = Output(stream, as_json=True)
    output.child("gateway", ENTRY)
    output.child("broker", 'it says "yes"')
    output.say("stopping")
    first, *others = stream.getvalue().splitlines()
    assert first == ENTRY
    shown = [json.loads(line) for line in others]
    assert [(each["service"], each["message"], each["level"]) for each in shown] == [
        ("broker", 'it says "yes"', "info"),
        ("jobwire", "stopping", "info"),
    ]
    assert all(datetime.fromisoformat(each["at"]).tzinfo for each in shown)


def test_the_last_lines_of_a_child_are_for_people() -> None:
    output = Output(io.StringIO())
    output.child("gateway", ENTRY)
    assert output.tail("gateway") == ["hot printer=mk4"]


def test_a_terminal_shows_colours_unless_they_are_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Terminal()
    Output(stream).child("gateway", "hi")
    assert "\x1b[" in stream.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Terminal()
    Output(plain).child("gateway", "hi")
    assert plain.getvalue() == "gateway | hi\n"


def test_quiet_keeps_the_last_lines_for_the_case_of_failure() -> None:
    stream = io.StringIO()
    output = Output(stream, quiet=True)
    for number in range(100):
        output.child("gateway", str(number))
    assert stream.getvalue() == ""
    assert output.tail("gateway")[-1] == "99"
    assert len(output.tail("gateway")) == 20


def test_a_closed_terminal_does_not_end_the_system() -> None:
    stream = io.StringIO()
    output = Output(stream)
    stream.close()
    output.say("still here")
