"""From the bodies of /api/printer/… to G-code and commands, in OctoPrint's words; pure.

The lines are those that OctoPrint 1.11 sends. Nothing of a body gets into a line but numbers, and letters from a list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from services.gateway.dialects.octoprint.translate import Body, is_true
from services.gateway.dialects.octoprint.translate_profiles import SPEEDS
from shared.contracts.printers import OffsetTemperatures, PrinterAsk, PrinterState, SendGcode, When
from shared.errors import Invalid

_AXES = ("x", "y", "z")
_LARGEST = 1e6  # what no machine reaches
_LARGEST_OFFSET = 50
_HOTTEST = 1000  # °C; OctoPrint sends anything, but no heater of a printer gets there
_FEED_RATES = (50, 200)  # percent
_FLOW_RATES = (75, 125)

Make = Callable[[Body, PrinterState], PrinterAsk]


@dataclass(frozen=True)
class Command:
    """`needs`: the member without which the body is refused; `at_rest`: not while printing."""

    make: Make
    needs: str | None = None
    at_rest: bool = False


def _jog(body: Body, _: PrinterState) -> PrinterAsk:
    moves = {axis: _checked(body[axis], "axis value is invalid") for axis in _AXES if axis in body}
    if not moves:
        raise Invalid("at least one axis to jog must be given", code="no_axis")
    feed = _feed(body.get("speed"), min(SPEEDS[axis] for axis in moves))
    move = " ".join(["G0", *(f"{axis.upper()}{_number(value)}" for axis, value in moves.items()), *feed])
    lines = ["G90", move] if is_true(body.get("absolute", False)) else ["G91", move, "G90"]
    return SendGcode(lines=lines, when=When.NOT_PRINTING, keep_modes=True)


def _home(body: Body, _: PrinterState) -> PrinterAsk:
    axes = body["axes"]
    if not isinstance(axes, list | str) or any(axis not in _AXES for axis in axes):
        raise Invalid("axis is invalid", code="bad_axis")
    homed = " ".join(["G28", *(f"{axis.upper()}0" for axis in dict.fromkeys(axes))])
    return SendGcode(lines=["G91", homed, "G90"], when=When.NOT_PRINTING, keep_modes=True)


def _feed_rate(body: Body, _: PrinterState) -> PrinterAsk:
    return SendGcode(lines=[f"M220 S{_percent(body['factor'], *_FEED_RATES)}"])


def _flow_rate(body: Body, _: PrinterState) -> PrinterAsk:
    return SendGcode(lines=[f"M221 S{_percent(body['factor'], *_FLOW_RATES)}"])


def _select(body: Body, state: PrinterState) -> PrinterAsk:
    number = _tool(body["tool"], state)
    if number is None:
        raise Invalid("tool is invalid", code="bad_tool")
    return SendGcode(lines=[f"T{number}"], when=When.NOT_PRINTING)


def _extrude(body: Body, _: PrinterState) -> PrinterAsk:
    amount, speed = _checked(body["amount"], "amount is invalid"), body.get("speed")
    feed = min(SPEEDS["e"], _checked(speed, "speed is invalid")) if speed is not None else SPEEDS["e"]
    if feed <= 0:
        raise Invalid("speed is invalid", code="bad_value")
    lines = ["G91", "M83", f"G1 E{_number(amount)} F{_number(feed)}", "M82", "G90"]
    return SendGcode(lines=lines, when=When.NOT_PRINTING, keep_modes=True)


def _targets(body: Body, state: PrinterState) -> PrinterAsk:
    targets = _by_tool(body["targets"], state, "targets", _degrees)
    return SendGcode(lines=[_heat(f"tool{number}", value, state) for number, value in targets.items()])


def _offsets(body: Body, state: PrinterState) -> PrinterAsk:
    offsets = _by_tool(body["offsets"], state, "offsets", _offset)
    return OffsetTemperatures(offsets={f"tool{number}": value for number, value in offsets.items()})


def _target_of(heater: str) -> Make:
    return lambda body, state: SendGcode(
        lines=[_heat(heater, _degrees(body["target"], "target is invalid"), state)]
    )  # fmt: skip


def _offset_of(heater: str) -> Make:
    return lambda body, _: OffsetTemperatures(offsets={heater: _offset(body["offset"], "offset is invalid")})


def _card(line: str) -> Command:
    return Command(lambda *_: SendGcode(lines=[line], when=When.IDLE))


def _early_targets(body: Body, state: PrinterState) -> PrinterAsk:
    targets = _early(body["temps"], state, lambda name, value: _degrees(value, f"Not a number for {name}"))
    return SendGcode(lines=[_heat(heater, value, state) for heater, value in targets.items()])


def _early_offsets(body: Body, state: PrinterState) -> PrinterAsk:
    text = f"is not in the range of -{_LARGEST_OFFSET} to {_LARGEST_OFFSET}"
    return OffsetTemperatures(
        offsets=_early(body["offsets"], state, lambda name, value: _offset(value, f"The offset of {name} {text}"))
    )


Commands = Mapping[str, Command]
PRINT_HEAD: Commands = MappingProxyType(
    {
        "jog": Command(_jog, at_rest=True),
        "home": Command(_home, "axes", at_rest=True),
        "feedrate": Command(_feed_rate, "factor"),
    }
)
TOOL: Commands = MappingProxyType(
    {
        "select": Command(_select, "tool", at_rest=True),
        "target": Command(_targets, "targets"),
        "offset": Command(_offsets, "offsets"),
        "extrude": Command(_extrude, "amount", at_rest=True),
        "flowrate": Command(_flow_rate, "factor"),
    }
)
BED: Commands = MappingProxyType(
    {"target": Command(_target_of("bed"), "target"), "offset": Command(_offset_of("bed"), "offset")}
)
CHAMBER: Commands = MappingProxyType(
    {"target": Command(_target_of("chamber"), "target"), "offset": Command(_offset_of("chamber"), "offset")}
)
CARD: Commands = MappingProxyType({"init": _card("M21"), "refresh": _card("M20"), "release": _card("M22")})
# as they were called in December 2013
HEATER: Commands = MappingProxyType(
    {"temp": Command(_early_targets, "temps"), "offset": Command(_early_offsets, "offsets")}
)
FEEDER: Commands = MappingProxyType({"extrude": Command(_extrude, "amount", at_rest=True)})


def _heat(heater: str, degrees: float, state: PrinterState) -> str:
    number = heater.removeprefix("tool")
    forms = {"bed": "M140", "chamber": "M141"}
    form = forms.get(heater) or (f"M104 T{number}" if state.tools > 1 else "M104")
    return f"{form} S{_number(degrees)}"


def _by_tool(
    values: Any, state: PrinterState, member: str, check: Callable[[Any, str], float]
) -> dict[int, float]:  # fmt: skip
    if not isinstance(values, dict):
        raise Invalid(f"{member} is invalid", code="bad_value")
    checked = {}
    for name, value in values.items():
        number = _tool(name, state)
        if number is None:
            raise Invalid(f"{member} contains invalid tool", code="bad_tool")
        checked[number] = check(value, f"{member} contains invalid value")
    return checked


def _early(values: Any, state: PrinterState, check: Callable[[str, Any], float]) -> dict[str, float]:
    """By our names of the heaters, from `hotend` and `bed`."""
    names = {"hotend": "tool0"} | ({"bed": "bed"} if state.heated_bed else {})
    if not isinstance(values, dict) or any(name not in names for name in values):
        raise Invalid("Invalid target for setting temperature", code="bad_heater")
    return {names[name]: check(name, value) for name, value in values.items()}


def _tool(name: Any, state: PrinterState) -> int | None:
    """The number in `tool1`, of a tool that the printer has."""
    return next((number for number in range(state.tools) if name == f"tool{number}"), None)


def _feed(speed: Any, usual: float) -> list[str]:
    """`F…` in mm/min; nothing when the client says `false` or 0."""
    if speed is None:
        return [f"F{_number(usual)}"]
    if isinstance(speed, bool) or speed == 0:
        return []
    feed = _checked(speed, "speed is invalid")
    if feed < 0:
        raise Invalid("speed is invalid", code="bad_value")
    return [f"F{_number(feed)}"]


def _percent(factor: Any, least: int, most: int) -> int:
    """A whole number is percent, a fraction is a share of one, as OctoPrint tells them apart."""
    value = _checked(factor, "factor is invalid")
    percent = round(value * 100) if isinstance(factor, float) else int(value)
    if not least <= percent <= most:
        raise Invalid("factor is invalid", code="bad_value")
    return percent


def _degrees(value: Any, text: str) -> float:
    degrees = _checked(value, text)
    if not 0 <= degrees <= _HOTTEST:
        raise Invalid(text, code="bad_value")
    return degrees


def _offset(value: Any, text: str) -> float:
    offset = _checked(value, text)
    if not -_LARGEST_OFFSET <= offset <= _LARGEST_OFFSET:
        raise Invalid(text, code="bad_value")
    return offset


def _checked(value: Any, text: str) -> float:
    """A number that can stand in a line. Raises `Invalid` with OctoPrint's text for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -_LARGEST <= value <= _LARGEST:
        raise Invalid(text, code="bad_value")
    return value


def _number(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".") if value else "0"
