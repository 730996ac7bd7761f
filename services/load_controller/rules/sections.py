"""From the sections of a job to what each load is to do, and what is skipped because the house has no such thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from services.load_controller.rules.attributes import GROUP as GROUP_ATTRIBUTES
from services.load_controller.rules.attributes import (
    SETTABLE,
    Attributes,
    check_attributes,
    check_group_target,
    check_value,
    with_colours,
)
from services.load_controller.rules.buttons import check_press
from services.load_controller.rules.words import Press
from shared.contracts.load_jobs import ButtonControl, FlagValue, JobSections
from shared.contracts.loads import Receipt
from shared.errors import Invalid, TooLarge

MOST = 1000  # entries of one section
LOAD, GROUP = "load", "hvacgroup"
ROCKER = "up down"  # the button of a job that is bound to both sides of a rocker

# What is run, in this order: flags first, so that a script or a following run sees them, then loads, then scripts.
_FLAGS, _TARGETS, _BUTTONS, _SCRIPTS = "flag_values", "target_states", "button_ctrl", "scripts"
SECTIONS: dict[str, tuple[str, ...]] = {
    "run": (_TARGETS,),
    "ctrl": (_BUTTONS,),
    "setflags": (_FLAGS,),
    "execute": (_SCRIPTS,),
    "trigger": (_FLAGS, _TARGETS, _BUTTONS, _SCRIPTS),
    "scene": (_FLAGS, _TARGETS, _SCRIPTS),  # a smart button of that type
    "groupctrl": (_BUTTONS, _SCRIPTS),
}


@dataclass(frozen=True, slots=True)
class KnownLoad:
    """What must be known of a load to run a job with it."""

    type: str
    sub_type: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a run: for a load or an hvac group, a target or a press of its button."""

    load: int | None = None
    hvac_group: int | None = None
    name: str = ""
    target: Attributes | None = None
    press: Press | None = None


@dataclass(slots=True)
class Plan:
    """What a run does; `skipped` are receipts of what it cannot do."""

    flags: list[FlagValue] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    skipped: list[Receipt] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class House:
    """The loads and the names of the hvac groups that there are."""

    loads: Mapping[int, KnownLoad]
    groups: Mapping[int, str] = field(default_factory=dict)


def plan(
    sections: JobSections, section: str, house: House, *, event: str | None = None, button: str | None = None
) -> Plan:
    """What running `section` of a job means; a section that the job does not have is empty.

    `event` and `button` replace those of the job. Raises `Invalid`: `no_such_section`, and for a wrong event or button
    given here. One that is stored in the job is skipped for all its loads.
    """
    if section not in SECTIONS:
        raise Invalid(f"there is no section {section[:40]!r}: {', '.join(SECTIONS)}", code="no_such_section")
    if event is not None or button is not None:
        check_press(button if button not in (None, ROCKER) else "on", event or "click")
    made = Plan()
    wanted = {name: getattr(sections, name) for name in SECTIONS[section]}
    given = {name: value for name, value in wanted.items() if value is not msgspec.UNSET}
    made.flags = list(given.get(_FLAGS, []))
    _add_targets(made, given.get(_TARGETS, []), house)
    if _BUTTONS in given:
        _add_presses(made, given[_BUTTONS], house, event, button)
    made.scripts = list(given.get(_SCRIPTS, []))
    return made


def _add_targets(made: Plan, entries: Sequence[Mapping[str, Any]], house: House) -> None:
    """One step per load, whatever the number of its entries: a later attribute wins."""
    merged: dict[tuple[str, int], Attributes] = {}
    for entry in entries:
        kind, number, attributes = _parts(entry)
        merged.setdefault((kind, number), {}).update(attributes)
    for (kind, number), attributes in merged.items():
        try:
            made.steps.append(_step(kind, number, attributes, house))
        except Invalid as error:
            made.skipped.append(_skipped(kind, number, attributes, house, error))


def _step(kind: str, number: int, attributes: Attributes, house: House) -> Step:
    name = _name(kind, number, house)
    if kind == GROUP:
        if number not in house.groups:
            raise Invalid(f"hvac group {number} not found", code="no_such_group")
        return Step(hvac_group=number, name=name, target=check_group_target(attributes))
    load = house.loads.get(number)
    if load is None:
        raise _no_such_load(number)
    return Step(load=number, name=name, target=check_attributes(load.type, load.sub_type, attributes))


def _add_presses(made: Plan, control: ButtonControl, house: House, event: str | None, button: str | None) -> None:
    chosen = Press(button or control.button, event or control.event)
    for number in dict.fromkeys(control.loads):
        load = house.loads.get(number)
        try:
            if load is None:
                raise _no_such_load(number)
            _check_pressed(load, chosen)
        except Invalid as error:
            pressed = {"button": chosen.button, "event": chosen.event}
            made.skipped.append(_skipped(LOAD, number, pressed, house, error))
        else:
            made.steps.append(Step(load=number, name=load.name, press=chosen))


def _skipped(kind: str, number: int, target: Attributes, house: House, error: Invalid) -> Receipt:
    load, group = (number, None) if kind == LOAD else (None, number)
    name = _name(kind, number, house)
    return Receipt(load=load, hvac_group=group, name=name, target=target, outcome="skipped", reason=error.message)


def _check_pressed(load: KnownLoad, press: Press) -> None:
    if press.button == ROCKER:
        raise Invalid("the job is for both sides of a rocker: say up or down", code="no_such_button")
    check_press(press.button, press.event)
    if load.type == "hvac":
        raise Invalid("a load of type hvac has no buttons", code="wrong_attribute")


def _no_such_load(number: int) -> Invalid:
    return Invalid(f"load {number} not found", code="no_such_load")


def _name(kind: str, number: int, house: House) -> str:
    if kind == GROUP:
        return house.groups.get(number, "")
    load = house.loads.get(number)
    return load.name if load else ""


def check_sections(sections: JobSections) -> None:
    """What a client wants stored. Loads that there are not, and attributes that a load does not have, are no error:
    they are skipped when the job runs. Nonsense is: raises `Invalid` or `TooLarge` and nothing is stored.
    """
    for name in (_TARGETS, _FLAGS, _SCRIPTS):
        value = getattr(sections, name)
        if value is not msgspec.UNSET and len(value) > MOST:
            raise TooLarge(f"{name} has at most {MOST} entries", code="too_many")
    control = sections.button_ctrl
    if control is not msgspec.UNSET and len(control.loads) > MOST:
        raise TooLarge(f"button_ctrl has at most {MOST} loads", code="too_many")
    for entry in sections.target_states or ():
        for attribute, value in _parts(entry)[2].items():
            check_value(attribute, value)


def filled(
    entries: Sequence[Mapping[str, Any]], house: House, states: Mapping[tuple[str, int], Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The entries as they are stored: one without attributes gets what can be set of its load's (`load`, id) or
    group's (`hvacgroup`, id) present state. Raises `Invalid` for an entry that names neither.
    """
    stored = []
    for entry in entries:
        kind, number, attributes = _parts(entry)
        state = {} if attributes else states.get((kind, number), {})
        settable = _settable(kind, number, house)
        stored.append({**entry, **{name: state[name] for name in settable if state.get(name) is not None}})
    return stored


def _settable(kind: str, number: int, house: House) -> tuple[str, ...]:
    if kind == GROUP:
        return GROUP_ATTRIBUTES
    load = house.loads.get(number)
    return SETTABLE[(load.type, load.sub_type)] if load else ()


def _parts(entry: Mapping[str, Any]) -> tuple[str, int, Attributes]:
    kinds = [kind for kind in (LOAD, GROUP) if kind in entry]
    if len(kinds) != 1:
        raise Invalid("each entry of target_states names a load or an hvacgroup", code="bad_entry")
    number = entry[kinds[0]]
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < 2**31:
        raise Invalid(f"{kinds[0]} must be a whole number", code="bad_entry")
    return kinds[0], number, with_colours({name: value for name, value in entry.items() if name != kinds[0]})
