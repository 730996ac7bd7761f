"""Plans moves as the firmware does: a few blocks ahead, trapezoids of speed, and a note whenever it ran dry."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from math import sqrt
from typing import NamedTuple

from .counters import Counters
from .options import Options

NEVER = float("inf")
JUNCTION_DEVIATION = 0.013  # mm, Marlin's default


class Move(NamedTuple):
    """A straight path: its length (mm), its direction per axis, speed wished for (mm/s) and acceleration (mm/s²)."""

    length: float
    direction: tuple[float, ...]
    speed: float
    acceleration: float


class Block:
    """A move in the planner. Speeds are kept squared, as the look-ahead needs them; `ends` is set when it starts."""

    __slots__ = ("ends", "entry2", "highest_entry2", "move")

    def __init__(self, move: Move, highest_entry2: float) -> None:
        self.move = move
        self.highest_entry2 = highest_entry2
        self.entry2 = 0.0
        self.ends = NEVER


def trapezoid_seconds(length: float, entry: float, leave: float, cruise: float, acceleration: float) -> float:
    """How long `length` mm take from `entry` mm/s to `leave` mm/s with at most `cruise` mm/s between."""
    up = max(0.0, cruise * cruise - entry * entry) / (2 * acceleration)
    down = max(0.0, cruise * cruise - leave * leave) / (2 * acceleration)
    if up + down <= length:
        return (2 * cruise - entry - leave) / acceleration + (length - up - down) / cruise
    peak = sqrt(acceleration * length + (entry * entry + leave * leave) / 2)
    return max((2 * peak - entry - leave) / acceleration, length / max(peak, entry, leave))


def junction_speed2(before: Move, after: Move) -> float:
    """The square of the speed at which the corner between two moves may be taken (junction deviation)."""
    cosine = -sum(a * b for a, b in zip(before.direction, after.direction, strict=True))
    limit = min(before.speed, after.speed) ** 2
    if cosine < -0.999999:
        return limit
    if cosine > 0.999999:
        return 0.0
    sine_half = sqrt((1 - cosine) / 2)
    acceleration = min(before.acceleration, after.acceleration)
    return min(limit, acceleration * JUNCTION_DEVIATION * sine_half / (1 - sine_half))


class Planner:
    """A queue of blocks (one place stays empty, as in Marlin) that is worked off in time given from outside.

    With `options.move_seconds` every move takes that long instead of what its length and speed ask for.
    """

    def __init__(self, options: Options, counters: Counters) -> None:
        self._capacity = options.planner - 1
        self._speed = options.speed
        self._move_seconds = options.move_seconds
        self._counters = counters
        self._blocks: deque[Block] = deque()
        self._dry_since = NEVER

    @property
    def free(self) -> int:
        """Places for moves, as of the last `advance`."""
        return self._capacity - len(self._blocks)

    @property
    def busy(self) -> bool:
        """Whether a move is under way, as of the last `advance`."""
        return bool(self._blocks)

    def next_end(self) -> float:
        """When the move under way ends."""
        return self._blocks[0].ends if self._blocks else NEVER

    def advance(self, now: float) -> None:
        """Finish what is finished at `now` and start what follows, each at its own time."""
        blocks = self._blocks
        while blocks and blocks[0].ends <= now:
            ended = blocks.popleft().ends
            if blocks:
                self._begin(blocks[0], ended)
            else:
                self._dry_since = ended

    def add(self, move: Move, now: float) -> None:
        """Take a move; the caller has seen that a place is free."""
        self.advance(now)
        if self._dry_since < now:
            self._counters.starved_ms += (now - self._dry_since) * 1000
            self._counters.starved += 1
        self._dry_since = NEVER
        blocks = self._blocks
        entry2 = junction_speed2(blocks[-1].move, move) if blocks and self._move_seconds is None else 0.0
        blocks.append(Block(move, entry2))
        if len(blocks) == 1:
            self._begin(blocks[0], now)
        elif self._move_seconds is None:
            self._look_ahead(list(blocks)[1:])

    def settle(self) -> None:
        """The firmware itself let the planner run dry (M400, dwell, heating): no starvation."""
        self._dry_since = NEVER

    def stop(self) -> None:
        """Throw all moves away (M410, M112, reset)."""
        self._blocks.clear()
        self._dry_since = NEVER

    def _begin(self, block: Block, now: float) -> None:
        seconds = self._move_seconds
        if seconds is None:
            move = block.move
            leave2 = self._blocks[1].entry2 if len(self._blocks) > 1 else 0.0
            seconds = trapezoid_seconds(move.length, sqrt(block.entry2), sqrt(leave2), move.speed, move.acceleration)
        block.ends = now + seconds / self._speed

    @staticmethod
    def _look_ahead(waiting: Sequence[Block]) -> None:
        """Highest entry speeds from which each block can still brake; the first one's is fixed by the running block."""
        leave2 = 0.0
        for block in reversed(waiting[1:]):
            block.entry2 = leave2 = min(block.highest_entry2, leave2 + 2 * block.move.acceleration * block.move.length)
        for before, block in pairwise(waiting):
            block.entry2 = min(block.entry2, before.entry2 + 2 * before.move.acceleration * before.move.length)
