"""What holds beyond a line: positions, modes, tool, feed rate, fan and temperatures, followed from acknowledged lines.

A print is nearly all `G1`, of which only the last known position is ever asked for. So plain moves are only collected,
and read backwards, a few lines, when somebody asks or when a line comes that changes how they are to be read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from services.printer_controller.gcode import code_of, words_of

_AXES = (b"X", b"Y", b"Z")
_SETTABLE = (*_AXES, b"E")
_PLAIN = (b"G1 ", b"G0 ", b"G2 ", b"G3 ")
_COLLECTED = 512  # moves; reading them all takes a millisecond
_MOVES = frozenset({b"G0", b"G1", b"G2", b"G3", b"G5"})
_INCH = 25.4


@dataclass(frozen=True)
class Modal:
    """Positions in millimetres, null while unknown; `feedrate` in mm/min; `fan` 0..255; targets in °C by heater.

    `e` is null while the extruder is moved by relative amounts: nobody needs to restore it then.
    """

    x: float | None = None
    y: float | None = None
    z: float | None = None
    e: float | None = None
    feedrate: float | None = None
    relative: bool = False
    extruder_relative: bool = False
    inches: bool = False
    tool: int = 0
    fan: int = 0
    targets: dict[str, float] = field(default_factory=dict)

    @property
    def place(self) -> dict[str, float | None]:
        """Where the printer stands, in the words of OctoPrint's events: `f` in mm/min, `t` the tool."""
        return {"x": self.x, "y": self.y, "z": self.z, "e": self.e, "f": self.feedrate, "t": self.tool}


class ModalFollower:
    """Follows lines in the order in which the printer acknowledged them."""

    def __init__(self, modal: Modal | None = None) -> None:
        self._modal = modal or Modal()
        self._moves: list[bytes] = []

    def follow(self, lines: Sequence[bytes]) -> None:
        """These lines were acknowledged."""
        moves = self._moves
        for line in lines:
            if line.startswith(_PLAIN):
                if b"Z" in line or b"F" in line:
                    self._settle()
                    moves = self._moves
                    self._move(line)
                else:
                    moves.append(line)
            else:
                self._other(line)
                moves = self._moves
        if len(moves) > _COLLECTED:
            self._settle()

    @property
    def tool(self) -> int:
        """The tool in use."""
        return self._modal.tool

    def snapshot(self) -> Modal:
        """What holds now."""
        self._settle()
        return self._modal

    def _settle(self) -> None:
        """Read the collected moves: absolute ones backwards until each axis was met, relative ones all."""
        moves, self._moves = self._moves, []
        if not moves:
            return
        if self._modal.relative:
            for line in moves:
                self._move(line)
            return
        self._place(_newest(moves, {b"X", b"Y", b"E"}))

    def _other(self, line: bytes) -> None:
        code = code_of(line)
        if code in _MOVES:
            self._settle()
            self._move(line)
        elif code[:1] == b"T" or code in _RULES:
            self._settle()
            words = words_of(line)
            rule = _RULES.get(code)
            self._modal = rule(self._modal, words) if rule else replace(self._modal, tool=int(code[1:]))

    def _move(self, line: bytes) -> None:
        words = {letter: value for letter, value in words_of(line).items() if value is not None}
        if b"F" in words:
            self._modal = replace(self._modal, feedrate=words[b"F"] * (_INCH if self._modal.inches else 1.0))
        self._place(words)

    def _place(self, words: dict[bytes, float]) -> None:
        modal = self._modal
        scale = _INCH if modal.inches else 1.0
        known = {b"X": modal.x, b"Y": modal.y, b"Z": modal.z}
        for axis, before in known.items():
            if axis in words:
                known[axis] = _moved(before, words[axis] * scale, modal.relative)
        e = _moved(modal.e, words[b"E"] * scale, False) if b"E" in words else modal.e
        if modal.extruder_relative or modal.relative:
            e = None
        self._modal = replace(modal, x=known[b"X"], y=known[b"Y"], z=known[b"Z"], e=e)


def _moved(before: float | None, step: float, relative: bool) -> float | None:
    if not relative:
        return step
    return None if before is None else before + step


def _newest(moves: list[bytes], letters: set[bytes]) -> dict[bytes, float]:
    """The last value of each letter, read backwards until all were met."""
    found: dict[bytes, float] = {}
    missing = set(letters)
    for line in reversed(moves):
        if not any(letter in line for letter in missing):
            continue
        for letter, value in words_of(line).items():
            if letter in missing and value is not None:
                missing.discard(letter)
                found[letter] = value
        if not missing:
            break
    return found


Words = dict[bytes, float | None]


def _home(modal: Modal, words: Words) -> Modal:
    """Where an axis ends after homing depends on the machine, so it is unknown until the next move of it."""
    homed = [axis for axis in _AXES if axis in words] or list(_AXES)
    return replace(modal, **{axis.decode().lower(): None for axis in homed})  # type: ignore[arg-type]


def _set_position(modal: Modal, words: Words) -> Modal:
    scale = _INCH if modal.inches else 1.0
    named = {axis: words[axis] for axis in _SETTABLE if axis in words} or dict.fromkeys(_SETTABLE, 0.0)
    values = {axis.decode().lower(): (value or 0.0) * scale for axis, value in named.items()}
    return replace(modal, **values)  # type: ignore[arg-type]


def _heat(heater: str | None) -> Callable[[Modal, Words], Modal]:
    def heated(modal: Modal, words: Words) -> Modal:
        target = words.get(b"S", words.get(b"R"))
        if target is None:
            return modal
        tool = words.get(b"T")
        name = heater or f"tool{modal.tool if tool is None else int(tool)}"
        return replace(modal, targets={**modal.targets, name: target})

    return heated


def _fan(modal: Modal, words: Words) -> Modal:
    if words.get(b"P"):
        return modal  # another fan than the part cooling one
    speed = words.get(b"S")
    return replace(modal, fan=255 if speed is None else max(0, min(255, int(speed))))


def _fan_off(modal: Modal, words: Words) -> Modal:
    return modal if words.get(b"P") else replace(modal, fan=0)


# `G90` and `G91` leave the extruder's own mode as it is, as Prusa's and Marlin's older firmware do; newer Marlin
# resets it, and files made for it say `M82` or `M83` again.
_RULES: dict[bytes, Callable[[Modal, Words], Modal]] = {
    b"G20": lambda modal, _: replace(modal, inches=True),
    b"G21": lambda modal, _: replace(modal, inches=False),
    b"G28": _home,
    b"G90": lambda modal, _: replace(modal, relative=False),
    b"G91": lambda modal, _: replace(modal, relative=True),
    b"G92": _set_position,
    b"M82": lambda modal, _: replace(modal, extruder_relative=False),
    b"M83": lambda modal, _: replace(modal, extruder_relative=True),
    b"M104": _heat(None),
    b"M109": _heat(None),
    b"M106": _fan,
    b"M107": _fan_off,
    b"M140": _heat("bed"),
    b"M190": _heat("bed"),
    b"M141": _heat("chamber"),
    b"M191": _heat("chamber"),
}
