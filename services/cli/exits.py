"""What a command ends with: fixed exit codes, and one sentence for people."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of `jobwire`; scripts rely on them."""

    DONE = 0
    FAILED = 1
    WRONG_USE = 2
    NOT_REACHABLE = 3
    REFUSED = 4
    TIMED_OUT = 5


class CommandError(Exception):
    """A command cannot go on; the text is one sentence, `exit` the code that the process ends with."""

    def __init__(self, sentence: str, exit: Exit = Exit.FAILED) -> None:
        super().__init__(sentence)
        self.exit = exit
