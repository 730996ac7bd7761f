"""What stands on the wire: a line from the printer becomes a value, a command becomes a numbered line with checksum.

The forms are those of Marlin and its relatives (Prusa, Repetier, Smoothieware); everything else is `Unknown`, never an
error. `ok` alone is by far the most frequent line and is compared by the session before it comes here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from operator import xor

LONGEST_REPLY = 4096  # bytes; a longer line is noise, as of a wrong baud rate

Report = dict[str, tuple[float, float | None]]  # `T` (the tool in use), `T0`…, `B`, `C` → actual and target, °C


@dataclass(frozen=True, slots=True)
class Ok:
    """A line was done. With Marlin's ADVANCED_OK its number and the free places; after `M105` the temperatures."""

    line: int | None = None
    planner_free: int | None = None
    buffer_free: int | None = None
    temperatures: Report | None = None


@dataclass(frozen=True, slots=True)
class Resend:
    """The printer expects `line` next and has thrown away what came instead."""

    line: int


@dataclass(frozen=True, slots=True)
class Busy:
    """A command takes long; the printer says so every two seconds (Marlin's HOST_KEEPALIVE)."""

    reason: str


@dataclass(frozen=True, slots=True)
class Wait:
    """The printer has nothing to do."""


@dataclass(frozen=True, slots=True)
class Temperatures:
    """A report that nobody asked for by `M105`: auto-report, or while waiting for a heater."""

    report: Report


@dataclass(frozen=True, slots=True)
class Position:
    """The answer to `M114`: where the printer is, in mm."""

    x: float
    y: float
    z: float
    e: float


@dataclass(frozen=True, slots=True)
class Start:
    """The banner of a board that has just started."""


@dataclass(frozen=True, slots=True)
class Echo:
    """Something to read."""

    text: str


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """`fatal`: the printer has stopped itself. `of_the_wire`: the reason of a resend, nothing to tell anybody."""

    text: str
    fatal: bool = False
    of_the_wire: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """`// action:<name>`: the printer asks its host for something."""

    name: str


@dataclass(frozen=True, slots=True)
class SdStatus:
    """About the card: `ready`, `gone`, `list_begins`, `list_ends` or `other`."""

    what: str


@dataclass(frozen=True, slots=True)
class FirmwareInfo:
    """The first line of the answer to `M115`."""

    text: str


@dataclass(frozen=True, slots=True)
class Capability:
    """One `Cap:` line of the answer to `M115`."""

    name: str
    present: bool


@dataclass(frozen=True, slots=True)
class Unknown:
    """A line without meaning for us."""

    line: bytes = field(repr=False)


Received = (
    Ok | Resend | Busy | Wait | Temperatures | Position | Start | Echo | ErrorLine | Action | SdStatus | FirmwareInfo
    | Capability | Unknown
)  # fmt: skip

OK = Ok()
WAIT = Wait()
START = Start()

_PLACES = re.compile(rb" ([NPB])(\d{1,9})(?![\d.:/])")
_HEATER = re.compile(rb"(?<![A-Za-z@])(T\d{0,2}|B|C): ?(-?\d{1,5}(?:\.\d+)?)(?: ?/ ?(-?\d{1,5}(?:\.\d+)?))?")
_RESEND = re.compile(rb"(?:[Rr]esend|rs)(?:: ?| )?N?(\d{1,9})(?:\D|$)")
_POSITION = re.compile(rb"X: ?(-?\d+(?:\.\d+)?) Y: ?(-?\d+(?:\.\d+)?) Z: ?(-?\d+(?:\.\d+)?) E: ?(-?\d+(?:\.\d+)?)")
_ACTION = re.compile(rb"// ?action: ?([a-z_ ]{1,64})")
_NOISE = bytes(set(range(256)) - set(range(0x20, 0x7F)))

_FATAL = (
    "kill() called", "halted", "thermal runaway", "heating failed", "mintemp", "maxtemp", "min temp", "max temp",
    "stopped due to errors", "fatal",
)  # fmt: skip
_OF_THE_WIRE = ("line number", "checksum", "expected line", "format error")

_SD = {
    b"SD card ok": "ready",
    b"SD init fail": "gone",
    b"SD card released": "gone",
    b"No SD card": "gone",
    b"No media": "gone",
    b"Begin file list": "list_begins",
    b"End file list": "list_ends",
    b"SD printing byte": "other",
    b"Not SD printing": "other",
    b"File opened": "other",
    b"File selected": "other",
    b"Writing to file": "other",
    b"Done printing file": "other",
    b"Done saving file": "other",
}


def encode(number: int, text: bytes) -> bytes:
    """`N<number> <text>*<checksum>` and a newline; the checksum is the exclusive or of all bytes before the `*`.

    The bytes are combined by folding one long integer in halves, which is faster than a loop over them.
    """
    body = b"N%d %b" % (number, text)
    if len(body) > 64:
        return b"%b*%d\n" % (body, reduce(xor, body))
    folded = int.from_bytes(body, "little")
    folded ^= folded >> 256
    folded ^= folded >> 128
    folded ^= folded >> 64
    folded ^= folded >> 32
    folded ^= folded >> 16
    return b"%b*%d\n" % (body, (folded ^ folded >> 8) & 0xFF)


def decode(line: bytes) -> Received:
    """The meaning of one received line, given without its newline; bytes that no firmware prints are left out."""
    text = line.translate(None, _NOISE).strip()
    if not text:
        return Unknown(line)
    reader = _READERS.get(text[:1])
    return (reader(text) if reader is not None else None) or _sd(text) or _heaters(text) or Unknown(line)


def _ok(text: bytes) -> Received | None:
    if text == b"ok":
        return OK
    if not text.startswith(b"ok "):
        return None
    places = {letter: int(number) for letter, number in _PLACES.findall(text)}
    return Ok(places.get(b"N"), places.get(b"P"), places.get(b"B"), _report(text) or None)


def _resend(text: bytes) -> Received | None:
    found = _RESEND.match(text)
    return Resend(int(found[1])) if found else None


def _error(text: bytes) -> Received | None:
    if text[:2] != b"!!" and text[:6].lower() != b"error:":
        return None
    said = text[2:].strip() if text[:2] == b"!!" else text[6:].strip()
    words = said.decode("ascii")
    lower = words.lower()
    if any(word in lower for word in _OF_THE_WIRE):
        return ErrorLine(words, of_the_wire=True)
    return ErrorLine(words, fatal=text[:2] == b"!!" or any(word in lower for word in _FATAL))


def _echo(text: bytes) -> Received | None:
    if not text.startswith(b"echo:"):
        return _error(text)
    said = text[5:].strip()
    return _busy(said) or _sd(said) or Echo(said.decode("ascii"))


def _busy(text: bytes) -> Received | None:
    return Busy(text[5:].strip().decode("ascii")) if text.startswith(b"busy:") else None


def _action(text: bytes) -> Received | None:
    found = _ACTION.match(text)
    return Action(found[1].strip().decode("ascii")) if found else Echo(text[2:].strip().decode("ascii"))


def _firmware(text: bytes) -> Received | None:
    return FirmwareInfo(text.decode("ascii")) if text.startswith(b"FIRMWARE_NAME:") else None


def _capability(text: bytes) -> Received | None:
    if not text.startswith(b"Cap:"):
        return None
    name, _, present = text[4:].partition(b":")
    return Capability(name.decode("ascii"), present.strip() == b"1")


def _position(text: bytes) -> Received | None:
    found = _POSITION.match(text)
    return Position(*map(float, found.groups())) if found else None


def _exactly(word: bytes, meaning: Received) -> Callable[[bytes], Received | None]:
    return lambda text: meaning if text == word else None


def _sd(text: bytes) -> Received | None:
    return next((SdStatus(what) for start, what in _SD.items() if text.startswith(start)), None)


def _heaters(text: bytes) -> Received | None:
    report = _report(text) if text[:1] in (b"T", b"B", b"C") else None
    return Temperatures(report) if report else None


def _report(text: bytes) -> Report:
    return {
        name.decode("ascii"): (float(actual), float(target) if target else None)
        for name, actual, target in _HEATER.findall(text)
    }


_READERS: dict[bytes, Callable[[bytes], Received | None]] = {
    b"o": _ok,
    b"R": _resend,
    b"r": _resend,
    b"e": _echo,
    b"E": _error,
    b"!": _error,
    b"b": _busy,
    b"w": _exactly(b"wait", WAIT),
    b"s": _exactly(b"start", START),
    b"/": _action,
    b"F": _firmware,
    b"C": _capability,
    b"X": _position,
}
