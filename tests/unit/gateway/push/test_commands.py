"""What a client says is understood as OctoPrint does, and nonsense is ignored."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from services.gateway.dialects.octoprint.push import filters
from services.gateway.dialects.octoprint.push.commands import Auth, Subscription, Throttle, parse

NOTHING = Subscription(state=False, logs=False, messages=False, events=frozenset())


@pytest.mark.parametrize(
    ("message", "command"),
    [
        ({"auth": "olga:abc"}, Auth("olga", "abc")),
        ({"auth": "a:b:c"}, Auth("a:b", "c")),
        ({"auth": "olga"}, None),
        ({"auth": 5}, None),
        ({"throttle": 1}, Throttle(1)),
        ({"throttle": "3"}, Throttle(3)),
        ({"throttle": 0}, None),
        ({"throttle": -1}, None),
        ({"throttle": 1.5}, None),
        ({"throttle": True}, None),
        ({"throttle": "\u0663x"}, None),
        ({"throttle": "9" * 50}, None),
        ({"auth": "olga:abc", "throttle": 2}, Auth("olga", "abc")),
        ({"subscribe": {}}, NOTHING),
        ({"subscribe": {"plugins": ["example"]}}, NOTHING),
        (
            {"subscribe": {"state": {"logs": "^Recv: Cap", "messages": False}, "events": True, "plugins": True}},
            Subscription(state=True, logs=filters.parse("^Recv: Cap"), messages=False, events=None),
        ),
        ({"subscribe": {"events": ["PrintFailed"]}}, replace(NOTHING, events=frozenset({"PrintFailed"}))),
        ({"subscribe": {"state": True, "events": False}}, replace(NOTHING, state=True, logs=True)),
        ({"subscribe": {"state": {}}}, replace(NOTHING, state=True)),
        ({"subscribe": {"state": {"messages": True}}}, replace(NOTHING, state=True, messages=True)),
        ({"subscribe": {"state": {"logs": "(a+)+$"}}}, None),
        ({"subscribe": {"state": 1}}, None),
        ({"subscribe": {"state": {"logs": 5}}}, None),
        ({"subscribe": {"events": "all"}}, None),
        ({"subscribe": {"state": True, "plugins": 7}}, None),
        ({"subscribe": []}, None),
        ({"other": 1}, None),
        ({}, None),
        ([], None),
        ("auth", None),
    ],
)
def test_a_message_says_one_thing(message: Any, command: Any) -> None:
    assert parse(json.dumps(message)) == command


@pytest.mark.parametrize("text", ["", "{", "nonsense", "[" * 100_000, '{"auth": "\ud800:x"}', "\x00"])
def test_what_is_no_json_says_nothing(text: str) -> None:
    assert parse(text) is None


def test_a_subscription_wants_the_events_it_names() -> None:
    some = Subscription(state=False, events=frozenset({"PrintFailed"}))
    assert some.wants_event("PrintFailed")
    assert not some.wants_event("PrintDone")
    assert Subscription().wants_event("PrintDone")
