"""When a load has done what it was told, how long that may take, and how a run ends."""

from __future__ import annotations

from typing import Any

import pytest

from services.load_controller.drivers.driver import DriverCommand, Fade, Set, StopMoving, TiltStep
from services.load_controller.rules.heating import group_state
from services.load_controller.rules.receipts import Heard, expected, judge, satisfies, wait_for
from services.load_controller.rules.run_ends import run_end
from shared.contracts.loads import Receipt
from shared.contracts.runs import RunStatus


@pytest.mark.parametrize(
    ("kind", "target", "state", "met"),
    [
        ("onoff", {"bri": 1}, {"bri": 10000}, True),
        ("onoff", {"bri": 10000}, {"bri": 0}, False),
        ("dim", {"bri": 5000}, {"bri": 5039}, True),
        ("dim", {"bri": 5000}, {"bri": 5101}, False),
        ("dim", {"bri": 0}, {"bri": 50}, False),
        ("dim", {"bri": 50}, {"bri": 0}, False),
        ("dim", {"bri": 50}, {}, False),
        ("dali", {"bri": 10000, "ct": 3000}, {"bri": 10000, "ct": 3003}, True),
        ("dali", {"ct": 20000}, {"ct": 20000}, True),
        ("dali", {"ct": 3000}, {"ct": 3100}, False),
        ("dali", {"red": 255, "white": 0}, {"red": 250, "white": 0}, True),
        ("dali", {"red": 255}, {"red": 240}, False),
        ("motor", {"level": 5000}, {"level": 5000, "moving": "stop"}, True),
        ("motor", {"level": 5000}, {"level": 5000, "moving": "down"}, False),
        ("motor", {"level": 5000}, {"level": 5150}, True),
        ("motor", {"level": 5000}, {"level": 5300}, False),
        ("motor", {"tilt": 4}, {"tilt": 5, "moving": "stop"}, True),
        ("motor", {"tilt": 4}, {"tilt": 6, "moving": "stop"}, False),
        ("motor", {"moving": "stop"}, {"moving": "stop"}, True),
        ("motor", {"moving": "stop"}, {"moving": "up"}, False),
        ("hvac", {"target_temperature": 21.5}, {"target_temperature": 21.5}, True),
        ("hvac", {"target_temperature": 21.5}, {"target_temperature": 21}, False),
        ("hvac", {"boost_temperature": -99}, {"boost_temperature": -99.0}, True),
        ("dim", {}, {"bri": 1}, True),
    ],
)
def test_a_report_meets_a_target_as_exactly_as_devices_can_say_it(
    kind: str, target: dict[str, Any], state: dict[str, Any], met: bool
) -> None:
    assert satisfies(kind, target, state) is met


BRIGHT = {"bri": 10000}


@pytest.mark.parametrize(
    ("heard", "over", "outcome"),
    [
        (Heard(), False, "waiting"),
        (Heard(since={"bri": 0}), False, "waiting"),
        (Heard(since=BRIGHT), False, "reported"),
        (Heard(since=BRIGHT), True, "reported"),
        (Heard(since={"bri": 0}), True, "different"),
        (Heard(), True, "silent"),
        (Heard(available=False), True, "unreachable"),
        (Heard(available=False), False, "waiting"),
        (Heard(since={"bri": 0}, flags={"over_current": 1}), False, "refused"),
        (Heard(since={"bri": 0}, flags={"short_circuit": 1}), True, "refused"),
        (Heard(since={"bri": 0}, flags={"over_current": 0, "fading": 1}), False, "waiting"),
        (Heard(since=BRIGHT, flags={"over_temperature": 1}), False, "reported"),
        (Heard(before=BRIGHT), False, "waiting"),
        (Heard(before=BRIGHT), True, "reported"),
        (Heard(before=BRIGHT, available=False), True, "unreachable"),
        (Heard(since={"bri": 0}, before=BRIGHT), True, "different"),
    ],
)
def test_a_receipt_says_what_the_load_said(heard: Heard, over: bool, outcome: str) -> None:
    assert judge("dim", BRIGHT, heard, over=over).outcome == outcome


def test_a_different_report_is_named() -> None:
    verdict = judge("motor", {"level": 0, "tilt": 4}, Heard(since={"level": 3000, "moving": "stop"}), over=True)
    assert verdict.reason == "it reported level 3000 instead of 0, tilt not instead of 4"
    assert judge("motor", {}, Heard(since={"moving": "up"}), over=True).reason == "it is still moving"


@pytest.mark.parametrize(
    ("kind", "target", "state", "seconds"),
    [
        ("dim", {"bri": 1}, {"bri": 0}, 5),
        ("motor", {"level": 10000}, {"level": 0}, 5 + 1.2 * 40),
        ("motor", {"level": 5000}, {"level": 4000}, 5 + 1.2 * 4),
        ("motor", {"level": 5000}, None, 5 + 1.2 * 40),
        ("motor", {"level": 5000, "tilt": 3}, {"level": 5000}, 10),
        ("motor", {"moving": "stop"}, {}, 5),
    ],
)
def test_the_wait_knows_how_far_a_motor_has_to_go(
    kind: str, target: dict[str, Any], state: dict[str, Any] | None, seconds: float
) -> None:
    assert wait_for(kind, target, state, report_within=5, travel=40) == pytest.approx(seconds)


def test_the_wait_for_a_light_knows_how_long_it_fades() -> None:
    waits = [wait_for(kind, {"bri": 1}, None, report_within=5, travel=40, fade=10) for kind in ("dim", "dali", "onoff")]
    assert waits == [15, 15, 5]


@pytest.mark.parametrize(
    ("command", "kind", "target"),
    [
        (Set({"bri": 1}), "dim", {"bri": 1}),
        (StopMoving(), "motor", {"moving": "stop"}),
        (StopMoving(), "dim", {}),
        (Fade("up"), "dim", {}),
        (TiltStep("up"), "motor", {}),
        (None, "onoff", {}),
    ],
)
def test_each_command_has_its_expected_report(command: DriverCommand | None, kind: str, target: dict[str, Any]) -> None:
    assert expected(command, kind) == target


def _receipts(*outcomes: str) -> list[Receipt]:
    return [Receipt(load=number, outcome=outcome) for number, outcome in enumerate(outcomes, 1)]


@pytest.mark.parametrize(
    ("receipts", "script_error", "status"),
    [
        (_receipts(), None, RunStatus.SUCCEEDED),
        (_receipts("reported", "reported"), None, RunStatus.SUCCEEDED),
        (_receipts("reported", "silent"), None, RunStatus.PARTLY_SUCCEEDED),
        (_receipts("reported", "skipped"), None, RunStatus.PARTLY_SUCCEEDED),
        (_receipts("different", "unreachable"), None, RunStatus.FAILED),
        (_receipts("skipped"), None, RunStatus.FAILED),
        (_receipts(), "it raised", RunStatus.FAILED),
        (_receipts("reported"), "it raised", RunStatus.PARTLY_SUCCEEDED),
    ],
)
def test_a_run_ends_as_its_receipts_say(receipts: list[Receipt], script_error: str | None, status: RunStatus) -> None:
    end = run_end(receipts, script_error)
    assert end is not None
    assert end[0] == status
    assert (end[1] is None) == (status == RunStatus.SUCCEEDED)


def test_a_run_does_not_end_while_a_load_is_awaited() -> None:
    assert run_end(_receipts("silent", "waiting")) is None


def test_the_reason_names_who_did_not_do_it() -> None:
    wrong = [
        Receipt(load=3, name="Lamp", outcome="silent", reason="it reported nothing in time"),
        Receipt(hvac_group=2, outcome="skipped"),
    ]
    end = run_end([*wrong, *_receipts("reported")])
    assert end == (
        RunStatus.PARTLY_SUCCEEDED,
        "load 3 (Lamp): silent, it reported nothing in time; hvac group 2: skipped",
    )
    many = run_end(_receipts(*["silent"] * 50))
    assert many is not None
    assert (many[1] or "").endswith("and 45 more")


def test_a_group_is_the_mean_of_its_rooms() -> None:
    members = [
        {"ambient_temperature": 20.0, "target_temperature": 21, "heating_cooling_level": 0, "flags": {"output_on": 0}},
        {"ambient_temperature": 19.0, "heating_cooling_level": 5000, "unit": "°C", "flags": {"output_on": 1}},
        {},
    ]
    assert group_state(members) == {
        "ambient_temperature": 19.5,
        "heating_cooling_level": 2500,
        "target_temperature": 21,
        "unit": "°C",
        "flags": {"output_on": 1},
    }
    assert group_state([]) == {}
