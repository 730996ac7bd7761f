"""SockJS's frames are as protocol 0.3.3 writes them."""

from __future__ import annotations

import json

import pytest

from services.gateway.dialects.octoprint.push import frames
from services.gateway.dialects.octoprint.push.frames import Message
from shared.errors import Invalid


@pytest.mark.parametrize(
    ("messages", "frame"),
    [
        (["x"], 'a["x"]'),
        (['{"a":1}', "y"], 'a["{\\"a\\":1}","y"]'),
        (["\u00e9\u2028\n"], 'a["\u00e9\u2028\\n"]'),
        (["\x00\x1f"], 'a["\\u0000\\u001f"]'),
        ([], "a[]"),
    ],
)
def test_messages_travel_as_json_strings_in_an_array(messages: list[str], frame: str) -> None:
    assert frames.array([Message(text) for text in messages]) == frame
    assert json.loads(frame[1:]) == messages


def test_one_message_is_framed_as_an_array_of_one() -> None:
    message = Message('{"connected":{}}')
    assert message.framed == frames.array([message]) == 'a["{\\"connected\\":{}}"]'
    assert message.framed is message.framed


def test_the_last_frame_says_a_code_and_a_reason() -> None:
    assert frames.close(3000, "Go away!") == 'c[3000,"Go away!"]'
    assert frames.close(1, 'a"b') == 'c[1,"a\\"b"]'
    assert frames.close(2010, "Another connection still open") == frames.ANOTHER_RECEIVER


@pytest.mark.parametrize(
    ("text", "messages"),
    [("", []), (b"", []), ('["a"]', ["a"]), ('"a"', ["a"]), ("[]", []), (b'["a","{}"]', ["a", "{}"]), (" [ ] ", [])],
)
def test_a_client_sends_an_array_or_one_string_or_nothing(text: str | bytes, messages: list[str]) -> None:
    assert frames.read(text) == messages


@pytest.mark.parametrize("text", ['["a', "{}", "[1]", '[["a"]]', "nul", "a", "\x00", b"\xff", "[" * 100_000, "5"])
def test_everything_else_is_refused(text: str | bytes) -> None:
    with pytest.raises(Invalid, match="Broken JSON encoding"):
        frames.read(text)
