"""Shelly devices from the second generation on: calls at `<device>/rpc`, reports at `<device>/status/…` and as answers.

Methods and fields are those of Shelly's documentation (Gen2 and later, RPC over MQTT): `Switch.Set`, `Light.Set`,
`CCT.Set`, `RGBW.Set` with brightness 0..100, `Cover.GoToPosition` and `Cover.Stop` with 100 for open.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from services.load_controller.drivers import mqtt_messages as messages
from services.load_controller.drivers.driver import DriverCommand, Fade, Set, StopMoving
from services.load_controller.drivers.mqtt_messages import Brightness, Colour, Message, Reading, json_message
from shared.load_settings import LoadSettings

_COMPONENTS = {"onoff": "Switch", "dim": "Light", "dali": "Light", "motor": "Cover"}
_BY_SUB_TYPE = {"tw": "CCT", "rgb": "RGBW"}
_MOVING = {"opening": "up", "closing": "down", "open": "stop", "closed": "stop", "stopped": "stop"}
_OVERLOAD = frozenset({"overpower", "overcurrent"})


class ShellyRpc:
    """One component; `relay` is its id, from 0. Answers come to a topic named after the load."""

    def __init__(self, load: LoadSettings) -> None:
        settings = load.mqtt
        self._load = load
        self._device = "/".join(part for part in (settings.prefix, settings.device) if part)
        self._method = _BY_SUB_TYPE.get(load.sub_type, _COMPONENTS[load.type])
        self._id = settings.relay
        self._key = f"{self._method.lower()}:{self._id}"
        self._source = f"jobwire-load-{load.id}"
        self._inverted = settings.invert
        self._calls = itertools.count(1)
        self._colour = Colour()
        self._bri = Brightness(100)

    @property
    def topics(self) -> tuple[str, ...]:
        device = self._device
        return f"{device}/status/{self._key}", f"{device}/events/rpc", f"{self._source}/rpc", f"{device}/online"

    def questions(self) -> list[Message]:
        return [self._call("GetStatus")]

    def _call(self, verb: str, **params: Any) -> Message:
        call = {"id": next(self._calls), "src": self._source, "method": f"{self._method}.{verb}"}
        return json_message(f"{self._device}/rpc", {**call, "params": {"id": self._id, **params}})

    # commands

    def messages(self, command: DriverCommand) -> list[Message] | None:
        match command:
            case Set(target) if self._method == "Cover":
                return [self._call("GoToPosition", **self._position(target))]
            case Set(target) if self._method == "Switch":
                return [self._call("Set", on=bool(target["bri"]) != self._inverted)]
            case Set(target):
                return [self._call("Set", **self._light(target))]
            case StopMoving() if self._method == "Cover":
                return [self._call("Stop")]
            case Fade(direction) if self._method == "Light":
                return [self._call("DimUp" if direction == "up" else "DimDown")]
            case StopMoving() if self._method == "Light":
                return [self._call("DimStop")]
        return None

    def _position(self, target: Mapping[str, Any]) -> dict[str, int]:
        said = {"level": ("pos", messages.position), "tilt": ("slat_pos", messages.slats)}
        return {said[name][0]: said[name][1](value, self._inverted) for name, value in target.items()}

    def _light(self, target: Mapping[str, Any]) -> dict[str, Any]:
        params: dict[str, Any] = {}
        if "bri" in target:
            params["on"] = bool(target["bri"])
            if target["bri"]:
                params["brightness"] = messages.scaled(target["bri"], 100)
        if "ct" in target:
            params["ct"] = target["ct"]
        colour = self._colour.said(target)
        if colour is not None:
            params["rgb"] = list(colour)
        if "white" in target:
            params["white"] = target["white"]
        return params

    # reports

    def read(self, topic: str, payload: bytes) -> Reading | None:
        if topic == f"{self._device}/online":
            reachable = {"true": True, "false": False}.get(messages.text_of(payload))
            return None if reachable is None else Reading(reachable=reachable)
        body: Any = messages.json_object(payload)
        if topic == f"{self._device}/events/rpc":
            params = body.get("params")
            body = params.get(self._key) if isinstance(params, dict) else None
        elif topic == f"{self._source}/rpc":
            body = body.get("result") if body.get("src") in (None, self._device, self._load.mqtt.device) else None
        return self._read_status(body) if isinstance(body, dict) else None

    def _read_status(self, body: Mapping[str, Any]) -> Reading | None:
        said = self._read_cover(body) if self._method == "Cover" else self._read_light(body)
        errors = body.get("errors")
        flags = None
        if isinstance(errors, list) or said:
            wrong = {error for error in errors if isinstance(error, str)} if isinstance(errors, list) else set()
            flags = {"over_current": int(bool(wrong & _OVERLOAD)), "over_temperature": int("overtemp" in wrong)}
        return Reading(said, flags) if said or flags else None

    def _read_cover(self, body: Mapping[str, Any]) -> dict[str, Any]:
        found = {
            "level": messages.level_of(body.get("current_pos"), self._inverted),
            "tilt": messages.tilt_of(body.get("slat_pos"), self._inverted),
            "moving": _MOVING.get(str(body.get("state"))),
        }
        return {name: value for name, value in found.items() if value is not None}

    def _read_light(self, body: Mapping[str, Any]) -> dict[str, Any]:
        on = body.get("output")
        if self._method == "Switch":
            return dict(messages.switched(on if isinstance(on, bool) else None, self._inverted))
        found: dict[str, Any] = dict(self._bri.read(on, body.get("brightness")))
        if self._method == "CCT" and messages.is_number(body.get("ct")):
            found["ct"] = messages.within("ct", body["ct"])
        rgb = body.get("rgb")
        if self._method == "RGBW" and isinstance(rgb, list) and len(rgb) == 3 and all(map(messages.is_number, rgb)):
            found |= {
                name: messages.within(name, part) for name, part in zip(("red", "green", "blue"), rgb, strict=True)
            }
            white = body.get("white")
            found["white"] = messages.within("white", white) if messages.is_number(white) else 0
        return found
