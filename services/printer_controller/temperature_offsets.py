"""Degrees that are added to the targets in a print file, as OctoPrint does: never to a heater that is switched off."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from services.printer_controller.gcode import code_of, words_of
from services.printer_controller.print_lines import Entry

MOST = 50.0  # °C, either way

_TOOL = frozenset({b"M104", b"M109"})
_OTHERS = {b"M140": "bed", b"M190": "bed", b"M141": "chamber", b"M191": "chamber"}
_TARGET = re.compile(rb"([SR]) *([-+]?(?:\d+\.?\d*|\.\d+))")
_M = ord("M")


def with_offset(text: bytes, offsets: Mapping[str, float], tool: Callable[[], int]) -> bytes:
    """The command with its target moved by the heater's offset; `tool` answers the tool in use, asked when needed."""
    code = code_of(text)
    if code in _TOOL:
        named = words_of(text).get(b"T")
        heater = f"tool{tool() if named is None else int(named)}"
    elif code in _OTHERS:
        heater = _OTHERS[code]
    else:
        return text
    offset = offsets.get(heater, 0.0)
    found = _TARGET.search(text, len(code))
    if not offset or found is None or float(found[2]) <= 0:
        return text
    moved = max(0.0, float(found[2]) + offset)
    return text[: found.start()] + found[1] + _number(moved) + text[found.end() :]


def moved_lines(
    take: Callable[[], Entry | None], offsets: Mapping[str, float], tool: Callable[[], int]
) -> Callable[[], Entry | None]:
    """The lines of a file from `take` with these offsets; without any, `take` itself."""
    if not any(offsets.values()):
        return take

    def taken() -> Entry | None:
        entry = take()
        if entry is None or entry[0][0] != _M:
            return entry
        text, line, position = entry
        return with_offset(text, offsets, tool), line, position

    return taken


def _number(value: float) -> bytes:
    return f"{value:.2f}".rstrip("0").rstrip(".").encode()
