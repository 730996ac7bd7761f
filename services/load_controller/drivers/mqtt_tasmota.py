"""Tasmota devices: `cmnd/<device>/…` commands, `stat/<device>/RESULT` and `tele/<device>/STATE` report, `LWT` tells.

Commands are those of Tasmota's documentation (Commands; Shutters and Blinds): `POWER<n>`, `Dimmer` 0..100, `CT` in
mired, `Color2` keeping the brightness, `ShutterPosition<n>` 0..100 with 100 for open, `ShutterTilt<n>` in degrees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from services.load_controller.drivers import mqtt_messages as messages
from services.load_controller.drivers.driver import DriverCommand, Set, StopMoving
from services.load_controller.drivers.mqtt_messages import Brightness, Colour, Message, Reading
from services.load_controller.rules.attributes import TILTS
from shared.errors import Refused
from shared.load_settings import LoadSettings

FULL_TOPIC = "%prefix%/%topic%"
CLOSED_DEGREES = 90.0
_DIRECTIONS = {0: "stop", 1: "up", -1: "down"}


class Tasmota:
    """One relay, light or shutter; `relay` counts from 1 (0: the only one). `prefix` is a FullTopic with both marks."""

    def __init__(self, load: LoadSettings) -> None:
        settings = load.mqtt
        self._load = load
        pattern = settings.prefix or FULL_TOPIC
        self._place = {
            kind: pattern.replace("%prefix%", kind).replace("%topic%", settings.device).rstrip("/")
            for kind in ("cmnd", "stat", "tele")
        }
        self._number = str(settings.relay or "")
        self._shutter = settings.relay or 1
        self._inverted = settings.invert
        self._degrees = settings.scale.get("tilt", CLOSED_DEGREES)
        self._colour = Colour()
        self._bri = Brightness(100)

    @property
    def topics(self) -> tuple[str, ...]:
        stat, tele = self._place["stat"], self._place["tele"]
        return f"{stat}/RESULT", f"{tele}/STATE", f"{tele}/SENSOR", f"{tele}/LWT"

    def questions(self) -> list[Message]:
        shutter = self._load.type == "motor"
        return [self._command(f"ShutterPosition{self._shutter}" if shutter else "STATE")]

    def _command(self, name: str, value: str = "") -> Message:
        return Message(f"{self._place['cmnd']}/{name}", value.encode())

    # commands

    def messages(self, command: DriverCommand) -> list[Message] | None:
        match command:
            case Set(target):
                return self._set(target)
            case StopMoving() if self._load.type == "motor":
                return [self._command(f"ShutterStop{self._shutter}")]
        return None

    def _set(self, target: Mapping[str, Any]) -> list[Message]:
        if target.get("white"):
            raise Refused(f"load {self._load.id} has no white of its own", code="not_supported")
        made = []
        colour = self._colour.said(target)
        if colour is not None:
            made.append(self._command("Color2", ",".join(map(str, colour))))
        made += [_WRITE[name](self, value) for name, value in target.items() if name in _WRITE]
        return made

    def _write_bri(self, bri: int) -> Message:
        if bri and self._load.type != "onoff":
            return self._command("Dimmer", str(messages.scaled(bri, 100)))
        on = bool(bri) != (self._inverted and self._load.type == "onoff")
        return self._command(f"POWER{self._number}", "ON" if on else "OFF")

    def _write_tilt(self, tilt: int) -> Message:
        return self._command(f"ShutterTilt{self._shutter}", str(round(tilt * self._degrees / TILTS)))

    def _write_level(self, level: int) -> Message:
        return self._command(f"ShutterPosition{self._shutter}", str(messages.position(level, self._inverted)))

    # reports

    def read(self, topic: str, payload: bytes) -> Reading | None:
        if topic.endswith("/LWT"):
            reachable = {"online": True, "offline": False}.get(messages.text_of(payload).lower())
            return None if reachable is None else Reading(reachable=reachable)
        body = messages.json_object(payload)
        said = self._read_shutter(body) if self._load.type == "motor" else self._read_light(body)
        return Reading(said) if said else None

    def _read_light(self, body: Mapping[str, Any]) -> dict[str, Any]:
        names = [f"POWER{self._number}"] if self._number not in ("", "1") else ["POWER", "POWER1"]
        power = next((body[name] for name in names if name in body), None)
        on = messages.on_off(power)
        if self._load.type == "onoff":
            return messages.switched(on, self._inverted)
        found: dict[str, Any] = dict(self._bri.read(on, body.get("Dimmer")))
        kelvin = messages.kelvin_of(body.get("CT")) if self._load.sub_type == "tw" else None
        if kelvin is not None:
            found["ct"] = kelvin
        if self._load.sub_type == "rgb" and isinstance(body.get("HSBColor"), str):
            found |= self._read_hue(body["HSBColor"])
        return found

    def _read_hue(self, text: str) -> dict[str, int]:
        parts = text.split(",")
        if len(parts) != 3 or not all(part.isdecimal() and len(part) < 5 for part in parts):
            return {}
        return {**self._colour.of_hue(int(parts[0]), int(parts[1])), "white": 0}

    def _read_shutter(self, body: Mapping[str, Any]) -> dict[str, Any]:
        said = body.get(f"Shutter{self._shutter}")
        if not isinstance(said, dict):
            return {}
        degrees, direction = said.get("Tilt"), said.get("Direction")
        found = {
            "level": messages.level_of(said.get("Position"), self._inverted),
            "tilt": messages.unscaled("tilt", degrees, self._degrees, TILTS),
            "moving": _DIRECTIONS.get(round(direction)) if messages.is_number(direction) else None,
        }
        return {name: value for name, value in found.items() if value is not None}


_WRITE: dict[str, Callable[[Tasmota, Any], Message]] = {
    "bri": Tasmota._write_bri,
    "ct": lambda self, kelvin: self._command("CT", str(messages.mired(kelvin))),
    "level": Tasmota._write_level,
    "tilt": Tasmota._write_tilt,
}
