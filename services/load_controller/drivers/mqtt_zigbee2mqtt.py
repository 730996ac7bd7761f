"""Devices behind zigbee2mqtt: `<prefix>/<name>` reports, `/set` commands, `/get` asks, `/availability` and the bridge.

Topics and payloads are those of zigbee2mqtt's documentation (MQTT topics and messages): `brightness` 0..254,
`color_temp` in mired, `position` and `tilt` 0..100 with 100 for open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.load_controller.drivers import mqtt_messages as messages
from services.load_controller.drivers.driver import DriverCommand, Fade, Ping, Set, StopMoving
from services.load_controller.drivers.mqtt_messages import Brightness, Colour, Message, Reading, json_message
from services.load_controller.rules.attributes import FULL, LIGHTS
from shared.errors import Refused
from shared.load_settings import LoadSettings

PREFIX = "zigbee2mqtt"
BRIGHTEST = 254
FADE_PER_SECOND = 51  # a full fade in five seconds
_MOVING = {"UP": "up", "DOWN": "down", "STOP": "stop", "opening": "up", "closing": "down", "stopped": "stop",
           "open": "up", "close": "down", "stop": "stop", "pause": "stop"}  # fmt: skip


class Zigbee2Mqtt:
    """One device, or one endpoint of it: `relay` n reads and writes `state_l<n>` and its like."""

    def __init__(self, load: LoadSettings) -> None:
        settings = load.mqtt
        self._load = load
        self._base = PREFIX if settings.prefix is None else settings.prefix
        self._device = f"{self._base}/{settings.device}"
        self._end = f"_l{settings.relay}" if settings.relay else ""
        self._inverted = settings.invert
        self._colour = Colour()
        self._bri = Brightness(BRIGHTEST)
        self._bridge = self._itself = True

    @property
    def topics(self) -> tuple[str, ...]:
        return self._device, f"{self._device}/availability", f"{self._base}/bridge/state"

    def questions(self) -> list[Message]:
        asked = {"hvac": "local_temperature", "motor": "position"}.get(self._load.type, "state")
        return [json_message(f"{self._device}/get", {asked + self._end: ""})]

    # commands

    def messages(self, command: DriverCommand) -> list[Message] | None:
        match command:
            case Set(target):
                body = self._body(dict(target))
            case Fade("up"):
                body = {"brightness_move_onoff" + self._end: FADE_PER_SECOND}
            case Fade("down"):
                body = {"brightness_move" + self._end: -FADE_PER_SECOND}
            case StopMoving():
                stop = {"state": "STOP"} if self._load.type == "motor" else {"brightness_move": "stop"}
                body = {name + self._end: value for name, value in stop.items()}
            case Ping() if self._load.type in LIGHTS:
                body = {"effect": "blink"}
            case _:
                return None
        return [json_message(f"{self._device}/set", body)]

    def _body(self, target: dict[str, Any]) -> dict[str, Any]:
        body: dict[str, Any] = {}
        for name, value in target.items():
            if name in _WRITE:
                body |= _WRITE[name](self, value)
        if target.get("white"):
            raise Refused(f"load {self._load.id} has no white of its own", code="not_supported")
        colour = self._colour.said(target)
        if colour is not None and any(colour):
            body["color"] = dict(zip("rgb", colour, strict=True))
        if not body:
            raise Refused(f"nothing of that can be set on load {self._load.id}", code="not_supported")
        return {name + self._end if name != "color" else name: value for name, value in body.items()}

    def _write_bri(self, bri: int) -> dict[str, Any]:
        on = bool(bri) != (self._inverted and self._load.type == "onoff")
        body: dict[str, Any] = {"state": "ON" if on else "OFF"}
        return {**body, "brightness": messages.scaled(bri, BRIGHTEST)} if bri and self._load.type != "onoff" else body

    def _write_ct(self, kelvin: int) -> dict[str, Any]:
        return {"color_temp": messages.mired(kelvin)}

    def _write_position(self, level: int) -> dict[str, Any]:
        return {"position": messages.position(level, self._inverted)}

    def _write_tilt(self, tilt: int) -> dict[str, Any]:
        return {"tilt": messages.slats(tilt, self._inverted)}

    def _write_setpoint(self, degrees: float) -> dict[str, Any]:
        return {"occupied_heating_setpoint": degrees}

    def _write_boost(self, boost: float) -> dict[str, Any]:
        """A thermostat knows no boost but off and heating."""
        return {"system_mode": "off" if boost <= -99 else "heat"}

    # reports

    def read(self, topic: str, payload: bytes) -> Reading | None:
        if topic != self._device:
            return self._read_availability(topic, payload)
        body = messages.json_object(payload)
        said = {name.removesuffix(self._end) if self._end else name: value for name, value in body.items()}
        attributes = _READ[self._load.type](self, said)
        return Reading(attributes) if attributes else None

    def _read_availability(self, topic: str, payload: bytes) -> Reading | None:
        word = messages.json_object(payload).get("state") or messages.text_of(payload)
        if word not in ("online", "offline"):
            return None
        if topic == f"{self._base}/bridge/state":
            self._bridge = word == "online"
        else:
            self._itself = word == "online"
        return Reading(reachable=self._bridge and self._itself)

    def _read_light(self, said: dict[str, Any]) -> dict[str, Any]:
        on = messages.on_off(said.get("state"))
        if self._load.type == "onoff":
            return messages.switched(on, self._inverted)
        found: dict[str, Any] = dict(self._bri.read(on, said.get("brightness")))
        if self._load.sub_type == "tw":
            kelvin = messages.kelvin_of(said.get("color_temp"))
            found |= {} if kelvin is None else {"ct": kelvin}
        if self._load.sub_type == "rgb" and isinstance(said.get("color"), dict):
            found |= {**self._read_colour(said["color"], said.get("color_mode")), "white": 0}
        return found

    def _read_colour(self, colour: dict[str, Any], mode: Any) -> dict[str, int]:
        numbers = {name: value for name, value in colour.items() if messages.is_number(value)}
        if {"r", "g", "b"} <= numbers.keys():
            return self._colour.of_rgb(numbers["r"], numbers["g"], numbers["b"])
        if {"hue", "saturation"} <= numbers.keys() and (mode == "hs" or "x" not in numbers):
            return self._colour.of_hue(numbers["hue"], numbers["saturation"])
        return self._colour.of_xy(numbers["x"], numbers["y"]) if {"x", "y"} <= numbers.keys() else {}

    def _read_motor(self, said: dict[str, Any]) -> dict[str, Any]:
        moving = _MOVING.get(str(said.get("moving") or said.get("motor_state")))
        found = {
            "level": messages.level_of(said.get("position"), self._inverted),
            "tilt": messages.tilt_of(said.get("tilt"), self._inverted),
            "moving": moving,
        }
        return {name: value for name, value in found.items() if value is not None}

    def _read_heating(self, said: dict[str, Any]) -> dict[str, Any]:
        setpoint = said.get("occupied_heating_setpoint", said.get("current_heating_setpoint"))
        temperatures = {"ambient_temperature": said.get("local_temperature"), "target_temperature": setpoint}
        found: dict[str, Any] = {name: value for name, value in temperatures.items() if messages.is_number(value)}
        demand = said.get("pi_heating_demand")
        if messages.is_number(demand):
            found["heating_cooling_level"] = round(min(100.0, max(0.0, demand)) * FULL / 100)
        if said.get("system_mode") in ("off", "heat", "auto"):
            found["boost_temperature"] = -99 if said["system_mode"] == "off" else 0
        return {**found, "unit": "°C"} if found else {}


_WRITE: dict[str, Callable[[Zigbee2Mqtt, Any], dict[str, Any]]] = {
    "bri": Zigbee2Mqtt._write_bri,
    "ct": Zigbee2Mqtt._write_ct,
    "level": Zigbee2Mqtt._write_position,
    "tilt": Zigbee2Mqtt._write_tilt,
    "target_temperature": Zigbee2Mqtt._write_setpoint,
    "boost_temperature": Zigbee2Mqtt._write_boost,
}
_READ: dict[str, Callable[[Zigbee2Mqtt, dict[str, Any]], dict[str, Any]]] = {
    "onoff": Zigbee2Mqtt._read_light,
    "dim": Zigbee2Mqtt._read_light,
    "dali": Zigbee2Mqtt._read_light,
    "motor": Zigbee2Mqtt._read_motor,
    "hvac": Zigbee2Mqtt._read_heating,
}
