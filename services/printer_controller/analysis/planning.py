"""Adds up how long moves take in a firmware that looks some blocks ahead: trapezoids of speed between corners.

Corners are taken as Marlin takes them (planner.cpp), by junction deviation or by jerk. The look-ahead is exact for a
planner that the host keeps full: a block's entry speed is the highest from which the blocks known by then can brake to
a stop. Two passes over many blocks at a time do what the firmware does again for each block.
"""

from __future__ import annotations

from itertools import accumulate
from math import sqrt

from services.printer_controller.analysis.machine import Axes, Machine

LOOK_AHEAD = 14  # blocks known behind the one that begins: Marlin has 16, one stays empty, one is under way
BATCH = 1_024
STRAIGHT_ON = -0.999999
BACKWARDS = 0.999999
SLOWEST = 0.1  # mm/s
LEAST_ACCELERATION = 1.0  # mm/s²

Direction = tuple[float, float, float, float]


class Planner:
    """`seconds` is the time of all blocks that are settled; `settle` or `stop` bring it up to date."""

    def __init__(self, machine: Machine) -> None:
        self.seconds = 0.0
        self.speeds = machine.speeds
        self.accelerations = machine.accelerations
        self.printing = machine.printing
        self.travel = machine.travel
        self.retracting = machine.retracting
        self.junction_deviation = machine.junction_deviation
        self.jerks = machine.jerks
        self._before: Direction | None = None
        self._speed_before = 0.0
        self._acceleration_before = 0.0
        self._entry2 = 0.0  # the square of the speed at which the first waiting block is entered
        self._highest2: list[float] = []
        self._gains: list[float] = []  # 2·a·s: what a block can change of a squared speed
        self._speeds: list[float] = []
        self._accelerations: list[float] = []

    def add(self, dx: float, dy: float, dz: float, de: float, feed: float) -> None:
        """A straight move by these mm at `feed` mm/s."""
        way2 = dx * dx + dy * dy + dz * dz
        length = sqrt(way2) or abs(de)
        if length > 0.0:
            direction = (dx / length, dy / length, dz / length, de / length)
            wished = (self.printing if de else self.travel) if way2 else self.retracting
            self._add(length, direction, direction, feed, wished)

    def add_arc(self, length: float, enters: Direction, leaves: Direction, feed: float, radius: float) -> None:
        """An arc of `length` mm; the bend itself holds the speed down to what the acceleration turns around."""
        wished = self.printing if enters[3] else self.travel
        self._add(length, enters, leaves, min(feed, sqrt(wished * radius)), wished)

    def _add(self, length: float, enters: Direction, leaves: Direction, feed: float, wished: float) -> None:
        speed, acceleration = self._limited(enters, feed, wished)
        self._highest2.append(self._corner2(enters, speed, acceleration))
        self._gains.append(2.0 * acceleration * length)
        self._speeds.append(speed)
        self._accelerations.append(acceleration)
        self._before = leaves
        self._speed_before = speed
        self._acceleration_before = acceleration
        if len(self._gains) >= BATCH:
            self.settle()

    def _limited(self, direction: Direction, speed: float, acceleration: float) -> tuple[float, float]:
        for part, fastest, strongest in zip(direction, self.speeds, self.accelerations, strict=True):
            share = part if part >= 0.0 else -part
            if speed * share > fastest:
                speed = fastest / share
            if acceleration * share > strongest:
                acceleration = strongest / share
        return max(speed, SLOWEST), max(acceleration, LEAST_ACCELERATION)

    def _corner2(self, direction: Direction, speed: float, acceleration: float) -> float:
        """The square of the speed at which the corner before a block may be taken; 0 after a stop."""
        before = self._before
        if before is None:
            return 0.0
        slower = min(speed, self._speed_before)
        if self.jerks is not None:
            return _jerk_speed(before, direction, slower, self.jerks) ** 2
        x, y, z, e = direction
        cosine = -(x * before[0] + y * before[1] + z * before[2] + e * before[3])
        if cosine < STRAIGHT_ON:
            return slower * slower
        if cosine > BACKWARDS:
            return 0.0
        sine_half = sqrt(0.5 * (1.0 - cosine))
        turning2 = (
            min(acceleration, self._acceleration_before) * self.junction_deviation * sine_half / (1.0 - sine_half)
        )
        return min(slower * slower, turning2)

    def stop(self, seconds: float = 0.0) -> None:
        """All moves come to their end, then the machine stands still for `seconds`."""
        self._settle(len(self._gains))
        self._before = None
        self._entry2 = 0.0
        self.seconds += seconds

    def settle(self) -> None:
        """Count all blocks whose speeds no later move can change."""
        self._settle(len(self._gains) - LOOK_AHEAD)

    def _settle(self, count: int) -> None:
        if count <= 0:
            return
        leaving = self._braking()[1 : count + 1]
        entry2, seconds = self._entry2, 0.0
        for leave2, gain, speed, acceleration in zip(
            leaving, self._gains, self._speeds, self._accelerations, strict=False
        ):
            leave2 = min(leave2, entry2 + gain)
            seconds += trapezoid(entry2, leave2, gain, speed, acceleration)
            entry2 = leave2
        self._entry2 = entry2
        self.seconds += seconds
        for waiting in (self._highest2, self._gains, self._speeds, self._accelerations):
            del waiting[:count]

    def _braking(self) -> list[float]:
        """For each block, and for the standstill behind the last: the highest squared speed to enter it with."""
        reachable = []
        after = 0.0
        for highest2, gain in zip(reversed(self._highest2), reversed(self._gains), strict=True):
            after += gain
            if after > highest2:
                after = highest2
            reachable.append(after)
        reachable.reverse()
        sums = list(accumulate(self._gains, initial=0.0))
        known = [end - begin for begin, end in zip(sums, sums[LOOK_AHEAD:], strict=False)]
        return [*map(min, reachable, known), *reachable[len(known) :], 0.0]


def trapezoid(entry2: float, leave2: float, gain: float, speed: float, acceleration: float) -> float:
    """Seconds from a squared speed to another over a way that can change it by `gain`, at most at `speed`."""
    highest2 = speed * speed
    cruising = gain - (highest2 - entry2) - (highest2 - leave2)
    if cruising >= 0.0:
        return (2.0 * speed - sqrt(entry2) - sqrt(leave2) + cruising / (2.0 * speed)) / acceleration
    return (2.0 * sqrt((gain + entry2 + leave2) / 2.0) - sqrt(entry2) - sqrt(leave2)) / acceleration


def _jerk_speed(before: Direction, after: Direction, speed: float, jerks: Axes) -> float:
    """The highest speed at which no axis changes its own by more than its jerk (mm/s)."""
    for old, new, jerk in zip(before, after, jerks, strict=True):
        change = abs(new - old)
        if change * speed > jerk:
            speed = jerk / change
    return speed
