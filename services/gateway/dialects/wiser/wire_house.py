"""Bodies of smart buttons, timers, flags, conditions, scenes, rooms and accounts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from services.gateway.dialects.wiser.wire import Id, Loads, Name, Word

Text = Annotated[str, msgspec.Meta(max_length=1000)]
Symbol = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_]{1,64}$")]
Unset = msgspec.UnsetType


class SmartButtonBody(msgspec.Struct, forbid_unknown_fields=True):
    """An input channel that becomes a smart button."""

    device: Annotated[str, msgspec.Meta(pattern="^[0-9A-Fa-f]{1,8}$")]
    channel: Annotated[int, msgspec.Meta(ge=0, le=255)]
    job: Id | None = None
    input_type: Literal["scene", "groupctrl"] = "scene"


class SmartButtonChange(msgspec.Struct, forbid_unknown_fields=True):
    """Another job, or none; clients send the whole button back."""

    job: Id | Unset | None = msgspec.UNSET
    id: Any = None
    device: Any = None
    device_addr: Any = None
    channel: Any = None
    input_channel: Any = None
    input_type: Any = None


class ProgramBody(msgspec.Struct, forbid_unknown_fields=True):
    """Programming mode; the answer repeats it with the defaults filled in."""

    on: bool = False
    timeout: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 60
    button_type: Literal["scene", "groupctrl"] = "scene"
    owner: Literal["user", "all"] = "user"


class WhenBody(msgspec.Struct, forbid_unknown_fields=True):
    """When a timer fires; what is not given is not changed, or the default."""

    every: Annotated[str, msgspec.Meta(max_length=64)] | Unset = msgspec.UNSET
    at: Annotated[str, msgspec.Meta(max_length=16)] | Unset = msgspec.UNSET


class TimerBody(msgspec.Struct):
    """The members of a timer that mean something; others are kept."""

    enabled: bool | Unset = msgspec.UNSET
    job: Id | Unset | None = msgspec.UNSET
    when: WhenBody | Unset = msgspec.UNSET


class FlagBody(msgspec.Struct, forbid_unknown_fields=True):
    """A new flag."""

    symbol: Symbol
    value: bool = False
    name: Name = ""
    id: Any = None


class FlagChange(msgspec.Struct, forbid_unknown_fields=True):
    """What changes of a flag."""

    symbol: Symbol | Unset = msgspec.UNSET
    value: bool | Unset = msgspec.UNSET
    name: Name | Unset = msgspec.UNSET
    id: Any = None


class ConditionBody(msgspec.Struct, forbid_unknown_fields=True):
    """A new condition; its value is worked out."""

    expression: Text
    name: Name = ""
    id: Any = None
    value: Any = None


class ConditionChange(msgspec.Struct, forbid_unknown_fields=True):
    """What changes of a condition."""

    expression: Text | Unset = msgspec.UNSET
    name: Name | Unset = msgspec.UNSET
    id: Any = None
    value: Any = None


class SceneBody(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A name for a job."""

    name: Name | Unset = msgspec.UNSET
    kind: Annotated[int, msgspec.Meta(ge=0, le=255)] | Unset = msgspec.UNSET
    job: Id | Unset | None = msgspec.UNSET
    type: Word | Unset | None = msgspec.UNSET
    sceneButtons: Annotated[list[dict[str, str | int | bool | None]], msgspec.Meta(max_length=100)] | Unset = (  # noqa: N815
        msgspec.UNSET
    )
    id: Any = msgspec.UNSET


class RoomBody(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A room."""

    name: Name | Unset = msgspec.UNSET
    kind: Annotated[int, msgspec.Meta(ge=0, le=255)] | Unset = msgspec.UNSET
    load_order: Loads | Unset = msgspec.UNSET
    id: Any = msgspec.UNSET


class CronBody(msgspec.Struct, forbid_unknown_fields=True):
    """The five fields of a cron entry."""

    entry: Annotated[str, msgspec.Meta(max_length=100)]


class ClaimBody(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Who claims an account, and what it says of itself."""

    user: Annotated[str, msgspec.Meta(min_length=1, max_length=58)]
    source: Annotated[str, msgspec.Meta(max_length=58)] | None = None
    login: Name | None = None
    company: Name | None = None
    name: Name | None = None
