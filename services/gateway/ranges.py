"""Which bytes of a file a request wants: RFC 9110's preconditions and single ranges, as pure rules over headers."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ONE_RANGE = re.compile(r"bytes=[ \t]*(\d{0,19})-(\d{0,19})[ \t]*", re.IGNORECASE)
_ENTITY_TAG = re.compile(r'(?:W/)?("[^"]*")')


@dataclass(frozen=True)
class Wanted:
    """The status of the answer, and which bytes go with it: `start` up to, not including, `end`."""

    status: int
    start: int = 0
    end: int = 0


def wanted(*, size: int, tag: str, if_none_match: str, range_header: str, if_range: str) -> Wanted:
    """What a GET of `size` bytes with the entity tag `tag` (quoted) is answered: 200, 206, 304 or 416.

    Several ranges at once, other units and ranges of another version are answered with the whole (RFC 9110, 14.2).
    """
    if if_none_match and (if_none_match.strip() == "*" or tag in _ENTITY_TAG.findall(if_none_match)):
        return Wanted(304)
    whole = Wanted(200, 0, size)
    asked = _ONE_RANGE.fullmatch(range_header.strip())
    if asked is None or (if_range and if_range.strip() != tag):
        return whole
    first, last = asked[1], asked[2]
    if not first and not last:
        return whole
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return whole
    return Wanted(206, start, end) if start < end else Wanted(416)
