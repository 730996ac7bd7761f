"""Reads how long something takes, as slicers write it."""

from __future__ import annotations

import re

_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(d|h|m|s)")
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d{2})(?:\.\d+)?\s*$")
_PLAIN = re.compile(r"(\d+(?:\.\d+)?)\s*$")
_SECONDS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}
LONGEST = 365 * 86_400.0


def seconds_of(text: str) -> float | None:
    """Seconds of `1d 2h 3m 4s`, `1 hour 20 minutes`, `01:20:00` or `4800`; null where it is none of them.

    Nothing and more than a year are null too: no print takes that long, and a slicer that says so did not know.
    """
    text = text.strip().lower()[:100]
    if plain := _PLAIN.match(text):
        seconds = float(plain[1])
    elif clock := _CLOCK.match(text):
        seconds = int(clock[1] or 0) * 3_600.0 + int(clock[2]) * 60.0 + int(clock[3])
    else:
        seconds = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
    return seconds if 0 < seconds <= LONGEST else None
