"""ESPHome nodes: `<node>/<component>/<entity>/command` and `/state`, `<node>/status`.

Topics and payloads are those of ESPHome's documentation (MQTT client component): lights speak JSON with `brightness`
0..255 and `color_temp` in mired, switches ON and OFF, covers have `position` and `tilt` 0..100 with 100 for open.
Nodes cannot be asked; they retain their states.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.load_controller.drivers import mqtt_messages as messages
from services.load_controller.drivers.driver import DriverCommand, Ping, Set, StopMoving
from services.load_controller.drivers.mqtt_messages import Brightness, Colour, Message, Reading, json_message
from shared.errors import Invalid, Refused
from shared.load_settings import LoadSettings

BRIGHTEST = 255
COMPONENTS = {"onoff": "switch", "dim": "light", "dali": "light", "motor": "cover"}
_CHOICES = ("switch", "light", "cover", "fan")
_MOVING = {"opening": "up", "closing": "down", "open": "stop", "closed": "stop", "stopped": "stop"}


class Esphome:
    """One entity. `device` is `<node>/<entity>` or `<node>/<component>/<entity>`; with a `prefix` that is the node."""

    def __init__(self, load: LoadSettings) -> None:
        settings = load.mqtt
        self._load = load
        parts = [part for part in (*(settings.prefix or "").split("/"), *settings.device.split("/")) if part]
        if len(parts) < 2:
            raise Invalid(f"load {load.id}: an ESPHome device is named <node>/<entity>", code="bad_load")
        named = parts[-2] in _CHOICES and len(parts) > 2
        self._component = parts[-2] if named else COMPONENTS[load.type]
        node = "/".join(parts[: -2 if named else -1])
        self._entity = f"{node}/{self._component}/{parts[-1]}"
        self._status = f"{node}/status"
        self._inverted = settings.invert
        self._colour = Colour()
        self._bri = Brightness(BRIGHTEST)

    @property
    def topics(self) -> tuple[str, ...]:
        states = {"cover": ("state", "position/state", "tilt/state")}.get(self._component, ("state",))
        return (*(f"{self._entity}/{state}" for state in states), self._status)

    def questions(self) -> list[Message]:
        return []

    # commands

    def messages(self, command: DriverCommand) -> list[Message] | None:
        to = f"{self._entity}/command"
        match command:
            case Set(target) if self._load.type == "motor":
                return self._set_cover(target)
            case Set(target) if self._component == "light":
                return [json_message(to, self._light(target))]
            case Set(target):
                return [Message(to, b"ON" if bool(target["bri"]) != self._inverted else b"OFF")]
            case StopMoving() if self._load.type == "motor":
                return [Message(to, b"STOP")]
            case Ping() if self._component == "light":
                return [json_message(to, {"state": "ON", "flash": max(1, round(command.time_ms / 1000))})]
        return None

    def _set_cover(self, target: Mapping[str, Any]) -> list[Message]:
        said = {"position": messages.position, "tilt": messages.slats}
        names = {"level": "position", "tilt": "tilt"}
        return [
            Message(f"{self._entity}/{names[name]}/command", str(said[names[name]](value, self._inverted)).encode())
            for name, value in target.items()
        ]

    def _light(self, target: Mapping[str, Any]) -> dict[str, Any]:
        body: dict[str, Any] = {}
        if "bri" in target:
            on = bool(target["bri"]) != (self._inverted and self._load.type == "onoff")
            body["state"] = "ON" if on else "OFF"
            if target["bri"] and self._load.type != "onoff":
                body["brightness"] = messages.scaled(target["bri"], BRIGHTEST)
        if "ct" in target:
            body["color_temp"] = messages.mired(target["ct"])
        colour = self._colour.said(target)
        if colour is not None:
            body["color"] = dict(zip("rgb", colour, strict=True))
        if "white" in target:
            body["color"] = {**body.get("color", {}), "w": target["white"]}
        if not body:
            raise Refused(f"nothing of that can be set on load {self._load.id}", code="not_supported")
        return body

    # reports

    def read(self, topic: str, payload: bytes) -> Reading | None:
        word = messages.text_of(payload)
        if topic == self._status:
            return Reading(reachable=word == "online") if word in ("online", "offline") else None
        if self._component == "cover":
            said = self._read_cover(topic, word)
        elif self._component == "light":
            said = self._read_light(messages.json_object(payload))
        else:
            said = messages.switched(messages.on_off(word), self._inverted)
        return Reading(said) if said else None

    def _read_cover(self, topic: str, word: str) -> dict[str, Any]:
        if topic == f"{self._entity}/state":
            return {"moving": _MOVING[word]} if word in _MOVING else {}
        try:
            percent = float(word)
        except ValueError:
            return {}
        if not 0 <= percent <= 100:
            return {}
        if topic == f"{self._entity}/position/state":
            return {"level": messages.level_of(percent, self._inverted)}
        return {"tilt": messages.tilt_of(percent, self._inverted)}

    def _read_light(self, body: Mapping[str, Any]) -> dict[str, Any]:
        on = messages.on_off(body.get("state"))
        if self._load.type == "onoff":
            return messages.switched(on, self._inverted)
        found: dict[str, Any] = dict(self._bri.read(on, body.get("brightness")))
        kelvin = messages.kelvin_of(body.get("color_temp")) if self._load.sub_type == "tw" else None
        if kelvin is not None:
            found["ct"] = kelvin
        colour = body.get("color")
        if self._load.sub_type == "rgb" and isinstance(colour, dict):
            found |= self._read_colour({name: value for name, value in colour.items() if messages.is_number(value)})
        return found

    def _read_colour(self, colour: Mapping[str, float]) -> dict[str, int]:
        white = {"white": messages.within("white", colour.get("w", 0))}
        if not {"r", "g", "b"} <= colour.keys():
            return white
        return {**self._colour.of_rgb(colour["r"], colour["g"], colour["b"]), **white}
