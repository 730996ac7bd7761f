"""Which commands a file holds beside its moves, and on which line each stands first."""

from __future__ import annotations

import re

from services.printer_controller.denied import commands_in

MOST_COMMANDS = 500  # that are told apart; no firmware knows as many
_LONGEST = 500  # bytes read of a line
_NOT_ONLY_A_MOVE = re.compile(rb"\n(?!G[0-3][ \t][^;\nMm]*[;\n]|;|\r?\n)([^;\n]+)")


class Census:
    """Fed with blocks of whole lines, in order; `first_lines` is by command (`M104`), lines count from 1."""

    def __init__(self) -> None:
        self.first_lines: dict[str, int] = {}
        self._lines = 0

    def add(self, block: bytes, left_out: int) -> None:
        """The next block; `left_out` lines were left out of the file before it ends."""
        text = b"\n" + block
        begins, line = 0, self._lines + left_out
        for match in _NOT_ONLY_A_MOVE.finditer(text):
            line += text.count(b"\n", begins, match.start() + 1)
            begins = match.start() + 1
            for command in commands_in(match[1][:_LONGEST]):
                if len(self.first_lines) < MOST_COMMANDS:
                    self.first_lines.setdefault(command.decode(), line)
        self._lines += block.count(b"\n")
