"""Which commands a printer must never be sent from files and people that are not trusted: pure rules over lines.

A line is looked at as the firmware may read it: in either case, with blanks and zeros before the number (Marlin's
parser), and with further commands on the same line (RepRapFirmware, comments in brackets, macros of `M810`).
"""

from __future__ import annotations

import re

from shared.settings import PrinterSettings

ADMIN = "admin"
NOTHING: frozenset[bytes] = frozenset()

_FIRST = re.compile(rb"[ \t]*(?:N\d+[ \t]*)?([A-Z][A-Z_]*)[ \t]*(?:0*(\d+))?")
_FURTHER = re.compile(rb"M[ \t]*0*(\d+)")
# What follows these is a text or a file name, in which `M500` is no command.
_TAKE_TEXT = frozenset(
    {b"M16", b"M20", b"M23", b"M30", b"M32", b"M33", b"M36", b"M98", b"M117", b"M118", b"M291", b"M486"}
)


def commands_in(text: bytes) -> list[bytes]:
    """The commands of a line without comment: `G1`, `M500`, `SAVE_CONFIG`; the one it begins with comes first."""
    line = text.upper()
    first = _FIRST.match(line)
    name = first[1] + (first[2] or b"") if first else b""
    found = [name] if name else []
    if (first and len(first[1]) > 1) or name in _TAKE_TEXT:
        return found
    return found + [command for number in _FURTHER.findall(line) if (command := b"M" + number) != name]


def find(text: bytes, denied: frozenset[bytes]) -> str | None:
    """The first command of the line that is among `denied`."""
    return next((command.decode() for command in commands_in(text) if command in denied), None)


def of_files(settings: PrinterSettings, *, by_admin: bool) -> frozenset[bytes]:
    """The commands that this printer is not sent from a file; `by_admin`: an administrator has uploaded it."""
    if settings.deny_from == "none" or (by_admin and settings.deny_from == "others"):
        return NOTHING
    return frozenset(commands_in(command.encode())[0] for command in settings.deny)


def of_caller(settings: PrinterSettings, role: str | None) -> frozenset[bytes]:
    """The commands that this printer is not sent for a caller of that role."""
    return of_files(settings, by_admin=role == ADMIN)


def in_file(line: int, command: str) -> str:
    """Why a file is not printed, or no further."""
    return f"line {line} of the file cannot be printed: {command} is on this printer's deny list"
