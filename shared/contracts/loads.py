"""Loads on the bus: what they are, what they report in Wiser words, and the commands they take."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from shared.contracts.messages import Message


class LoadInfo(msgspec.Struct, kw_only=True):
    """Retained at `load/<id>/info`: what a load is. `owner` is the controller instance that holds it now.

    `type` is `onoff`, `dim`, `dali`, `motor` or `hvac`; `sub_type` empty, `dto`, `tw`, `rgb` or `relay`. `device` is a
    hexadecimal address, `channel` counts from 0. `kind`: lights 0 light, 1 switch; motors 0 motor, 1 venetian blind,
    2 roller shutter, 3 awning. `controller` names the heating controller of an `hvac` load.
    """

    id: int
    name: str
    type: str
    sub_type: str = ""
    device: str
    channel: int = 0
    unused: bool = False
    room: int | None = None
    kind: int | None = None
    controller: str | None = None
    owner: str
    at: datetime
    version: int


class LoadState(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Retained at `load/<id>/state`: what the load itself reported last; only the attributes of its type are there.

    `bri`, `level` and `heating_cooling_level` 0..10000, `tilt` 0..9, `ct` 1000..20000 kelvin, colours 0..255,
    temperatures in °C, `moving` `stop`, `up` or `down`; flags are 0 or 1.
    """

    bri: int | None = None
    ct: int | None = None
    red: int | None = None
    green: int | None = None
    blue: int | None = None
    white: int | None = None
    level: int | None = None
    tilt: int | None = None
    moving: str | None = None
    heating_cooling_level: int | None = None
    ambient_temperature: float | None = None
    target_temperature: float | None = None
    boost_temperature: float | None = None
    unit: str | None = None
    flags: dict[str, int] | None = None
    at: datetime
    version: int


class HvacGroupInfo(msgspec.Struct, kw_only=True):
    """Retained at `hvac_group/<id>/info`: rooms heated together; `loads` are its valves."""

    id: int
    name: str
    loads: list[int] = []
    owner: str
    at: datetime
    version: int


class TargetState(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a load or an hvac group should become; only attributes of its type and in range are accepted."""

    bri: int | None = None
    ct: int | None = None
    red: int | None = None
    green: int | None = None
    blue: int | None = None
    white: int | None = None
    level: int | None = None
    tilt: int | None = None
    target_temperature: float | None = None
    boost_temperature: float | None = None


class LoadAsk(Message, kw_only=True):
    """A request about one load; only the controller that holds it answers."""

    load: int = 0


class SetLoad(LoadAsk, kw_only=True, tag_field="command", tag="set"):
    """Set a target state. People and other systems may send it flat (`{"bri":5000}`) or as a word (`ON`, `50%`)."""

    target: TargetState | None = None
    bri: int | None = None
    ct: int | None = None
    red: int | None = None
    green: int | None = None
    blue: int | None = None
    white: int | None = None
    level: int | None = None
    tilt: int | None = None
    target_temperature: float | None = None
    boost_temperature: float | None = None
    text: str | None = None


class ControlLoad(LoadAsk, kw_only=True, tag_field="command", tag="ctrl"):
    """Press a button of a load: `button` on, off, up, down, toggle or stop; `event` click, press or release."""

    button: str
    event: str = "click"


class PingLoad(LoadAsk, kw_only=True, tag_field="command", tag="ping"):
    """Make the load show itself for `time_ms` (500..60000)."""

    time_ms: int = 2000
    blink_pattern: str = "ramp"
    color: str = "#0000FF"


class ChangeLoad(LoadAsk, kw_only=True, tag_field="command", tag="change"):
    """Change name, room or kind; what is absent (`UNSET`) stays."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    room: int | msgspec.UnsetType | None = msgspec.UNSET
    kind: int | msgspec.UnsetType | None = msgspec.UNSET
    unused: bool | msgspec.UnsetType = msgspec.UNSET


LoadCommand = SetLoad | ControlLoad | PingLoad | ChangeLoad


class LoadCommanded(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The command was committed and is on its way; `target` is what it means for this load, `info` after a change."""

    load: int
    target: TargetState | None = None
    info: LoadInfo | None = None


class SetHvacGroup(Message, kw_only=True):
    """Set an hvac group's temperatures in °C; a boost of -99 ends the boost."""

    group: int = 0
    target_temperature: float | None = None
    boost_temperature: float | None = None


class HvacGroupCommanded(msgspec.Struct, kw_only=True):
    """Committed and on its way."""

    group: int
    target: TargetState


class Receipt(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What one load said to one command of a run, as it stands in the run record.

    `outcome`: `waiting`, `reported` (it reported the target), `different` (it reported something else until the end of
    the wait), `silent`, `unreachable`, `refused` (a device error such as over-current), `skipped` (no such load, or an
    attribute that it does not have). `reported` is the last state it reported; `reason` a sentence for people.
    """

    load: int | None = None
    hvac_group: int | None = None
    name: str = ""
    target: dict[str, Any] = {}
    outcome: str = "waiting"
    reported: dict[str, Any] | None = None
    reason: str | None = None
    at: datetime | None = None
