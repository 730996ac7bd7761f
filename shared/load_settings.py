"""The settings of loads and what belongs to them: `[[load]]`, `[[hvac_group]]`, `[[smart_button]]`, `[[flag]]`, …"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Protocol

import msgspec

from shared.settings_section import Section

Id = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]
LoadType = Literal["onoff", "dim", "dali", "motor", "hvac"]
SUB_TYPES: dict[str, tuple[str, ...]] = {
    "onoff": ("", "dto"),
    "dim": ("",),
    "dali": ("", "tw", "rgb"),
    "motor": ("", "relay"),
    "hvac": ("",),
}


class VirtualLoadSettings(Section, frozen=True, kw_only=True):
    """How a virtual load behaves. Seconds for a full fade, a full travel, one tilt step and the delay of a report.

    `fault` from the start: `unreachable`, `stuck`, `slow` or `over_current`; tests and people change it at run time.
    """

    fade: Seconds = 2.0
    travel: Seconds = 20.0
    tilt: Seconds = 0.3
    report_after: Annotated[float, msgspec.Meta(ge=0, le=60)] = 0.02
    impulse: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 0.0
    fault: Literal["", "unreachable", "stuck", "slow", "over_current"] = ""


class MqttLoadSettings(Section, frozen=True, kw_only=True):
    """A device that only knows its own topics. `template` names ready ones for the `device`; `free` uses the rest.

    `payload` and `value` say per attribute what is sent (`{value}` stands for the scaled number) and where a report
    holds it (a dotted path in its JSON, empty for the whole payload); `scale` is the device's value at our full scale.
    """

    template: Literal["zigbee2mqtt", "tasmota", "esphome", "shelly", "free"] = "free"
    device: str = ""
    relay: int = 0
    prefix: str | None = None
    command_topic: str | None = None
    payload: dict[str, str] = {}
    state_topic: str | None = None
    value: dict[str, str] = {}
    scale: dict[str, float] = {}
    on: str = "ON"
    off: str = "OFF"
    invert: bool = False
    get_topic: str | None = None
    get_payload: str = ""
    availability_topic: str | None = None
    available: str = "online"
    unavailable: str = "offline"


class LoadSettings(Section, frozen=True, kw_only=True):
    """One load. `report_within`: seconds to wait for its own report after a command (motors: beside their travel)."""

    id: Id
    name: str = ""
    type: LoadType
    sub_type: str = ""
    device: str = ""
    channel: Annotated[int, msgspec.Meta(ge=0, le=255)] = 0
    room: int | None = None
    kind: int | None = None
    controller: str | None = None
    driver: Literal["virtual", "mqtt"] = "virtual"
    report_within: Seconds = 5.0
    travel: Seconds = 20.0
    favourite: dict[str, Any] = {}
    restore_level: bool = False
    virtual: VirtualLoadSettings = VirtualLoadSettings()
    mqtt: MqttLoadSettings = MqttLoadSettings()

    def __post_init__(self) -> None:
        if self.sub_type not in SUB_TYPES[self.type]:
            known = ", ".join(repr(each) for each in SUB_TYPES[self.type])
            raise ValueError(f"load {self.id}: sub_type {self.sub_type!r} of type {self.type!r} must be one of {known}")


class HvacGroupSettings(Section, frozen=True, kw_only=True):
    """Rooms heated together; `loads` are hvac loads."""

    id: Id
    name: str = ""
    loads: list[int] = []


class SmartButtonSettings(Section, frozen=True, kw_only=True):
    """A smart button that exists from the start."""

    id: Id
    device: str = ""
    channel: Annotated[int, msgspec.Meta(ge=0, le=255)] = 0
    input_type: Literal["scene", "groupctrl"] = "scene"
    job: int | None = None


class FlagSettings(Section, frozen=True, kw_only=True):
    """A system flag that exists from the start; afterwards its value is what clients made of it."""

    id: Id
    symbol: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_]{1,64}$")]
    value: bool = False
    name: str = ""


class RoomSettings(Section, frozen=True, kw_only=True):
    """A room that exists from the start."""

    id: Id
    name: str
    kind: int = 0


class ScriptSettings(Section, frozen=True, kw_only=True):
    """User scripts are stored always and executed only when `allowed`; `seconds` of processor time, `memory` in MiB."""

    allowed: bool = False
    seconds: Annotated[float, msgspec.Meta(gt=0, le=600)] = 5.0
    memory: Annotated[int, msgspec.Meta(ge=32, le=4096)] = 128


class LocationSettings(Section, frozen=True, kw_only=True):
    """Where the house stands, for sunrise and sunset, and its IANA time zone (the machine's own when absent)."""

    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)] = 47.38
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)] = 8.54
    time_zone: str | None = None


class WiserSettings(Section, frozen=True, kw_only=True):
    """The Wiser dialect. `claim`: `button` waits for the gateway's button, `auto` lets every claim in (for trials).

    `unlocked` asks for no token. `strict_statuses` answers errors with 4xx instead of 200. `name` is the site's.
    """

    claim: Literal["button", "auto"] = "button"
    claim_within: Annotated[float, msgspec.Meta(gt=0, le=120)] = 30.0
    unlocked: bool = False
    strict_statuses: bool = False
    name: str = "Jobwire"


class House(Protocol):
    """The part of the settings that says what is in the house."""

    @property
    def load(self) -> list[LoadSettings]: ...

    @property
    def hvac_group(self) -> list[HvacGroupSettings]: ...

    @property
    def smart_button(self) -> list[SmartButtonSettings]: ...

    @property
    def flag(self) -> list[FlagSettings]: ...

    @property
    def room(self) -> list[RoomSettings]: ...


def check_house(house: House) -> None:
    """Raises `ValueError` for an id used twice, and for what names a load or room that is not there."""
    for kind in ("load", "hvac_group", "smart_button", "flag", "room"):
        ids = [each.id for each in getattr(house, kind)]
        twice = next((each for each in ids if ids.count(each) > 1), None) if len(set(ids)) < len(ids) else None
        if twice is not None:
            raise ValueError(f"{kind} id {twice} is used twice")
    heating = {load.id for load in house.load if load.type == "hvac"}
    for group in house.hvac_group:
        wrong = sorted(set(group.loads) - heating)
        if wrong:
            raise ValueError(f"hvac_group {group.id}: {wrong[0]} is not a load of type hvac")


def house_or_virtual(house: House) -> dict[str, Any]:
    """The house with names and addresses filled in; a virtual one with loads of every type where none is configured."""
    if not (house.load or house.hvac_group or house.smart_button or house.flag or house.room):
        return _virtual_house()
    return {
        "load": [_named(load) for load in house.load],
        "smart_button": [
            msgspec.structs.replace(each, device=each.device or f"{0xB000 + each.id:08x}")
            for each in house.smart_button
        ],
    }


def _named(load: LoadSettings) -> LoadSettings:
    return msgspec.structs.replace(
        load, name=load.name or f"Load {load.id}", device=load.device or f"{0xA000 + load.id:08x}"
    )


_ROOMS = ("Living room", "Kitchen", "Hall")


def _virtual(load: int, name: str, kind: LoadType, sub_type: str, room: int, shown: int | None) -> LoadSettings:
    return _named(LoadSettings(id=load, name=name, type=kind, sub_type=sub_type, room=room, kind=shown))


def _virtual_house() -> dict[str, Any]:
    return {
        "load": [
            _virtual(1, "Ceiling light", "dim", "", 1, 0),
            _virtual(2, "Reading lamp", "onoff", "", 1, 0),
            _virtual(3, "Socket", "onoff", "", 1, 1),
            _virtual(4, "Blinds", "motor", "", 1, 1),
            _virtual(5, "Worktop", "dali", "", 2, 0),
            _virtual(6, "Dining table", "dali", "tw", 2, 0),
            _virtual(7, "Colour strip", "dali", "rgb", 2, 0),
            _virtual(8, "Shutter", "motor", "relay", 2, 2),
            _virtual(9, "Stairs", "onoff", "dto", 3, 0),
            _virtual(10, "Hall light", "dim", "", 3, 0),
            _virtual(11, "Living room heating", "hvac", "", 1, None),
            _virtual(12, "Kitchen heating", "hvac", "", 2, None),
        ],
        "hvac_group": [
            HvacGroupSettings(id=1, name="Living room", loads=[11]),
            HvacGroupSettings(id=2, name="Kitchen", loads=[12]),
        ],
        "smart_button": [
            SmartButtonSettings(id=1, device="0000b001", input_type="scene"),
            SmartButtonSettings(id=2, device="0000b002", input_type="groupctrl"),
        ],
        "flag": [FlagSettings(id=1, symbol="absent", name="Nobody is at home")],
        "room": [RoomSettings(id=number, name=name) for number, name in enumerate(_ROOMS, 1)],
    }
