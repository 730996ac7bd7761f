"""What goes over a printer's line, for those who want to read along: kept only while somebody does, and bounded.

The path of an `ok` pays one look at `wanted` when nobody reads, and one append when somebody does; text is made of it
at the readers' pace, of the newest lines alone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator

LINES = 300  # in one message
LONGEST_LINE = 250  # characters
LONGEST_LEASE = 60.0  # seconds
LEFT_OUT = "[...]"

_SENT, _RECEIVED = "Send: ", "Recv: "


class TerminalLog:
    """`asked` is set while `wanted` is true: from `follow` until the time is over, which `take` finds out."""

    def __init__(self) -> None:
        self.wanted = False
        self.asked = asyncio.Event()
        self._until = 0.0
        self._pieces: deque[tuple[str, list[bytes]]] = deque(maxlen=LINES)

    def follow(self, seconds: float, now: float) -> float:
        """Keep what comes for so long from `now`, or longer when that was said before; the seconds that it will be."""
        self._until = max(self._until, now + max(0.0, min(seconds, LONGEST_LEASE)))
        self.wanted = True
        self.asked.set()
        return self._until - now

    def sent(self, data: bytes) -> None:
        """These lines were written; only to be called while `wanted`."""
        self._pieces.append((_SENT, data.splitlines()))

    def received(self, lines: list[bytes]) -> None:
        """These lines came; only to be called while `wanted`."""
        self._pieces.append((_RECEIVED, lines))

    def take(self, now: float) -> list[str]:
        """The newest lines since the last time, oldest first; `[...]` stands for those that did not fit."""
        pieces, self._pieces = self._pieces, deque(maxlen=LINES)
        if now >= self._until:
            self.wanted = False
            self.asked.clear()
        newest: list[str] = []
        for line in _newest_first(pieces):
            if len(newest) == LINES:
                newest[-1] = LEFT_OUT
                return newest[::-1]
            newest.append(line)
        if len(pieces) == LINES:
            newest[-1:] = [LEFT_OUT]
        return newest[::-1]


def _newest_first(pieces: deque[tuple[str, list[bytes]]]) -> Iterator[str]:
    for prefix, lines in reversed(pieces):
        for line in reversed(lines):
            text = line.strip()
            if text:
                yield (prefix + text.decode("ascii", "backslashreplace"))[:LONGEST_LINE]
