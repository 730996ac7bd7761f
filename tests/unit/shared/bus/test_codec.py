"""Payloads: words and JSON for people, strict structs between services, one kind of error for all that is wrong."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bus.codec import Reader, Undecodable, encode, envelope_of, properties_of
from shared.contracts import load_topics, topics
from shared.contracts.messages import Event
from shared.contracts.printers import ConnectPrinter, PausePrint, SelectFile, StartPrint

WORDS = {"resume": {"command": "pause", "action": "resume"}}


@pytest.fixture
def commands():
    return Reader(topics.PRINTER_SET, lenient=True, words=WORDS)


@pytest.mark.parametrize(
    ("payload", "command"),
    [
        (b"pause", PausePrint()),
        (b" PAUSE \n", PausePrint()),
        (b'"pause"', PausePrint()),
        (b"resume", PausePrint(action="resume")),
        (b'{"command":"pause","action":"resume"}', PausePrint(action="resume")),
        (b'{"command":"connect","baudrate":"115200","save":"true"}', ConnectPrinter(baudrate=115200, save=True)),
        (b'{"command":"select","path":"a.gcode","unknown":1}', SelectFile(path="a.gcode")),
    ],
)
def test_a_command_is_understood_as_json_or_as_one_word(commands, payload, command):
    assert commands.read(payload) == command


DEEP = 200_000


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"fly",
        b"start now please",
        b"x" * 100,
        b"{}",
        b'{"command":"pause","action":NaN}',
        b'{"command":"gcode","lines":[1]}',
        b'{"command":"connect","baudrate":1e999}',
        b'{"command":"connect","baudrate":"1.5"}',
        b'{"command":"pause","action":"\xff"}',
        b"\xff\xfe",
        b"\xff" * 2_000_000,
        b"[" * DEEP,
        b'{"command":"start","x":' + b"[" * DEEP,
        b'{"a":' * DEEP,
        b"null",
        b"17",
    ],
)
def test_whatever_is_wrong_is_one_kind_of_error_with_a_short_reason(commands, payload):
    with pytest.raises(Undecodable) as wrong:
        commands.read(payload)
    assert 0 < len(str(wrong.value)) <= 200


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(payload):
    for topic in (topics.PRINTER_SET, topics.PRINTER_STATE, topics.PRINTER_AVAILABLE, topics.EVENT):
        try:
            Reader(topic, lenient=topic is topics.PRINTER_SET).read(payload)
        except Undecodable:
            continue


def test_between_services_nothing_is_guessed():
    with pytest.raises(Undecodable):
        Reader(topics.COMMAND_PRINTER).read(b"pause")
    with pytest.raises(Undecodable):
        Reader(topics.RUN).read(b'{"id":"1","status":"running","version":"3","job":{"kind":"a","id":"b","name":"c"}}')


def test_text_topics_deliver_text_and_a_cleared_retained_value_is_none():
    assert Reader(topics.PRINTER_AVAILABLE).read(b"online") == "online"
    assert Reader(topics.PRINTER_AVAILABLE).read(b"") is None
    assert Reader(topics.PRINTER_STATE).read(b"") is None


def test_the_envelope_is_found_where_the_command_is_not_understood():
    envelope = envelope_of(b'{"command":"fly","id":"1","reply_to":"jobwire/answer/me"}')
    assert envelope is not None
    assert (envelope.id, envelope.reply_to) == ("1", "jobwire/answer/me")
    assert envelope_of(b"[" * DEEP) is None
    assert envelope_of(b"\xff") is None


def test_events_repeat_their_attributes_as_cloudevents_do():
    at = datetime(2026, 3, 1, tzinfo=UTC)
    properties = properties_of(Event(id="1", type="run_failed", source="printer_controller", time=at), None)
    assert properties.content_type == "application/json"
    assert dict(properties.user) == {
        "specversion": "1.0",
        "id": "1",
        "type": "run_failed",
        "source": "printer_controller",
        "time": "2026-03-01T00:00:00+00:00",
    }


def test_structs_text_and_bytes_are_encoded():
    assert encode(StartPrint(printer="p1")) == b'{"command":"start","printer":"p1"}'
    assert (encode("wörd"), encode(b"\xff")) == ("wörd".encode(), b"\xff")


def test_words_may_be_given_meaning_by_a_function() -> None:
    numbers = Reader(load_topics.LOAD_SET, lenient=True, words=lambda word: {"text": word} if word != "no" else None)
    assert numbers.read(b"50%").text == "50%"
    assert numbers.read(b'{"bri":5}').bri == 5
    with pytest.raises(Undecodable):
        numbers.read(b"no")
