"""Bodies of jobs and loads. What clients only send back (ids, read-only members) is taken and ignored."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from shared.contracts.load_jobs import FlagValue

Id = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Word = Annotated[str, msgspec.Meta(max_length=32)]
Name = Annotated[str, msgspec.Meta(max_length=100)]
Loads = Annotated[list[Id], msgspec.Meta(max_length=1000)]
Value = int | float | Annotated[str, msgspec.Meta(max_length=64)]
Attributes = dict[str, Value]


class ButtonControlBody(msgspec.Struct, forbid_unknown_fields=True):
    """`button_ctrl` of a new job."""

    event: Word
    button: Word
    loads: Loads = []
    ctrl_input_channel: Any = None


class ButtonControlChange(msgspec.Struct, forbid_unknown_fields=True):
    """`button_ctrl` in a PATCH: another event or button, and further loads."""

    event: Word | None = None
    button: Word | None = None
    loads: Loads | None = None
    ctrl_input_channel: Any = None


class FlagValueBody(msgspec.Struct, forbid_unknown_fields=True):
    """One entry of `flag_values`."""

    flag: Id
    value: bool


class _Sections(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    target_states: Annotated[list[Attributes], msgspec.Meta(max_length=1000)] | None = None
    flag_values: Annotated[list[FlagValueBody], msgspec.Meta(max_length=1000)] | None = None
    scripts: Annotated[list[Name], msgspec.Meta(max_length=100)] | None = None
    blocked_by: Id | msgspec.UnsetType | None = msgspec.UNSET
    id: Any = None
    triggers: Any = None


class JobBody(_Sections, kw_only=True):
    """A whole job."""

    button_ctrl: ButtonControlBody | None = None


class JobChange(_Sections, kw_only=True):
    """What a PATCH adds to a job."""

    button_ctrl: ButtonControlChange | None = None


class LoadsBody(msgspec.Struct, forbid_unknown_fields=True):
    """Loads that are to go from all jobs."""

    loads: Loads


class ButtonControlShown(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`button_ctrl` of a stored job."""

    ctrl_input_channel: int | None = None
    event: str
    button: str
    loads: list[int]


class JobShown(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A stored job: a section that was never set is absent."""

    id: int
    target_states: list[dict[str, Any]] | None = None
    button_ctrl: ButtonControlShown | None = None
    flag_values: list[FlagValue] | None = None
    scripts: list[str] | None = None
    blocked_by: int | None = None


class LoadShown(msgspec.Struct, kw_only=True):
    """A load; `state` where it is asked for and the load has reported."""

    id: int
    name: str
    type: str
    sub_type: str
    device: str
    channel: int
    unused: bool
    room: int | msgspec.UnsetType = msgspec.UNSET
    kind: int | msgspec.UnsetType = msgspec.UNSET
    controller: str | msgspec.UnsetType = msgspec.UNSET
    state: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class LoadChange(msgspec.Struct, forbid_unknown_fields=True):
    """What a PATCH changes of a load."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    room: Id | msgspec.UnsetType | None = msgspec.UNSET
    kind: Annotated[int, msgspec.Meta(ge=0, le=255)] | msgspec.UnsetType | None = msgspec.UNSET
    unused: bool | msgspec.UnsetType = msgspec.UNSET
    id: Any = None
    type: Any = None
    sub_type: Any = None
    device: Any = None
    channel: Any = None
    controller: Any = None
    state: Any = None


class ControlBody(msgspec.Struct, forbid_unknown_fields=True):
    """A press of a load's button."""

    button: Word
    event: Word


class PingBody(msgspec.Struct, forbid_unknown_fields=True):
    """How a load shows itself."""

    time_ms: Annotated[int, msgspec.Meta(ge=500, le=60_000)] = 2000
    blink_pattern: Word = "ramp"
    color: Annotated[str, msgspec.Meta(pattern="^#[0-9A-Fa-f]{6}$")] = "#0000FF"


class HvacTarget(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Temperatures of an hvac group in °C; a boost of -99 is none."""

    target_temperature: Annotated[float, msgspec.Meta(ge=-99, le=100)] | None = None
    boost_temperature: Annotated[float, msgspec.Meta(ge=-99, le=100)] | None = None
