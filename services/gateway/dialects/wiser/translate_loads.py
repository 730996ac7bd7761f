"""Loads, hvac groups and smart buttons as Wiser shows them, and the devices they would be parts of. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

import msgspec

from services.gateway.dialects.wiser.wire import LoadShown
from shared.contracts.loads import LoadInfo, LoadState
from shared.contracts.smart_buttons import SmartButton

_OUR_FIELDS = ("at", "version")
# Clients read these flags without asking whether they are there.
_DIM = ("over_current", "fading", "noise", "direction", "over_temperature")
_DALI = ("short_circuit", "fading", "noise", "direction", "rx_error")
_MOTOR = ("direction", "learning", "moving", "under_current", "over_current", "timeout", "locked")
FLAGS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "dim": MappingProxyType(dict.fromkeys(_DIM, 0)),
        "dali": MappingProxyType(dict.fromkeys(_DALI, 0)),
        "motor": MappingProxyType(dict.fromkeys(_MOTOR, 0)),
    }
)


class Block(msgspec.Struct, frozen=True):
    """One half of a device, in the numbers from which clients tell what it is."""

    name: str
    reference: str
    firmware: str
    hardware: str


_PUSH_BUTTON = Block("Button Front", "3400.B", "8402", "")
_FRONTS: Mapping[str, Block] = MappingProxyType(
    {
        "onoff": Block("Button Front", "3401.B", "8402", ""),
        "dim": Block("Button Front", "3406.B", "8402", ""),
        "dali": Block("Button Front", "3406.B", "8402", ""),
        "motor": Block("Button Front", "3404.B", "8402", ""),
        "hvac": Block("Valve Controller", "3470.HK.B", "AA00", ""),
    }
)
_ACTUATORS: Mapping[str, Block] = MappingProxyType(
    {
        "onoff": Block("On/Off", "3401.B", "0100", "1100"),
        "dim": Block("Dimmer", "3406.B", "0200", "1200"),
        "dali": Block("Dali", "3411.B", "0210", "1210"),
        "motor": Block("Motor", "3404.B", "0300", "1300"),
        "hvac": Block("Valve Controller", "3470.HK.B", "0410", "1410"),
    }
)
_NO_ACTUATOR = Block("Secondary Control", "3400.B", "0100", "0000")
_INPUTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "onoff": ("button", "toggle"),
        "dim": ("button", "up down"),
        "dali": ("button", "up down"),
        "motor": ("button", "up down"),
    }
)


def load(info: LoadInfo, reported: LoadState | None = None) -> LoadShown:
    """A load, with its state where `reported` is given."""
    return LoadShown(
        id=info.id,
        name=info.name,
        type=info.type,
        sub_type=info.sub_type,
        device=info.device,
        channel=info.channel,
        unused=info.unused,
        room=_unless_none(info.room),
        kind=_unless_none(info.kind),
        controller=_unless_none(info.controller),
        state=state(info.type, reported) if reported is not None else msgspec.UNSET,
    )


def state(kind: str, reported: LoadState) -> dict[str, Any]:
    """What a load has reported, with all the flags of its type."""
    shown: dict[str, Any] = msgspec.to_builtins(reported)
    for name in _OUR_FIELDS:
        shown.pop(name, None)
    if kind in FLAGS:
        shown["flags"] = {**FLAGS[kind], **shown.get("flags", {})}
    return shown


def smart_button(button: SmartButton) -> dict[str, Any]:
    """The members that the tutorial and the OpenAPI description name, all of them."""
    return {
        "id": button.id,
        "device": button.device,
        "device_addr": _address(button.device),
        "channel": button.channel,
        "input_channel": button.channel,
        "input_type": button.input_type,
        "job": button.job,
    }


def devices(
    loads: Iterable[tuple[LoadInfo, LoadState | None]], buttons: Iterable[SmartButton], now: datetime
) -> list[dict[str, Any]]:
    """The devices that these loads and buttons belong to, by address."""
    parts: dict[str, list[tuple[LoadInfo, LoadState | None]]] = {}
    for info, reported in loads:
        parts.setdefault(info.device, []).append((info, reported))
    inputs: dict[str, int] = {}
    for button in buttons:
        inputs[button.device] = inputs.get(button.device, 0) + 1
    return [_device(each, parts.get(each, []), inputs.get(each, 0), now) for each in sorted({*parts, *inputs})]


def _device(
    address: str, loads: list[tuple[LoadInfo, LoadState | None]], buttons: int, now: datetime
) -> dict[str, Any]:
    loads = sorted(loads, key=lambda each: each[0].channel)
    kind = loads[0][0].type if loads else ""
    heard = [(now - reported.at).total_seconds() for _, reported in loads if reported is not None]
    own = [_INPUTS[info.type] for info, _ in loads if info.type in _INPUTS]
    return {
        "id": address,
        "last_seen": max(0, int(min(heard))) if heard else 0,
        "inputs": [{"type": type_, "sub_type": sub} for type_, sub in [*own, *[("button", "scene")] * buttons]],
        "outputs": [{"load": info.id, "type": info.type, "sub_type": info.sub_type} for info, _ in loads],
        "a": _block(_ACTUATORS.get(kind, _NO_ACTUATOR), address, "A"),
        "c": _block(_FRONTS.get(kind, _PUSH_BUTTON), address, "C"),
    }


def _block(block: Block, address: str, half: str) -> dict[str, str]:
    return {
        "fw_id": f"0x{block.firmware}",
        "hw_id": f"0x{block.hardware}" if block.hardware else "",
        "fw_version": "0x00500000",
        "address": f"0x{address}",
        "comm_ref": f"{block.reference}.{half}",
        "comm_name": block.name,
        "serial_nr": f"JW-{half}-{address}",
    }


def _address(device: str) -> int:
    try:
        return int(device, 16)
    except ValueError:
        return 0


def _unless_none(value: Any) -> Any:
    return msgspec.UNSET if value is None else value
