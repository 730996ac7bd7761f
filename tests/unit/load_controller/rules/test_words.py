"""What words and numbers mean to each type of load."""

from __future__ import annotations

import pytest

from services.load_controller.rules.words import Meaning, Press, group_meaning, meaning
from shared.contracts.loads import TargetState
from shared.errors import Invalid

WORDS: list[tuple[str, str, Meaning]] = [
    ("onoff", "ON", Press("on")),
    ("onoff", " off\n", Press("off")),
    ("onoff", "100%", TargetState(bri=10000)),
    ("dim", "Toggle", Press("toggle")),
    ("dim", "50%", TargetState(bri=5000)),
    ("dim", "12.5 %", TargetState(bri=1250)),
    ("dim", "2500", TargetState(bri=2500)),
    ("dim", "0", TargetState(bri=0)),
    ("dim", "stop", Press("stop")),
    ("dali", "up", Press("up")),
    ("motor", "OPEN", TargetState(level=0)),
    ("motor", "close", TargetState(level=10000)),
    ("motor", "STOP", Press("stop")),
    ("motor", "100%", TargetState(level=10000)),
    ("motor", "7500", TargetState(level=7500)),
]


@pytest.mark.parametrize(("kind", "text", "meant"), WORDS)
def test_a_word_means_a_target_or_a_press(kind: str, text: str, meant: Meaning) -> None:
    assert meaning(kind, "", text) == meant


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        ("onoff", "OPEN", "unknown_word"),
        ("onoff", "stop", "unknown_word"),
        ("motor", "ON", "unknown_word"),
        ("dim", "", "unknown_word"),
        ("dim", "50 percent", "unknown_word"),
        ("dim", "nan", "unknown_word"),
        ("dim", "1e3", "unknown_word"),
        ("dim", "9" * 100_000, "unknown_word"),
        ("dim", "101%", "out_of_range"),
        ("dim", "-1", "out_of_range"),
        ("hvac", "21", "wrong_attribute"),
        ("hvac", "ON", "unknown_word"),
    ],
)
def test_what_says_nothing_to_the_type_is_refused(kind: str, text: str, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        meaning(kind, "", text)
    assert refusal.value.code == code
    assert len(refusal.value.message) < 200


def test_a_group_takes_a_temperature_and_off() -> None:
    assert group_meaning("21.5") == TargetState(target_temperature=21.5)
    assert group_meaning("off") == TargetState(boost_temperature=-99)
    assert group_meaning("ON") == TargetState(boost_temperature=0)


@pytest.mark.parametrize("text", ["warm", "50%", "99", "nan"])
def test_a_group_refuses_the_rest(text: str) -> None:
    with pytest.raises(Invalid):
        group_meaning(text)
