"""Which attributes a load of each type has, and in which ranges.

Types and ranges are those of Feller's published description of the Wiser API (6.0): `bri` and `level` 0..10000, `ct`
1000..20000, colours 0..255, `tilt` 0..9. A boost of -99 switches a heating off.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from shared.contracts.loads import TargetState
from shared.errors import Invalid

Attributes = dict[str, Any]

FULL = 10_000
TILTS = 9
OFF_BOOST = -99
LIGHTS = ("onoff", "dim", "dali")
COLOURS = ("red", "green", "blue", "white")

RANGES: dict[str, tuple[float, float]] = {
    "bri": (0, FULL),
    "ct": (1000, 20_000),
    **dict.fromkeys(COLOURS, (0, 255)),
    "level": (0, FULL),
    "tilt": (0, TILTS),
    "target_temperature": (-20, 60),
    "boost_temperature": (-20, 20),
}
_FRACTIONS = ("target_temperature", "boost_temperature")

SETTABLE: dict[tuple[str, str], tuple[str, ...]] = {
    ("onoff", ""): ("bri",),
    ("onoff", "dto"): ("bri",),
    ("dim", ""): ("bri",),
    ("dali", ""): ("bri",),
    ("dali", "tw"): ("bri", "ct"),
    ("dali", "rgb"): ("bri", *COLOURS),
    ("motor", ""): ("level", "tilt"),
    ("motor", "relay"): ("level", "tilt"),
    ("hvac", ""): (),
}
GROUP = ("target_temperature", "boost_temperature")

REPORTED: dict[tuple[str, str], tuple[str, ...]] = {
    **SETTABLE,
    ("motor", ""): ("level", "tilt", "moving"),
    ("motor", "relay"): ("level", "tilt", "moving"),
    ("hvac", ""): (*GROUP, "ambient_temperature", "heating_cooling_level", "unit"),
}

FLAGS: dict[str, tuple[str, ...]] = {
    "onoff": (),
    "dim": ("over_current", "fading", "noise", "direction", "over_temperature"),
    "dali": ("short_circuit", "fading", "noise", "direction", "rx_error"),
    "motor": ("direction", "learning", "moving", "under_current", "over_current", "timeout", "locked"),
    "hvac": ("remote_controlled", "sensor_error", "valve_error", "noise", "output_on", "cooling"),
}


def check_target(kind: str, sub_type: str, target: TargetState) -> Attributes:
    """The attributes of `target` that are given, for a load of this type.

    Raises `Invalid`: `wrong_attribute` for one that the type does not have, `out_of_range`, `no_attribute`.
    """
    return check_attributes(kind, sub_type, msgspec.to_builtins(target))


def check_attributes(kind: str, sub_type: str, attributes: Mapping[str, Any]) -> Attributes:
    """The same for an entry of a job; a colour may also be said as `"rgb": "#FF8800"`."""
    what = f"a load of type {kind}" + (f"/{sub_type}" if sub_type else "")
    return _checked(SETTABLE[(kind, sub_type)], attributes, what)


def check_group_target(attributes: Mapping[str, Any] | TargetState) -> Attributes:
    """The temperatures in °C for an hvac group. Raises `Invalid` as `check_target`."""
    return _checked(GROUP, msgspec.to_builtins(attributes), "an hvac group")


def check_value(name: str, value: Any) -> float:
    """`value`, when `name` may have it. Raises `Invalid`: `wrong_attribute`, `wrong_type`, `out_of_range`."""
    if name not in RANGES:
        raise Invalid(f"no load has an attribute {name[:40]!r}", code="wrong_attribute")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Invalid(f"{name} must be a number", code="wrong_type")
    if not math.isfinite(value) or (name not in _FRACTIONS and value != int(value)):
        raise Invalid(f"{name} must be a whole number" if math.isfinite(value) else f"{name} must be finite",
                      code="out_of_range")  # fmt: skip
    low, high = RANGES[name]
    if not low <= value <= high and not (name == "boost_temperature" and value == OFF_BOOST):
        raise Invalid(f"{name} must be {low:g} to {high:g}", code="out_of_range")
    return value if name in _FRACTIONS else int(value)


def with_colours(attributes: Mapping[str, Any]) -> Attributes:
    """`rgb` "#RRGGBB" said as `red`, `green` and `blue`. Raises `Invalid` for another form."""
    plain = dict(attributes)
    if "rgb" in plain:
        text = plain.pop("rgb")
        if not isinstance(text, str) or not re.fullmatch("#[0-9A-Fa-f]{6}", text):
            raise Invalid('rgb must look like "#FF8800"', code="out_of_range")
        plain |= {name: int(text[at : at + 2], 16) for name, at in (("red", 1), ("green", 3), ("blue", 5))}
    return plain


def _checked(allowed: tuple[str, ...], attributes: Mapping[str, Any], what: str) -> Attributes:
    plain = with_colours(attributes)
    wrong = next((name for name in plain if name not in allowed), None)
    if wrong is not None:
        has = f"it has {', '.join(allowed)}" if allowed else "none can be set on it"
        raise Invalid(f"{what} has no attribute {wrong[:40]!r}: {has}", code="wrong_attribute")
    if not plain:
        raise Invalid(f"say what {what} should become: {', '.join(allowed) or 'nothing can be set on it'}",
                      code="no_attribute")  # fmt: skip
    return {name: check_value(name, value) for name, value in plain.items()}
