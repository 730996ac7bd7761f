"""What a command is: a function of the board and the rest of its line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..firmware import Firmware

Waiting = Iterator[float]
"""A command under way: it gives the time at which it wants to be resumed (it may be resumed earlier), until it ends."""

Handler = Callable[["Firmware", str], Waiting | None]
"""Does a command at `board.now`. None: done, answer ok. Otherwise the ok follows when the waiting ends."""


def done(_board: Firmware, _argument: str) -> None:
    """Known, accepted, without effect here."""


def moves_finished(board: Firmware) -> Waiting:
    """Wait until the planner is empty; that it then is dry is the firmware's own wish."""
    board.planner.advance(board.now)
    while board.planner.busy:
        yield board.planner.next_end()


def passed(board: Firmware, seconds: float) -> Waiting:
    """Wait `seconds` of printer time, or until the wait is cancelled (M108)."""
    end = board.now + (seconds / board.options.speed if board.options.speed else 0.0)
    while board.now < end and not board.cancelled:
        yield end
