"""What people see: lines cut from a stream, a name in front, and log entries made readable on a terminal."""

from __future__ import annotations

import io

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


def test_without_a_terminal_a_line_stays_as_it_is_behind_the_name() -> None:
    stream = io.StringIO()
    Output(stream).child("gateway", '{"message":"hi"}')
    assert stream.getvalue() == 'gateway | {"message":"hi"}\n'


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
