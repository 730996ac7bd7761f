"""What may be set on each type of load."""

from __future__ import annotations

import math
from typing import Any

import pytest

from services.load_controller.rules.attributes import (
    SETTABLE,
    check_attributes,
    check_group_target,
    check_target,
    check_value,
)
from shared.contracts.loads import TargetState
from shared.errors import Invalid
from shared.load_settings import SUB_TYPES

GOOD = [
    ("onoff", "", {"bri": 10000}),
    ("onoff", "dto", {"bri": 0}),
    ("dim", "", {"bri": 5000}),
    ("dali", "", {"bri": 1}),
    ("dali", "tw", {"bri": 10, "ct": 1000}),
    ("dali", "tw", {"ct": 20000}),
    ("dali", "rgb", {"bri": 10, "red": 0, "green": 255, "blue": 7, "white": 9}),
    ("dali", "rgb", {"white": 255}),
    ("motor", "", {"level": 10000, "tilt": 9}),
    ("motor", "relay", {"tilt": 0}),
]


@pytest.mark.parametrize(("kind", "sub_type", "target"), GOOD)
def test_what_the_type_has_is_let_through_as_sent(kind: str, sub_type: str, target: dict[str, Any]) -> None:
    assert check_target(kind, sub_type, TargetState(**target)) == target
    assert check_attributes(kind, sub_type, target) == target


BAD = [
    ("onoff", "", {"ct": 3000}, "wrong_attribute"),
    ("dim", "", {"level": 1}, "wrong_attribute"),
    ("dali", "", {"ct": 3000}, "wrong_attribute"),
    ("dali", "tw", {"red": 1}, "wrong_attribute"),
    ("motor", "", {"bri": 1}, "wrong_attribute"),
    ("hvac", "", {"target_temperature": 20}, "wrong_attribute"),
    ("hvac", "", {}, "no_attribute"),
    ("dim", "", {}, "no_attribute"),
    ("dim", "", {"bri": -1}, "out_of_range"),
    ("dim", "", {"bri": 10001}, "out_of_range"),
    ("dali", "tw", {"ct": 999}, "out_of_range"),
    ("dali", "tw", {"ct": 20001}, "out_of_range"),
    ("dali", "rgb", {"red": 256}, "out_of_range"),
    ("motor", "", {"tilt": 10}, "out_of_range"),
]


@pytest.mark.parametrize(("kind", "sub_type", "target", "code"), BAD)
def test_what_the_type_does_not_have_is_refused(kind: str, sub_type: str, target: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_target(kind, sub_type, TargetState(**target))
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (True, "wrong_type"),
        ("5000", "wrong_type"),
        (None, "wrong_type"),
        ([1], "wrong_type"),
        (1.5, "out_of_range"),
        (math.nan, "out_of_range"),
        (math.inf, "out_of_range"),
        (1e300, "out_of_range"),
    ],
)
def test_what_is_no_whole_number_in_range_is_refused(value: Any, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_attributes("dim", "", {"bri": value})
    assert refusal.value.code == code


def test_a_whole_number_written_with_a_point_is_one() -> None:
    assert check_attributes("dim", "", {"bri": 5000.0}) == {"bri": 5000}


def test_a_colour_may_be_said_as_six_digits() -> None:
    assert check_attributes("dali", "rgb", {"rgb": "#FF8001"}) == {"red": 255, "green": 128, "blue": 1}


@pytest.mark.parametrize("rgb", ["FF8001", "#FF80", "#GG0000", 7, None, "#FF8001\n"])
def test_another_form_of_a_colour_is_refused(rgb: Any) -> None:
    with pytest.raises(Invalid):
        check_attributes("dali", "rgb", {"rgb": rgb})


@pytest.mark.parametrize(
    "target",
    [{"target_temperature": 21.5}, {"boost_temperature": -99}, {"boost_temperature": 1.5, "target_temperature": 5}],
)
def test_a_group_has_temperatures(target: dict[str, Any]) -> None:
    assert check_group_target(target) == target
    assert check_group_target(TargetState(**target)) == target


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ({"target_temperature": 61}, "out_of_range"),
        ({"boost_temperature": -98}, "out_of_range"),
        ({"target_temperature": math.nan}, "out_of_range"),
        ({"bri": 1}, "wrong_attribute"),
        ({}, "no_attribute"),
    ],
)
def test_a_group_refuses_the_rest(target: dict[str, float], code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_group_target(target)
    assert refusal.value.code == code


def test_every_type_of_the_settings_is_known_here() -> None:
    assert set(SETTABLE) == {(kind, sub_type) for kind, names in SUB_TYPES.items() for sub_type in names}


def test_an_attribute_that_no_load_has_is_said_to_be_none() -> None:
    with pytest.raises(Invalid, match="no load has"):
        check_value("brightness", 1)
