"""Which lines of the terminal a listener wants: a pattern in a part of the language of regular expressions. Pure.

A pattern of somebody else's runs for everybody's listeners in one event loop, and a full regular expression can take
hours for one line. So of repetitions there is only `.*`, and no groups: what is left takes time in proportion to the
line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

LONGEST = 200  # characters of a pattern

_TOKEN = re.compile(r"\\.|\[\^?\]?[^\]]*\]|\.\*|.", re.DOTALL)
_REFUSED = frozenset("*+?{()")

Alternative = tuple[re.Pattern[str], ...]  # found one behind the other


@dataclass(frozen=True, slots=True)
class LineFilter:
    """Two of the same text are the same filter."""

    pattern: str
    _alternatives: tuple[Alternative, ...] = field(repr=False, compare=False)

    def takes(self, line: str) -> bool:
        """Whether the pattern is found in the line."""
        return any(_found(alternative, line) for alternative in self._alternatives)


Lines = bool | LineFilter


def parse(value: object) -> Lines:
    """The lines that `true`, `false` or a pattern stand for. Raises `ValueError` for everything else."""
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or len(value) > LONGEST:
        raise ValueError("neither a boolean nor a short pattern")
    try:
        return LineFilter(value, tuple(_compiled(part) for part in _alternatives(value)))
    except re.error:
        raise ValueError("not a pattern") from None


def chosen(lines: list[str], wanted: Lines) -> list[str]:
    """Those of the lines that are wanted."""
    if isinstance(wanted, bool):
        return lines if wanted else []
    return [line for line in lines if wanted.takes(line)]


def _alternatives(pattern: str) -> list[list[str]]:
    """The pattern cut at `|`, and each part at `.*`."""
    parts = [[""]]
    for piece in _TOKEN.findall(pattern):
        if piece in _REFUSED:
            raise ValueError(f"{piece} is not taken")
        if piece == "|":
            parts.append([""])
        elif piece == ".*":
            parts[-1].append("")
        else:
            parts[-1][-1] += piece
    return parts


def _compiled(pieces: list[str]) -> Alternative:
    return tuple(re.compile(piece) for piece in pieces)


def _found(alternative: Alternative, line: str) -> bool:
    start = 0
    for piece in alternative:
        match = piece.search(line, start)
        if match is None:
            return False
        start = match.end()
    return True
