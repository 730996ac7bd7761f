"""G-code as text: what of a raw line may go to the printer, and the words of a command."""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST_COMMAND = 256  # bytes; Marlin keeps 96, others more; nothing sensible is longer

_WORD = re.compile(rb"([A-Z])([-+]?(?:\d+\.?\d*|\.\d+))?")
_OWN_NUMBER = re.compile(rb"N\d+[ \t]*")
_OWN_CHECKSUM = re.compile(rb"\*\d*\s*$")
_CODE = re.compile(rb"([GMT]) *0*(\d+)")
_PRINTABLE = bytes(range(0x20, 0x7F)) + b"\t"

# Commands that are known to run for long without an answer: heating, homing, levelling, waiting for a person.
_LONG = frozenset(
    {
        b"G4", b"G12", b"G27", b"G28", b"G29", b"G30", b"G32", b"G33", b"G34", b"G35", b"G76", b"G80", b"G81", b"G425",
        b"M0", b"M1", b"M48", b"M109", b"M116", b"M190", b"M191", b"M192", b"M226", b"M303", b"M306", b"M600", b"M601",
        b"M701", b"M702", b"M997",
    }
)  # fmt: skip
_HEATING = frozenset({b"M109", b"M116", b"M190", b"M191", b"M192"})


class BadLine(ValueError):
    """A line that must not reach a printer; the message says why, without the line itself."""


def command_of(raw: bytes) -> bytes:
    """What of `raw` goes to the printer; empty where there is nothing to send.

    Comments, an own line number and checksum are removed, and `M110`, which would break our numbers. Bytes outside
    ASCII become `?`, as OctoPrint sends them. Raises `BadLine` for control bytes and for lines that are too long.
    """
    text = raw.partition(b";")[0].strip()
    if not text.isascii():
        text = text.decode("utf-8", "replace").encode("ascii", "replace")
    if text.translate(None, _PRINTABLE):
        raise BadLine("it holds control bytes: this is not G-code")
    if text[:1] == b"N" and (number := _OWN_NUMBER.match(text)):
        text = _OWN_CHECKSUM.sub(b"", text[number.end() :]).rstrip()
    if len(text) > LONGEST_COMMAND:
        raise BadLine(f"it is longer than {LONGEST_COMMAND} bytes")
    return b"" if text == b"%" or code_of(text) == b"M110" else text


def commands_of(lines: Iterable[str]) -> list[bytes]:
    """The commands of some lines, without those that are only comments. Raises `BadLine`."""
    return [text for line in lines if (text := command_of(line.encode()))]


def code_of(text: bytes) -> bytes:
    """`G1` of `G01 X5` and of `G1X5`; empty where the line begins otherwise."""
    found = _CODE.match(text)
    return found[1] + found[2] if found else b""


def words_of(text: bytes) -> dict[bytes, float | None]:
    """The words behind the code: `{b"X": 5.0, b"Y": None}` of `G28 X5 Y`."""
    found = _CODE.match(text)
    rest = text[found.end() :] if found else text
    return {letter: float(number) if number else None for letter, number in _WORD.findall(rest)}


def runs_long(text: bytes) -> bool:
    """Whether the printer may be silent for long while it does this; a tool change is one of them."""
    code = code_of(text)
    return code in _LONG or code[:1] == b"T"


def empties_buffers(text: bytes) -> bool:
    """Whether this is `M400`, done when the last move is: it may take long, and may be asked about early."""
    return code_of(text) == b"M400"


def waits_for_heat(text: bytes) -> bool:
    """Whether `M108` would end this command early."""
    return code_of(text) in _HEATING


def asks_temperatures(text: bytes) -> bool:
    """Whether this is `M105`, whose `ok` is told from all others by its temperatures."""
    return text[:4] == b"M105" and not text[4:5].isdigit()
