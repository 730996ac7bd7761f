"""What people and plain MQTT clients write to a load: `ON`, `50%`, `OPEN`, `STOP`, a number."""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.load_controller.rules.attributes import FULL, LIGHTS, check_group_target, check_target
from shared.contracts.loads import TargetState
from shared.errors import Invalid

LONGEST = 32
_NUMBER = re.compile(r"([+-]?\d{1,6}(?:\.\d{1,4})?)\s*(%?)")


@dataclass(frozen=True, slots=True)
class Press:
    """A button of a load: `button` on, off, up, down, toggle or stop; `event` click, press or release."""

    button: str
    event: str = "click"


Meaning = TargetState | Press

# A light is switched by its button, so that one that restores its last level does so.
_LIGHT: dict[str, Meaning] = {
    "ON": Press("on"),
    "OFF": Press("off"),
    "TOGGLE": Press("toggle"),
    "UP": Press("up"),
    "DOWN": Press("down"),
}
_WORDS: dict[str, dict[str, Meaning]] = {
    "onoff": _LIGHT,
    "dim": {**_LIGHT, "STOP": Press("stop")},
    "dali": {**_LIGHT, "STOP": Press("stop")},
    "motor": {
        "OPEN": TargetState(level=0),
        "UP": TargetState(level=0),
        "CLOSE": TargetState(level=FULL),
        "DOWN": TargetState(level=FULL),
        "STOP": Press("stop"),
        "TOGGLE": Press("toggle"),
    },
    "hvac": {},
}


def meaning(kind: str, sub_type: str, text: str) -> Meaning:
    """What `text` asks of a load of this type; words in any case.

    A number is `bri` of a light and `level` of a motor; with `%` it is a share of 10000, so that `100%` of a motor is
    closed. Raises `Invalid`: `unknown_word`, `out_of_range`, `wrong_attribute`.
    """
    word = _word(text)
    words = _WORDS[kind]
    if word in words:
        return words[word]
    number = _number(word, percent=True)
    if number is None:
        known = ", ".join(words) or "none"
        raise Invalid(f"{text[:LONGEST]!r} says nothing to a load of type {kind}; words: {known}", code="unknown_word")
    value = round(number)
    target = TargetState(bri=value) if kind in LIGHTS else TargetState(level=value)
    check_target(kind, sub_type, target)
    return target


def group_meaning(text: str) -> TargetState:
    """A number alone is the target temperature of an hvac group in °C; `OFF` a boost of -99, `ON` one of 0.

    Raises `Invalid`: `unknown_word`, `out_of_range`.
    """
    word = _word(text)
    if word in ("ON", "OFF"):
        return TargetState(boost_temperature=0 if word == "ON" else -99)
    number = _number(word, percent=False)
    if number is None:
        raise Invalid(f"{text[:LONGEST]!r} says nothing to an hvac group; say a temperature in °C", code="unknown_word")
    target = TargetState(target_temperature=number)
    check_group_target(target)
    return target


def _word(text: str) -> str:
    return text.strip().upper() if len(text) <= LONGEST else text[: LONGEST + 1]


def _number(word: str, *, percent: bool) -> float | None:
    match = _NUMBER.fullmatch(word)
    if match is None or (match[2] and not percent):
        return None
    value = float(match[1])
    return value * FULL / 100 if match[2] else value
