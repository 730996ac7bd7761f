"""The free template: any device that takes a payload on one topic and reports on another, as the settings say.

`payload` has a text per attribute, in which `{value}` stands for the scaled number, or the names of several attributes
for theirs; also `on`, `off`, `stop` and `rgb`. `value` says per attribute where a report holds it. docs/load-drivers.md
has the rules and examples.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from services.load_controller.drivers import mqtt_messages as messages
from services.load_controller.drivers.driver import DriverCommand, Set, StopMoving
from services.load_controller.drivers.mqtt_messages import Message, Reading
from services.load_controller.rules.attributes import COLOURS, FULL, RANGES, REPORTED, SETTABLE, TILTS
from shared.errors import Invalid, Refused
from shared.load_settings import LoadSettings

_OURS = {"bri": FULL, "level": FULL, "tilt": TILTS, "heating_cooling_level": FULL, **dict.fromkeys(COLOURS, 255)}
_RECIPROCAL = "ct"
_TEXTS = ("moving", "unit")
_MARK = re.compile(r"\{(\w+)\}")
_DEEPEST = 8


class Free:
    """A device in the words of its settings."""

    def __init__(self, load: LoadSettings) -> None:
        settings = load.mqtt
        if not settings.command_topic and not settings.state_topic:
            raise Invalid(f"load {load.id}: the free template needs a command_topic or a state_topic", code="bad_load")
        known = {"on", "off", "stop", "rgb", *SETTABLE[(load.type, load.sub_type)]} | set(RANGES)
        wrong = next((name for name in settings.payload if name not in known), None)
        if wrong is not None:
            raise Invalid(f"load {load.id}: there is no payload {wrong!r}", code="bad_load")
        self._load = load
        self._settings = settings
        self._attributes = REPORTED[(load.type, load.sub_type)]
        self._paths = {name: tuple(part for part in path.split(".") if part)[:_DEEPEST]
                       for name, path in (settings.value or {self._attributes[0]: ""}).items()}  # fmt: skip

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple(topic for topic in (self._settings.state_topic, self._settings.availability_topic) if topic)

    def questions(self) -> list[Message]:
        topic = self._settings.get_topic
        return [Message(topic, self._settings.get_payload.encode())] if topic else []

    # commands

    def messages(self, command: DriverCommand) -> list[Message] | None:
        topic, stop = self._settings.command_topic, self._settings.payload.get("stop")
        if topic is None:
            raise Refused(f"load {self._load.id} only reports", code="not_supported")
        match command:
            case Set(target):
                return [Message(topic, payload.encode()) for payload in self._payloads(target)]
            case StopMoving() if stop is not None:
                return [Message(topic, stop.encode())]
        return None

    def _payloads(self, target: Mapping[str, Any]) -> list[str]:
        values = {name: self._to_device(name, value) for name, value in target.items()}
        made = []
        if "rgb" in self._settings.payload and set(COLOURS) & values.keys():
            colours = {**dict.fromkeys(COLOURS, 0), **{name: values.pop(name) for name in COLOURS if name in values}}
            made.append(_filled(self._settings.payload["rgb"], colours))
        if "bri" in target and (target["bri"] == 0 or "bri" not in self._settings.payload):
            switch = self._switch(bool(target["bri"]))
            if switch is not None:
                made.append(switch)
                del values["bri"]
        for name, value in values.items():
            if name not in self._settings.payload:
                raise Refused(f"load {self._load.id} has no payload for {name}", code="not_supported")
            made.append(_filled(self._settings.payload[name], {**values, "value": value}))
        return made

    def _switch(self, on: bool) -> str | None:
        """The text that switches; None when only a brightness of 0 does."""
        name = "on" if on != self._settings.invert else "off"
        if name in self._settings.payload:
            return self._settings.payload[name]
        plain = self._settings.on if name == "on" else self._settings.off
        return None if "bri" in self._settings.payload else plain

    def _to_device(self, name: str, value: float) -> float:
        full = self._settings.scale.get(name)
        if name == _RECIPROCAL:
            return value if full is None else round(full / value)
        ours = _OURS.get(name)
        if ours is None:
            return value
        full = ours if full is None else full
        device = messages.scaled(value, full, ours) if full >= 1 else round(value * full / ours, 4)
        return full - device if self._turned(name) else device

    def _turned(self, name: str) -> bool:
        return self._settings.invert and name in ("level", "tilt")

    # reports

    def read(self, topic: str, payload: bytes) -> Reading | None:
        word = messages.text_of(payload)
        reading = Reading()
        if topic == self._settings.availability_topic:
            named = messages.json_object(payload).get("state", word)
            reading.reachable = {self._settings.available: True, self._settings.unavailable: False}.get(str(named))
        if topic == self._settings.state_topic:
            self._read_state(reading, word, payload)
        said = reading.attributes or reading.flags is not None or reading.reachable is not None
        return reading if said else None

    def _read_state(self, reading: Reading, word: str, payload: bytes) -> None:
        try:
            body = msgspec.json.decode(payload)
        except (msgspec.DecodeError, RecursionError):
            body = word
        for name, path in self._paths.items():
            value = _at(body, path) if path else (body if messages.is_number(body) else word)
            if name.startswith("flags."):
                if isinstance(value, bool | int):
                    reading.flags = {**(reading.flags or {}), name[len("flags.") :]: int(bool(value))}
            elif name in self._attributes:
                ours = self._from_device(name, value)
                if ours is not None:
                    reading.attributes[name] = ours

    def _from_device(self, name: str, value: Any) -> Any:
        if name in _TEXTS:
            wanted = {"up", "down", "stop"} if name == "moving" else None
            return value if isinstance(value, str) and (wanted is None or value in wanted) else None
        if name == "bri":
            switched = self._switched(value)
            if switched is not None:
                return switched
        number = _number(value)
        if number is None:
            return None
        full = self._settings.scale.get(name)
        if name == _RECIPROCAL:
            return messages.within("ct", number if full is None or number == 0 else full / number)
        ours = _OURS.get(name)
        if ours is None:
            return number
        full = ours if full is None else full
        low, high = RANGES.get(name, (0, FULL))
        return round(min(high, max(low, (full - number if self._turned(name) else number) * ours / full)))

    def _switched(self, value: Any) -> int | None:
        """A brightness that is said by the words for on and off, or by a truth value."""
        words = {self._settings.on: True, self._settings.off: False}
        on = value if isinstance(value, bool) else words.get(value) if isinstance(value, str) else None
        if on is None:
            return None
        return FULL if on != (self._settings.invert and self._load.type == "onoff") else 0


def _filled(text: str, values: Mapping[str, float]) -> str:
    """Every `{name}` that has a value replaced; other braces, as those of JSON, stay."""
    return _MARK.sub(lambda mark: f"{values[mark[1]]:g}" if mark[1] in values else mark[0], text)


def _at(body: Any, path: tuple[str, ...]) -> Any:
    """What stands at a dotted path: keys of objects, numbers of lists."""
    for part in path:
        if isinstance(body, dict):
            body = body.get(part)
        elif isinstance(body, list) and part.isdecimal() and int(part) < len(body):
            body = body[int(part)]
        else:
            return None
    return body


def _number(value: Any) -> float | None:
    if messages.is_number(value):
        return float(value)
    if not isinstance(value, str) or not re.fullmatch(r"[+-]?\d{1,9}(\.\d{1,9})?", value):
        return None
    return float(value)
