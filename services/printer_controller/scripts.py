"""The G-code around a print: parking, going on where it stood, ending it. Placeholders are filled, nothing is executed.

`{name}` takes a value of `values_at`; a line with a value that is not known is left out, so that a printer whose
position nobody knows is never moved. There is no template language: user text can name values, not reach anything.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping

from services.printer_controller.modal import Modal
from shared.settings import BuildVolume

# What an empty `pause` or `resume` in the settings stands for; a comment alone ("; stay") switches parking off.
DEFAULT_PAUSE = (
    "M83",
    "G1 E-{retract} F1800",
    "G90",
    "G1 Z{lifted_z} F600",
    "G1 X{park_x} Y{park_y} F6000",
)
DEFAULT_RESUME = (
    "G90",
    "G1 X{x} Y{y} F6000",
    "G1 Z{z} F600",
    "M83",
    "G1 E{retract} F1800",
)

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_LIFT = 10.0  # mm
_MARGIN = 10.0  # mm from the edge of the bed
_RETRACT = 2.0  # mm
_HOT = 150.0  # °C: below it firmware refuses to move the filament

_log = logging.getLogger(__name__)


def pause_lines(script: Iterable[str], modal: Modal, volume: BuildVolume) -> list[str]:
    """Park: the script, in millimetres whatever units the print uses."""
    return [*(["G21"] if modal.inches else []), *filled(tuple(script) or DEFAULT_PAUSE, values_at(modal, volume))]


def resume_lines(script: Iterable[str], paused: Modal, now: Modal, volume: BuildVolume) -> list[str]:
    """Go back to `paused` from `now`: temperatures first, then the script, then everything that the print relies on."""
    lines = filled(tuple(script) or DEFAULT_RESUME, values_at(paused, volume))
    return [*_reheated(paused, now), *lines, *restored(paused)]


def restored(modal: Modal) -> list[str]:
    """Position, extruder, fan, feed rate and modes as they were. The modes last: the values before are in mm."""
    values = values_at(modal, BuildVolume())
    lines = filled(("G90", "G1 X{x} Y{y} F6000", "G1 Z{z} F600", "G92 E{e}", "M106 S{fan}", "G1 F{feedrate}"), values)
    lines.append("M83" if modal.extruder_relative else "M82")
    if modal.relative:
        lines.append("G91")
    if modal.inches:
        lines.append("G20")
    return lines


def filled(script: Iterable[str], values: Mapping[str, float | None]) -> list[str]:
    """The script with its placeholders filled; lines with an unknown value or name are left out."""
    lines = []
    for line in script:
        names = _PLACEHOLDER.findall(line)
        if any(name not in values for name in names):
            _log.warning("a line of a G-code script names an unknown value and was left out: %s", line)
        elif all(values[name] is not None for name in names):
            lines.append(_PLACEHOLDER.sub(lambda found: _number(values[found[1]]), line))
    return lines


def values_at(modal: Modal, volume: BuildVolume) -> dict[str, float | None]:
    """What a script may name: where the print stands, and where to park. Null where it is not known."""
    known = None not in (modal.x, modal.y, modal.z)
    centred = volume.origin == "center"
    park_x = (-volume.width / 2 if centred else 0.0) + _MARGIN
    park_y = (volume.depth / 2 if centred else volume.depth) - _MARGIN
    return {
        "x": modal.x,
        "y": modal.y,
        "z": modal.z,
        "e": modal.e,
        "feedrate": modal.feedrate,
        "fan": float(modal.fan),
        "tool": float(modal.tool),
        "lifted_z": None if modal.z is None else max(modal.z, min(modal.z + _LIFT, volume.height)),
        "park_x": park_x if known else None,
        "park_y": park_y if known else None,
        "retract": _RETRACT if modal.targets.get(f"tool{modal.tool}", 0.0) >= _HOT else None,
    }


_HEAT = {"bed": ("M140 S{}", "M190 S{}"), "chamber": ("M141 S{}", "M191 S{}")}


def _reheated(paused: Modal, now: Modal) -> list[str]:
    """The tool in use again, and every heater that is set otherwise than at the pause: all set, then waited for."""
    changed = {name: target for name, target in paused.targets.items() if now.targets.get(name) != target}
    lines = [] if now.tool == paused.tool else [f"T{paused.tool}"]
    for step in (0, 1):
        for name, target in changed.items():
            tool = name.removeprefix("tool")
            forms = _HEAT.get(name, (f"M104 T{tool} S{{}}", f"M109 T{tool} S{{}}"))
            if step == 0 or target > 0:
                lines.append(forms[step].format(_number(target)))
    return lines


def _number(value: float | None) -> str:
    return f"{value or 0.0:.4f}".rstrip("0").rstrip(".")
