"""Shelly devices of the first generation: topics below `shellies/<device>`.

Topics are those of Shelly's documentation (Gen1, MQTT): `relay/<n>`, `light/<n>` and `color/<n>` with `/command` or
`/set` and `/status`, `roller/<n>` with `/command`, `/command/pos` and `/pos` 0..100 with 100 for open, `online`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.load_controller.drivers import mqtt_messages as messages
from services.load_controller.drivers.driver import DriverCommand, Set, StopMoving
from services.load_controller.drivers.mqtt_messages import Brightness, Colour, Message, Reading, json_message
from shared.errors import Refused
from shared.load_settings import LoadSettings

PREFIX = "shellies"
COMPONENTS = {"onoff": "relay", "dim": "light", "dali": "light", "motor": "roller"}
_MOVING = {"open": "up", "close": "down", "stop": "stop"}


class ShellyFirst:
    """One relay, light or roller; `relay` is its number, from 0."""

    def __init__(self, load: LoadSettings) -> None:
        settings = load.mqtt
        self._load = load
        self._device = f"{settings.prefix or PREFIX}/{settings.device}"
        component = "color" if load.sub_type == "rgb" else COMPONENTS[load.type]
        self._component = component
        self._place = f"{self._device}/{component}/{settings.relay}"
        self._inverted = settings.invert
        self._colour = Colour()
        self._bri = Brightness(100)

    @property
    def topics(self) -> tuple[str, ...]:
        more = {"relay": (), "roller": ("/pos", "/stop_reason")}.get(self._component, ("/status",))
        return (self._place, *(self._place + end for end in more), f"{self._device}/online")

    def questions(self) -> list[Message]:
        return [Message(f"{self._device}/command", b"update")]

    # commands

    def messages(self, command: DriverCommand) -> list[Message] | None:
        match command:
            case Set(target) if self._component == "roller":
                return [self._position(target)]
            case Set(target) if self._component == "relay":
                on = bool(target["bri"]) != self._inverted
                return [Message(f"{self._place}/command", b"on" if on else b"off")]
            case Set(target):
                return [json_message(f"{self._place}/set", self._light(target))]
            case StopMoving() if self._component == "roller":
                return [Message(f"{self._place}/command", b"stop")]
        return None

    def _position(self, target: Mapping[str, Any]) -> Message:
        if "tilt" in target:
            raise Refused(f"load {self._load.id} has no slats to turn", code="not_supported")
        position = messages.position(target["level"], self._inverted)
        return Message(f"{self._place}/command/pos", str(position).encode())

    def _light(self, target: Mapping[str, Any]) -> dict[str, Any]:
        body: dict[str, Any] = {}
        if "bri" in target:
            body["turn"] = "on" if target["bri"] else "off"
            if target["bri"]:
                body["gain" if self._component == "color" else "brightness"] = messages.scaled(target["bri"], 100)
        if "ct" in target:
            body["temp"] = target["ct"]
        colour = self._colour.said(target)
        if colour is not None:
            body |= dict(zip(("red", "green", "blue"), colour, strict=True))
        if "white" in target:
            body["white"] = target["white"]
        return body

    # reports

    def read(self, topic: str, payload: bytes) -> Reading | None:
        word = messages.text_of(payload)
        if topic == f"{self._device}/online":
            reachable = {"true": True, "false": False}.get(word)
            return None if reachable is None else Reading(reachable=reachable)
        if topic == self._place:
            return self._read_word(word)
        if topic == f"{self._place}/stop_reason":
            return Reading(flags={"over_current": int(word == "overpower")})
        if topic == f"{self._place}/pos":
            level = messages.level_of(int(word), self._inverted) if word.isdecimal() else None
            return None if level is None else Reading({"level": level})
        said = self._read_light(messages.json_object(payload))
        return Reading(said) if said else None

    def _read_word(self, word: str) -> Reading | None:
        if self._component == "roller":
            return Reading({"moving": _MOVING[word]}) if word in _MOVING else None
        if word == "overpower":
            return Reading({"bri": 0}, flags={"over_current": 1})
        said = messages.switched(messages.on_off(word.upper()), self._inverted)
        if self._component != "relay" or not said:  # the brightness of a light comes in its status
            return None
        return Reading(dict(said), flags={"over_current": 0})

    def _read_light(self, body: Mapping[str, Any]) -> dict[str, Any]:
        level = body.get("gain" if self._component == "color" else "brightness")
        found: dict[str, Any] = dict(self._bri.read(body.get("ison"), level))
        if self._load.sub_type == "tw" and messages.is_number(body.get("temp")):
            found["ct"] = messages.within("ct", body["temp"])
        parts = {name: body[name] for name in ("red", "green", "blue", "white") if messages.is_number(body.get(name))}
        if self._component == "color" and len(parts) == 4:
            found |= {name: messages.within(name, value) for name, value in parts.items()}
        return found
