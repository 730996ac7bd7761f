"""What the templates of MQTT devices share: messages, readings, and the scales of the devices."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeGuard

import msgspec

from services.load_controller.drivers.driver import DriverCommand
from services.load_controller.rules.attributes import FULL, RANGES, TILTS

LARGEST = 64 * 1024  # bytes of a report; more is no report of a load


@dataclass(frozen=True, slots=True)
class Message:
    """One message for a device."""

    topic: str
    payload: bytes


@dataclass(slots=True)
class Reading:
    """What one message of a device says; `reachable` is None when it says nothing of that."""

    attributes: dict[str, Any] = field(default_factory=dict)
    flags: dict[str, int] | None = None
    reachable: bool | None = None


class Template(Protocol):
    """How one kind of device is spoken to. It may remember what the device said before."""

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics on which the device reports."""
        ...

    def messages(self, command: DriverCommand) -> list[Message] | None:
        """What to publish; None when the device has no such command and it must be made of others. Raises `Refused`."""
        ...

    def read(self, topic: str, payload: bytes) -> Reading | None:
        """What the device said; None for what is of no interest or cannot be understood. Raises nothing."""
        ...

    def questions(self) -> list[Message]:
        """What makes the device report; empty when it cannot be asked."""
        ...


def json_message(topic: str, body: Mapping[str, Any]) -> Message:
    """`body` as JSON."""
    return Message(topic, msgspec.json.encode(body))


def json_object(payload: bytes) -> dict[str, Any]:
    """The object in a payload; an empty one for anything else."""
    try:
        found = msgspec.json.decode(payload)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def text_of(payload: bytes) -> str:
    """A short payload as text."""
    return payload[:200].decode(errors="replace").strip()


def is_number(value: Any) -> TypeGuard[float]:
    """A number, and not a truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def scaled(value: float, full: float, ours: float = FULL) -> int:
    """Our `value` of `ours` on a device's scale; what is not off stays so."""
    device = round(value * full / ours)
    return device or (1 if value > 0 and full >= 1 else 0)


def unscaled(name: str, value: Any, full: float, ours: float = FULL) -> int | None:
    """A device's value as ours, within the range of the attribute; None for no number."""
    return within(name, value * ours / full) if is_number(value) else None


def within(name: str, value: float) -> int:
    """Rounded, and not beyond the attribute's range."""
    low, high = RANGES[name]
    return round(min(high, max(low, value)))


@dataclass(slots=True)
class Brightness:
    """The brightness of a light that tells apart whether it is on and how bright it is; `full` is its brightest."""

    full: float
    on: bool | None = None
    last: int | None = None

    def read(self, on: Any, value: Any) -> dict[str, int]:
        """`bri`, as far as it is known after a report of `on` and `value`, either of which may be missing."""
        if isinstance(on, bool):
            self.on = on
        bri = unscaled("bri", value, self.full)
        if bri is not None:
            self.last = max(bri, 1)
        if self.on is None:
            return {} if bri is None else {"bri": bri}
        return {"bri": (self.last or FULL) if self.on else 0}


def on_off(value: Any) -> bool | None:
    """`ON` and `OFF`; None for anything else."""
    return {"ON": True, "OFF": False}.get(value) if isinstance(value, str) else None


def switched(on: bool | None, inverted: bool) -> dict[str, int]:
    """`bri` of what is only on or off."""
    return {} if on is None else {"bri": FULL if on != inverted else 0}


def position(level: float, inverted: bool) -> int:
    """Our level as the position of a device, 0..100. Most say 100 for open, where we say 0."""
    percent = round(level * 100 / FULL)
    return percent if inverted else 100 - percent


def level_of(value: Any, inverted: bool) -> int | None:
    """The other way round."""
    if not is_number(value):
        return None
    return within("level", (value if inverted else 100 - value) * FULL / 100)


def slats(tilt: float, inverted: bool) -> int:
    """Our tilt as the device's, 0..100 with 100 for open slats."""
    percent = round(tilt * 100 / TILTS)
    return percent if inverted else 100 - percent


def tilt_of(value: Any, inverted: bool) -> int | None:
    """The other way round."""
    if not is_number(value):
        return None
    return within("tilt", (value if inverted else 100 - value) * TILTS / 100)


def mired(kelvin: float) -> int:
    """A colour temperature as devices of Zigbee and others count it."""
    return round(1_000_000 / kelvin)


def kelvin_of(value: Any) -> int | None:
    """The other way round."""
    return within("ct", 1_000_000 / value) if is_number(value) and value > 0 else None


@dataclass(slots=True)
class Colour:
    """A light's colour beside its brightness. Devices keep them apart: what they report is made as strong as ours."""

    last: tuple[int, int, int] = (255, 255, 255)

    def said(self, target: Mapping[str, Any]) -> tuple[int, int, int] | None:
        """Red, green and blue of a target that has any of them; the others stay as they were."""
        if not {"red", "green", "blue"} & target.keys():
            return None
        red, green, blue = self.last
        self.last = target.get("red", red), target.get("green", green), target.get("blue", blue)
        return self.last

    def of_rgb(self, red: float, green: float, blue: float) -> dict[str, int]:
        """What a device calls this colour, as strong as ours was."""
        most = max(red, green, blue)
        if most <= 0:
            return {}
        factor = (max(self.last) or 255) / most
        self.last = (_part(red * factor), _part(green * factor), _part(blue * factor))
        return dict(zip(("red", "green", "blue"), self.last, strict=True))

    def of_hue(self, degrees: float, percent: float) -> dict[str, int]:
        """From hue (0..360) and saturation (0..100)."""
        return self.of_rgb(*colorsys.hsv_to_rgb(degrees % 360 / 360, min(100.0, max(0.0, percent)) / 100, 1.0))

    def of_xy(self, x: float, y: float) -> dict[str, int]:
        """From CIE 1931 chromaticity, by the matrix of sRGB (IEC 61966-2-1)."""
        if y <= 0:
            return {}
        big_x, big_z = x / y, (1 - x - y) / y
        linear = (
            3.2406 * big_x - 1.5372 - 0.4986 * big_z,
            -0.9689 * big_x + 1.8758 + 0.0415 * big_z,
            0.0557 * big_x - 0.2040 + 1.0570 * big_z,
        )
        most = max(linear)
        return self.of_rgb(*(_gamma(max(0.0, part) / most) for part in linear)) if most > 0 else {}


def _part(value: float) -> int:
    return round(min(255.0, max(0.0, value)))


def _gamma(linear: float) -> float:
    return 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
