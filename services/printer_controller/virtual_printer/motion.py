"""Where the tool is and how words move it: units, absolute or relative, feed rate, flow, arcs, and the axes' limits."""

from __future__ import annotations

from math import atan2, hypot, pi, sqrt

from .planner import Move

Words = dict[str, float | None]

AXES = ("X", "Y", "Z", "E")
SPEED_LIMITS = (300.0, 300.0, 15.0, 80.0)  # mm/s
ACCELERATION_SHARES = (1.0, 1.0, 0.1, 2.0)  # of the machine's acceleration
INCH = 25.4
FIRST_FEED = 25.0  # mm/s, before any F


class Motion:
    """The modal state of moves; positions in millimetres, as the planner last knew them."""

    def __init__(self, acceleration: float) -> None:
        self._accelerations = tuple(acceleration * share for share in ACCELERATION_SHARES)
        self.position: dict[str, float] = dict.fromkeys(AXES, 0.0)
        self.absolute = True
        self.absolute_e = True
        self.unit = 1.0
        self.feed = FIRST_FEED
        self.feed_percent = 100.0
        self.flow_percent = 100.0

    def go(self, words: Words) -> tuple[float, ...]:
        """Move as G0/G1 say; the way along each axis (mm)."""
        position = self.position
        before = (position["X"], position["Y"], position["Z"], position["E"])
        for letter, value in words.items():
            if value is None:
                continue
            if letter in position:
                value *= self.unit
                absolute = self.absolute_e if letter == "E" else self.absolute
                position[letter] = value if absolute else position[letter] + value
            elif letter == "F" and value > 0:
                self.feed = value * self.unit / 60
        return (
            position["X"] - before[0],
            position["Y"] - before[1],
            position["Z"] - before[2],
            position["E"] - before[3],
        )

    def straight(self, way: tuple[float, ...]) -> Move | None:
        """The move along `way` with speed and acceleration that no axis exceeds; None when nothing moves."""
        x, y, z, e = way
        length = sqrt(x * x + y * y + z * z) or abs(e)
        return self._move(length, tuple(part / length for part in way)) if length else None

    def arc(self, words: Words, *, clockwise: bool) -> Move | None:
        """Move as G2/G3 say (I and J, or R; in the XY plane); the whole arc is one move along its chord's direction."""
        start_x, start_y = self.position["X"], self.position["Y"]
        way = self.go(words)
        i, j = self._centre(words, way, clockwise=clockwise)
        radius = hypot(i, j)
        if not radius:
            return self.straight(way)
        centre_x, centre_y = start_x + i, start_y + j
        begin = atan2(-j, -i)
        end = atan2(self.position["Y"] - centre_y, self.position["X"] - centre_x)
        angle = (begin - end if clockwise else end - begin) % (2 * pi) or 2 * pi
        chord = self.straight(way)
        direction = chord.direction if chord and hypot(way[0], way[1]) else (1.0, 0.0, 0.0, 0.0)
        return self._move(hypot(angle * radius, way[2]), direction)

    def _centre(self, words: Words, way: tuple[float, ...], *, clockwise: bool) -> tuple[float, float]:
        radius = words.get("R")
        if radius is None:
            return (words.get("I") or 0.0) * self.unit, (words.get("J") or 0.0) * self.unit
        x, y = way[0], way[1]
        chord = hypot(x, y)
        radius *= self.unit
        if not chord:
            return 0.0, 0.0
        height = sqrt(max(0.0, radius * radius - chord * chord / 4))
        side = height / chord * (1 if clockwise == (radius > 0) else -1)
        return x / 2 + y * side, y / 2 - x * side

    def _move(self, length: float, direction: tuple[float, ...]) -> Move:
        speed = self.feed * self.feed_percent / 100
        acceleration = self._accelerations[0] if any(direction[:3]) else self._accelerations[3]
        for part, most, axis_acceleration in zip(direction, SPEED_LIMITS, self._accelerations, strict=True):
            share = abs(part)
            if share:
                speed = min(speed, most / share)
                acceleration = min(acceleration, axis_acceleration / share)
        return Move(length, direction, max(speed, 0.1), acceleration)
