"""What is wrong with a command is said in plain words, whatever was sent."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bus.codec import Reader, Undecodable
from shared.contracts import topics

READER = Reader(topics.PRINTER_SET, lenient=True, words={"toggle": {"command": "pause", "action": "toggle"}})
TYPE_NAMES = re.compile(r"\b(str|int|bool|dict|NoneType|array|float)\b|`object`")


def said(payload: bytes, reader: Reader = READER) -> str:
    with pytest.raises(Undecodable) as wrong:
        reader.read(payload)
    return str(wrong.value)


@pytest.mark.parametrize("payload", [b"fly", b'"fly"', b'{"command":"fly"}'])
def test_an_unknown_command_is_named_beside_those_there_are(payload: bytes) -> None:
    assert said(payload).startswith("unknown command 'fly': one of start, cancel, restart, pause, ")
    assert said(payload).endswith("emergency_stop, toggle")


@pytest.mark.parametrize(
    ("payload", "sentence"),
    [
        (b"{pause}", "not JSON: object keys must be strings (byte 1)"),
        (b'{"command":"pause"', "not JSON: it ends too early"),
        (b'{"command":"pause","action":7}', "`action` must be text, not a whole number"),
        (b'{"command":"gcode","lines":[1]}', "`lines` must be text, not a whole number"),
        (b'{"command":"gcode","lines":"G28"}', "`lines` must be a list, not text"),
        (b'{"command":"gcode","lines":[],"when":"soon"}', "`when` cannot be 'soon'"),
        (b'{"command":"select"}', "`path` is missing"),
        (b'{"command":"temperature_offsets","offsets":{"bed":"hot"}}', "`offsets` must be a number, not text"),
        (b'{"command":"connect","baudrate":"1.5"}', "`baudrate` must be a whole number or null, not text"),
        (b'{"command":"start","expires_at":"soon"}', "`expires_at` must be a date and time"),
        (b'{"command":"connect","baudrate":1e999}', "`baudrate` has a value that it cannot have"),
        (b"[1]", "the message must be a JSON object, not a list"),
        (b'{"command":7}', "`command` must be text"),
        (b"\xff\xfe", "not text in UTF-8"),
        (b"start now please " * 10, "neither a JSON object nor one word"),
    ],
)
def test_what_is_wrong_is_one_plain_sentence(payload: bytes, sentence: str) -> None:
    assert said(payload) == sentence
    assert not TYPE_NAMES.search(said(payload))


def test_a_command_without_its_name_is_told_which_there_are() -> None:
    assert said(b"{}").startswith("`command` is missing; one of start, cancel, ")


@given(st.binary(max_size=200) | st.from_regex(rb'\{"command":"(gcode|connect|pause)","[a-z]{1,8}":.{0,20}\}'))
def test_no_name_of_a_type_is_ever_said(payload: bytes) -> None:
    sentence = ""
    try:
        READER.read(payload)
    except Undecodable as wrong:
        sentence = str(wrong)
    assert not re.search("`(int|str|array|object|bool|float)", sentence)
    assert len(sentence) <= 300
