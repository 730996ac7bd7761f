"""The button machine: what a click, press or release of a load's button means, by type and by what the load does.

Types, buttons and events are those of the Wiser documentation: a click is shorter than half a second, a press longer,
and a release follows a press. What it leaves open is decided here and written down in docs/load-drivers.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from services.load_controller.drivers.driver import Direction, DriverCommand, Fade, Set, StopMoving, TiltStep
from services.load_controller.rules.attributes import FULL
from services.load_controller.rules.words import Press
from shared.errors import Invalid

BUTTONS = ("on", "off", "up", "down", "toggle", "stop")
EVENTS = ("click", "press", "release")
_NONE: Mapping[str, Any] = MappingProxyType({})
_DIRECTION: dict[str, Direction] = {"on": "up", "up": "up", "off": "down", "down": "down"}


@dataclass(frozen=True, slots=True)
class ButtonLoad:
    """What the machine must know of a load; `travel` seconds for its whole way."""

    type: str
    sub_type: str = ""
    restore_level: bool = False
    favourite: Mapping[str, Any] = field(default_factory=lambda: _NONE)
    travel: float = 20.0


@dataclass(frozen=True, slots=True)
class Pressed:
    """What the machine remembers of one load.

    `held` is the button that was pressed and not released, `direction` that of the last fade, `last_bri` the last
    brightness that was not off, `moving_until` when a travel that was begun is over at the latest (monotonic seconds).
    """

    held: str | None = None
    direction: Direction = "down"
    last_bri: int | None = None
    moving_until: float = 0.0


Answer = tuple[Pressed, DriverCommand | None]


def check_press(button: str, event: str) -> Press:
    """Raises `Invalid`: `no_such_button`, `no_such_event`."""
    if button not in BUTTONS:
        raise Invalid(f"there is no button {button[:40]!r}: {', '.join(BUTTONS)}", code="no_such_button")
    if event not in EVENTS:
        raise Invalid(f"there is no event {event[:40]!r}: {', '.join(EVENTS)}", code="no_such_event")
    return Press(button, event)


def pressed(load: ButtonLoad, state: Mapping[str, Any], before: Pressed, press: Press, now: float) -> Answer:
    """What is remembered now, and what the load is to do (None: nothing).

    `state` is the last report, `now` monotonic seconds. Raises `Invalid` for a button or event that does not exist, and
    `wrong_attribute` for a load without buttons.
    """
    check_press(press.button, press.event)
    if load.type not in _MACHINES:
        raise Invalid(f"a load of type {load.type} has no buttons", code="wrong_attribute")
    after, command = _MACHINES[load.type](load, state, reported(before, state), press, now)
    return commanded(load, after, command, now), command


def reported(before: Pressed, state: Mapping[str, Any]) -> Pressed:
    """To be called with what a load reports, so that its last brightness can be restored."""
    bri = state.get("bri")
    return replace(before, last_bri=bri) if bri and bri != before.last_bri else before


def commanded(load: ButtonLoad, before: Pressed, command: DriverCommand | None, now: float) -> Pressed:
    """To be called with what a motor was told: not every device says that it moves."""
    if load.type != "motor" or command is None:
        return before
    travels = isinstance(command, Set) and "level" in command.target
    return replace(before, moving_until=now + load.travel if travels else 0.0)


def is_moving(state: Mapping[str, Any], before: Pressed, now: float) -> bool:
    """What the load says; or, of one that never says so, whether it was sent somewhere and could still be under way."""
    moving = state.get("moving")
    return now < before.moving_until if moving is None else moving != "stop"


def _switch(load: ButtonLoad, state: Mapping[str, Any], before: Pressed, press: Press, now: float) -> Answer:  # noqa: ARG001
    wanted = {"on": FULL, "up": FULL, "off": 0, "down": 0, "toggle": 0 if state.get("bri") else FULL}
    if press.event != "click" or press.button == "stop":
        return before, None
    return before, Set({"bri": wanted[press.button]})


def _dimmer(load: ButtonLoad, state: Mapping[str, Any], before: Pressed, press: Press, now: float) -> Answer:  # noqa: ARG001
    if press.event == "release":
        return replace(before, held=None), StopMoving() if before.held else None
    if press.button == "stop":
        return replace(before, held=None), _stop_or_favourite(load, press, moving=_fades(state, before))
    if press.event == "press":
        turned: Direction = "down" if before.direction == "up" and state.get("bri") else "up"
        direction = _DIRECTION.get(press.button, turned)
        return replace(before, held=press.button, direction=direction), Fade(direction)
    on = {"toggle": not state.get("bri")}.get(press.button, _DIRECTION.get(press.button) == "up")
    restored = before.last_bri if load.restore_level and before.last_bri else FULL
    return replace(before, held=None), Set({"bri": restored if on else 0})


def _fades(state: Mapping[str, Any], before: Pressed) -> bool:
    return before.held is not None or bool((state.get("flags") or {}).get("fading"))


def _motor(load: ButtonLoad, state: Mapping[str, Any], before: Pressed, press: Press, now: float) -> Answer:
    moving = is_moving(state, before, now)
    if press.event == "release":
        return replace(before, held=None), None
    after = replace(before, held=press.button if press.event == "press" else None)
    if press.button == "stop":
        return after, _stop_or_favourite(load, press, moving=moving)
    if moving and press.event == "click":
        return after, StopMoving()
    if press.button == "toggle":
        return after, Set({"level": 0 if state.get("level", 0) >= FULL // 2 else FULL})
    direction = _DIRECTION[press.button]
    travel = Set({"level": 0 if direction == "up" else FULL})
    return after, TiltStep(direction) if press.event == "click" else travel


def _stop_or_favourite(load: ButtonLoad, press: Press, *, moving: bool) -> DriverCommand:
    """A click always stops and never moves; held while the load stands still it means the favourite position."""
    if press.event == "press" and load.favourite and not moving:
        return Set(dict(load.favourite))
    return StopMoving()


_MACHINES: dict[str, Callable[[ButtonLoad, Mapping[str, Any], Pressed, Press, float], Answer]] = {
    "onoff": _switch,
    "dim": _dimmer,
    "dali": _dimmer,
    "motor": _motor,
}
