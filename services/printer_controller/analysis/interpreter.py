"""Reads the commands of a file: plain moves by the thousand, everything else through the table of commands."""

from __future__ import annotations

import re

from services.printer_controller.analysis.commands import COMMANDS, State, change_tool
from services.printer_controller.analysis.machine import Machine
from services.printer_controller.gcode import BadLine, code_of, command_of, words_of

HIGHEST = 1e6  # mm, °C, seconds …: no word of a real file is beyond, and what is, is left out
LONGEST_LINE = 1_024  # bytes, with comment

_NUMBER = rb"(-?(?:\d{0,6}\.\d{1,12}|\d{1,6}))"
# Nearly all lines are moves as slicers write them: they are taken apart here. Comments and white space give empty
# strings; whatever is written in another way comes whole, as the last one.
_LINES = re.compile(
    rb"G[01](?: F%b)?(?: X%b)?(?: Y%b)?(?: Z%b)?(?: E%b)?(?: F%b)?[ \t]*(?:;[^\n]*)?\r?\n|;[^\n]*\n|\s+|([^\n]*\n)"
    % ((_NUMBER,) * 6)
)


class Interpreter:
    """Follows a file from its first line; `refused` counts lines that no printer could be sent."""

    def __init__(self, machine: Machine) -> None:
        self.state = State(machine)
        self.refused = 0

    def follow(self, block: bytes) -> None:
        """The next whole lines of the file."""
        go = self.state.course.go
        for f, x, y, z, e, last_f, other in _LINES.findall(block):
            if x or y or e or z:
                feed = f or last_f
                go(
                    float(x) if x else None,
                    float(y) if y else None,
                    float(z) if z else None,
                    float(e) if e else None,
                    float(feed) if feed else None,
                )
            elif other:
                self._other(other)
            elif f or last_f:
                go(None, None, None, None, float(f or last_f))

    def _other(self, line: bytes) -> None:
        try:
            text = command_of(line) if len(line) <= LONGEST_LINE else command_of(line.partition(b";")[0])
        except BadLine:
            self.refused += 1
            return
        code = code_of(text)
        command = COMMANDS.get(code)
        if command is not None:
            command(self.state, _sensible(words_of(text)))
        elif code[:1] == b"T":
            change_tool(self.state, int(code[1:]))


def _sensible(words: dict[bytes, float | None]) -> dict[str, float | None]:
    """The words by letter, without the numbers that cannot be meant."""
    return {letter.decode(): value for letter, value in words.items() if value is None or -HIGHEST <= value <= HIGHEST}
