"""Jobs between Wiser's bodies and our contracts. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

from services.gateway.dialects.wiser.wire import (
    Attributes,
    ButtonControlShown,
    FlagValueBody,
    HvacTarget,
    JobBody,
    JobChange,
    JobShown,
)
from shared.bus.wording import plain
from shared.contracts.load_jobs import AmendJob, ButtonControl, FlagValue, JobSections, LoadJob
from shared.contracts.loads import TargetState
from shared.errors import Invalid

# Each by the last part of its path: which sections it runs.
RUNS: Mapping[str, str] = MappingProxyType(
    {"run": "run", "ctrl": "ctrl", "trigger": "trigger", "setflags": "setflags", "execute": "execute"}
)
EVENTS = frozenset({"click", "press", "release"})
BUTTONS = frozenset({"on", "off", "up", "down", "toggle", "stop"})
_ROCKER, _ROCKER_EVENTS = frozenset({"up down"}), frozenset({"on"})
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_NAMES = frozenset(TargetState.__struct_fields__)


def sections(body: JobBody) -> JobSections:
    """The sections of a whole job. Raises `Invalid`."""
    shown = _common(body)
    if body.button_ctrl is not None:
        control = body.button_ctrl
        shown.button_ctrl = ButtonControl(event=control.event, button=control.button, loads=control.loads)
    return shown


def amendment(job: int, body: JobChange) -> AmendJob:
    """What a PATCH adds. Raises `Invalid`."""
    control = body.button_ctrl
    return AmendJob(
        job=job,
        sections=_common(body),
        event=control.event if control else None,
        button=control.button if control else None,
        loads=control.loads if control else None,
    )


def job(stored: LoadJob) -> JobShown:
    """A stored job as clients know it."""
    return JobShown(
        id=stored.id,
        target_states=_if_set(stored.target_states),
        button_ctrl=_control(stored.button_ctrl) if isinstance(stored.button_ctrl, ButtonControl) else None,
        flag_values=_if_set(stored.flag_values),
        scripts=_if_set(stored.scripts),
        blocked_by=_if_set(stored.blocked_by),
    )


def _control(control: ButtonControl) -> ButtonControlShown:
    return ButtonControlShown(
        ctrl_input_channel=control.ctrl_input_channel,
        event=control.event,
        button=control.button,
        loads=control.loads,
    )


def target(attributes: Attributes) -> TargetState:
    """The target state of a load. Raises `Invalid` for none, for unknown attributes and for wrong types."""
    attributes = with_channels(attributes)
    if not attributes:
        raise Invalid("a target state has at least one attribute", code="no_attribute")
    _check_names(attributes)
    converted: TargetState = _converted(attributes, TargetState)
    return converted


def with_channels(attributes: Attributes) -> Attributes:
    """`rgb` as `#RRGGBB`, which the job schema also shows, becomes red, green and blue. Raises `Invalid`."""
    if "rgb" not in attributes:
        return attributes
    colour = attributes["rgb"]
    if not isinstance(colour, str) or not _COLOUR.fullmatch(colour):
        raise Invalid("`rgb` must look like #RRGGBB", code="bad_colour")
    red, green, blue = bytes.fromhex(colour[1:])
    rest = {name: value for name, value in attributes.items() if name != "rgb"}
    return {**rest, "red": red, "green": green, "blue": blue}


def check_press(event: str, button: str, *, of_job: bool = False) -> None:
    """Raises `Invalid` for a button or an event that no load has; those of jobs may be a rocker's as well."""
    buttons, events = (BUTTONS | _ROCKER, EVENTS | _ROCKER_EVENTS) if of_job else (BUTTONS, EVENTS)
    for what, word, words in (("event", event, events), ("button", button, buttons)):
        if word not in words:
            raise Invalid(f"{what} must be one of {', '.join(sorted(words))}", code=f"bad_{what}")


def _common(body: JobBody | JobChange) -> JobSections:
    return JobSections(
        target_states=_unless_none(None if body.target_states is None else _entries(body.target_states)),
        flag_values=_unless_none(None if body.flag_values is None else _flags(body.flag_values)),
        scripts=_unless_none(body.scripts),
        blocked_by=body.blocked_by,
    )


def _entries(entries: Sequence[Attributes]) -> list[dict[str, Any]]:
    return [_entry(entry) for entry in entries]


def _entry(entry: Attributes) -> dict[str, Any]:
    """One target state; whether its load has these attributes is only looked at when it runs."""
    attributes = with_channels({name: value for name, value in entry.items() if name not in ("load", "hvacgroup")})
    subjects: dict[str, Any] = {name: entry[name] for name in ("load", "hvacgroup") if name in entry}
    if len(subjects) != 1 or any(not isinstance(each, int) or each < 0 for each in subjects.values()):
        raise Invalid("an entry of target_states names a load or an hvacgroup by its id", code="no_load")
    _check_names(attributes)
    _converted(attributes, TargetState if "load" in subjects else HvacTarget)
    return {**subjects, **attributes}


def _flags(values: Sequence[FlagValueBody]) -> list[FlagValue]:
    return [FlagValue(flag=each.flag, value=each.value) for each in values]


def _check_names(attributes: Attributes) -> None:
    unknown = sorted(set(attributes) - _NAMES)
    if unknown:
        raise Invalid(f"no load has the attribute {unknown[0][:40]!r}", code="wrong_attribute")


def _converted(attributes: Attributes, kind: Any) -> Any:
    try:
        return msgspec.convert(attributes, kind)
    except msgspec.ValidationError as error:
        raise Invalid(plain(error), code="wrong_attribute") from None


def _if_set(value: Any) -> Any:
    return None if value is msgspec.UNSET else value


def _unless_none(value: Any) -> Any:
    return msgspec.UNSET if value is None else value
