"""How the remaining time runs through a file, as a bounded number of marks: told by `M73`, or computed from moves."""

from __future__ import annotations

import re

from services.printer_controller.analysis.result import Mark

MOST_MARKS = 2_000
_WORD = re.compile(rb"([A-Z])(\d{1,6}(?:\.\d{1,6})?)(?![\d.])")


class FirmwareMarks:
    """`M73 P<percent> R<minutes left>` at their places; `Q` and `S`, of the silent mode, are left alone."""

    def __init__(self) -> None:
        self._told: list[tuple[int, float | None, float | None]] = []
        self._step = 1
        self._count = 0

    def add(self, position: int, words: bytes) -> None:
        """One `M73` at a byte of the file, with what stands behind it."""
        given = {letter: float(number) for letter, number in _WORD.findall(words.partition(b";")[0])}
        percent, minutes = given.get(b"P"), given.get(b"R")
        if percent is None and minutes is None:
            return
        if self._count % self._step == 0:
            self._told.append((position, percent, None if minutes is None else minutes * 60.0))
            if len(self._told) > MOST_MARKS:
                self._told = self._told[::2]
                self._step *= 2
        self._count += 1

    def first_left(self) -> float | None:
        """The seconds that the first one promises."""
        return next((left for _, _, left in self._told if left), None)

    def marks(self, size: int, total: float | None) -> tuple[Mark, ...]:
        """Marks up to the end of a file of `size` bytes; empty where there are too few to go by.

        Where only a percentage is told, it is one of `total` seconds. The remaining time never rises again.
        """
        found: list[Mark] = []
        for position, percent, left in self._told:
            if left is None:
                left = None if total is None or percent is None else total * (1.0 - min(percent, 100.0) / 100.0)
            if left is not None and position < size and (not found or left < found[-1].left):
                found.append(Mark(position, round(left, 1)))
        return (*found, Mark(size, 0.0)) if len(found) > 1 else ()


class Timeline:
    """The computed time at some places of the file."""

    def __init__(self) -> None:
        self._passed: list[tuple[int, float]] = [(0, 0.0)]

    def add(self, position: int, seconds: float) -> None:
        """Up to that byte, the file takes that long."""
        if seconds > self._passed[-1][1]:
            self._passed.append((position, seconds))
            if len(self._passed) > MOST_MARKS:
                self._passed = [self._passed[0], *self._passed[2::2]]

    def marks(self, size: int, own: float, total: float) -> tuple[Mark, ...]:
        """Marks over a file of `size` bytes for which `own` seconds were computed and `total` are believed."""
        if own <= 0.0:
            return ()
        scale = total / own
        passed = [(position, seconds) for position, seconds in self._passed if position < size and seconds < own]
        return (*(Mark(position, round((own - seconds) * scale, 1)) for position, seconds in passed), Mark(size, 0.0))
