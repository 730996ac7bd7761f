"""The button machine, row by row."""

from __future__ import annotations

from typing import Any

import pytest

from services.load_controller.drivers.driver import DriverCommand, Fade, Set, StopMoving, TiltStep
from services.load_controller.rules import buttons
from services.load_controller.rules.buttons import ButtonLoad, Pressed, pressed
from services.load_controller.rules.words import Press
from shared.errors import Invalid

ON, OFF = Set({"bri": 10000}), Set({"bri": 0})
OPEN, CLOSED = Set({"level": 0}), Set({"level": 10000})
UP = {"level": 4000, "tilt": 3, "moving": "up"}
STANDING = {"level": 4000, "tilt": 3, "moving": "stop"}

# type, state, button, event, command
ROWS: list[tuple[str, dict[str, Any], str, str, DriverCommand | None]] = [
    ("onoff", {"bri": 0}, "on", "click", ON),
    ("onoff", {"bri": 0}, "up", "click", ON),
    ("onoff", {"bri": 10000}, "off", "click", OFF),
    ("onoff", {"bri": 10000}, "down", "click", OFF),
    ("onoff", {"bri": 10000}, "toggle", "click", OFF),
    ("onoff", {}, "toggle", "click", ON),
    ("onoff", {"bri": 10000}, "stop", "click", None),
    ("onoff", {"bri": 0}, "on", "press", None),
    ("onoff", {"bri": 0}, "on", "release", None),
    ("dim", {"bri": 0}, "on", "click", ON),
    ("dim", {"bri": 3000}, "up", "click", ON),
    ("dim", {"bri": 3000}, "off", "click", OFF),
    ("dim", {"bri": 3000}, "toggle", "click", OFF),
    ("dali", {"bri": 0}, "toggle", "click", ON),
    ("dim", {"bri": 3000}, "on", "press", Fade("up")),
    ("dim", {"bri": 3000}, "up", "press", Fade("up")),
    ("dali", {"bri": 3000}, "down", "press", Fade("down")),
    ("dim", {"bri": 3000}, "up", "release", None),  # no press came before
    ("dim", {"bri": 3000}, "stop", "click", StopMoving()),
    ("motor", STANDING, "up", "click", TiltStep("up")),
    ("motor", STANDING, "on", "click", TiltStep("up")),
    ("motor", STANDING, "down", "click", TiltStep("down")),
    ("motor", UP, "up", "click", StopMoving()),
    ("motor", UP, "down", "click", StopMoving()),
    ("motor", UP, "toggle", "click", StopMoving()),
    ("motor", UP, "stop", "click", StopMoving()),
    ("motor", STANDING, "stop", "click", StopMoving()),
    ("motor", STANDING, "up", "press", OPEN),
    ("motor", STANDING, "down", "press", CLOSED),
    ("motor", UP, "down", "press", CLOSED),
    ("motor", STANDING, "up", "release", None),
    ("motor", {"level": 0, "moving": "stop"}, "toggle", "click", CLOSED),
    ("motor", {"level": 10000, "moving": "stop"}, "toggle", "click", OPEN),
    ("motor", {}, "toggle", "click", CLOSED),
]


@pytest.mark.parametrize(("kind", "state", "button", "event", "command"), ROWS)
def test_each_button_does_what_the_table_says(
    kind: str, state: dict[str, Any], button: str, event: str, command: DriverCommand | None
) -> None:
    assert pressed(ButtonLoad(kind), state, Pressed(), Press(button, event), 0)[1] == command


def test_a_dimmer_fades_until_the_button_is_released() -> None:
    load = ButtonLoad("dim")
    held, command = pressed(load, {"bri": 0}, Pressed(), Press("up", "press"), 0)
    assert command == Fade("up")
    released, command = pressed(load, {"bri": 4000}, held, Press("up", "release"), 1)
    assert command == StopMoving()
    assert pressed(load, {"bri": 4000}, released, Press("up", "release"), 2)[1] is None


def test_holding_toggle_turns_the_direction_each_time() -> None:
    load, state = ButtonLoad("dali"), {"bri": 4000}
    held, first = pressed(load, state, Pressed(), Press("toggle", "press"), 0)
    released, _ = pressed(load, state, held, Press("toggle", "release"), 1)
    _, second = pressed(load, state, released, Press("toggle", "press"), 2)
    assert (first, second) == (Fade("up"), Fade("down"))


def test_holding_toggle_of_a_dark_light_makes_it_brighter() -> None:
    assert pressed(ButtonLoad("dim"), {"bri": 0}, Pressed(direction="up"), Press("toggle", "press"), 0)[1] == Fade("up")


@pytest.mark.parametrize("button", ["on", "up", "toggle"])
def test_a_dimmer_set_so_restores_its_last_level(button: str) -> None:
    load = ButtonLoad("dim", restore_level=True)
    known = buttons.reported(buttons.reported(Pressed(), {"bri": 3300}), {"bri": 0})
    assert pressed(load, {"bri": 0}, known, Press(button), 0)[1] == Set({"bri": 3300})
    assert pressed(load, {"bri": 0}, Pressed(), Press(button), 0)[1] == ON


def test_a_click_on_stop_never_moves_anything() -> None:
    load = ButtonLoad("motor", favourite={"level": 2500})
    assert pressed(load, STANDING, Pressed(), Press("stop"), 0)[1] == StopMoving()


@pytest.mark.parametrize(
    ("kind", "state", "favourite"),
    [("motor", STANDING, {"level": 2500, "tilt": 4}), ("dim", {"bri": 0}, {"bri": 1500})],
)
def test_stop_held_while_standing_goes_to_the_favourite_position(
    kind: str, state: dict[str, Any], favourite: dict[str, Any]
) -> None:
    assert pressed(ButtonLoad(kind, favourite=favourite), state, Pressed(), Press("stop", "press"), 0)[1] == Set(
        favourite
    )


@pytest.mark.parametrize(
    ("kind", "state"), [("motor", UP), ("dim", {"bri": 5000, "flags": {"fading": 1}}), ("dali", {"bri": 1})]
)
def test_stop_held_stops_what_moves_and_what_has_no_favourite(kind: str, state: dict[str, Any]) -> None:
    favourite = {} if kind == "dali" else {"bri": 1}
    assert (
        pressed(ButtonLoad(kind, favourite=favourite), state, Pressed(), Press("stop", "press"), 0)[1] == StopMoving()
    )


def test_a_blind_that_never_says_it_moves_is_stopped_while_it_could_be_under_way() -> None:
    load, silent = ButtonLoad("motor", travel=20), {"level": 0}
    travelling, command = pressed(load, silent, Pressed(), Press("down", "press"), 100)
    assert command == CLOSED
    stopped, command = pressed(load, silent, travelling, Press("down"), 110)
    assert command == StopMoving()
    assert pressed(load, silent, stopped, Press("down"), 111)[1] == TiltStep("down")
    assert pressed(load, silent, travelling, Press("down"), 121)[1] == TiltStep("down")


def test_the_load_itself_knows_best_whether_it_moves() -> None:
    travelling = Pressed(moving_until=200)
    assert pressed(ButtonLoad("motor"), STANDING, travelling, Press("up"), 100)[1] == TiltStep("up")


@pytest.mark.parametrize(
    ("kind", "button", "event", "code"),
    [
        ("dim", "middle", "click", "no_such_button"),
        ("dim", "up down", "click", "no_such_button"),
        ("dim", "on", "on", "no_such_event"),
        ("hvac", "on", "click", "wrong_attribute"),
    ],
)
def test_what_does_not_exist_is_refused(kind: str, button: str, event: str, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        pressed(ButtonLoad(kind), {}, Pressed(), Press(button, event), 0)
    assert refusal.value.code == code
