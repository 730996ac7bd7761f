"""Topics of devices reach whoever follows them, by the rules of MQTT filters."""

from __future__ import annotations

import pytest

from shared.bus.raw import RawFollowers, fits


@pytest.mark.parametrize(
    ("filter", "topic", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/+", "a/b", True),
        ("a/+", "a/b/c", False),
        ("a/+/c", "a/b/c", True),
        ("a/#", "a/b/c", True),
        ("a/#", "a", True),
        ("#", "a/b", True),
        ("#", "$SYS/b", False),
        ("+/b", "$SYS/b", False),
    ],
)
def test_filters_fit_as_the_standard_says(filter: str, topic: str, expected: bool) -> None:
    assert fits(filter, topic) is expected


def test_all_followers_of_a_topic_are_found_and_each_filter_is_subscribed_once() -> None:
    followers, heard = RawFollowers(), []

    def first(topic: str, payload: bytes, retained: bool) -> None:
        heard.append(("first", topic, payload, retained))

    def second(topic: str, payload: bytes, retained: bool) -> None:
        heard.append(("second", topic, payload, retained))

    assert followers.add("tele/+/STATE", first)
    assert followers.add("tele/lamp/STATE", second)
    assert not followers.add("tele/lamp/STATE", first)
    for handler in followers.match("tele/lamp/STATE"):
        handler("tele/lamp/STATE", b"x", False)
    assert sorted(who for who, *_ in heard) == ["first", "first", "second"]
    assert [one.filter for one in followers.subscriptions()] == ["tele/lamp/STATE", "tele/+/STATE"]
    assert not followers.remove("tele/lamp/STATE", second)
    assert followers.remove("tele/lamp/STATE", first)
    assert followers.match("tele/lamp/STATE") == [first]
    assert followers.match("tele") == []
