"""The geometry of G2 and G3 in the XY plane."""

from __future__ import annotations

from math import atan2, cos, hypot, pi, sin, sqrt
from typing import NamedTuple


class Arc(NamedTuple):
    """An arc by its centre, radius, first angle and the angle it turns by (radians, negative: clockwise)."""

    centre_x: float
    centre_y: float
    radius: float
    begins: float
    turns: float

    @property
    def length(self) -> float:
        """Along the arc (mm)."""
        return abs(self.turns) * self.radius

    def heading(self, share: float) -> tuple[float, float]:
        """The direction in which it goes after that share of it."""
        angle = self.begins + self.turns * share
        side = 1.0 if self.turns > 0.0 else -1.0
        return -sin(angle) * side, cos(angle) * side

    def corners(self) -> list[tuple[float, float]]:
        """The points on it that are farthest along an axis, its ends not counted."""
        low, high = sorted((self.begins, self.begins + self.turns))
        quarter = pi / 2.0
        angles = [quarter * number for number in range(-8, 9) if low < quarter * number < high]
        return [(self.centre_x + self.radius * cos(at), self.centre_y + self.radius * sin(at)) for at in angles]


def arc_between(x: float, y: float, dx: float, dy: float, i: float, j: float, *, clockwise: bool) -> Arc | None:
    """The arc from (x, y) by (dx, dy) around the centre (x + i, y + j); a full circle where it ends as it began."""
    radius = hypot(i, j)
    if not radius:
        return None
    begins = atan2(-j, -i)
    ends = atan2(dy - j, dx - i)
    turns = (begins - ends if clockwise else ends - begins) % (2.0 * pi) or 2.0 * pi
    return Arc(x + i, y + j, radius, begins, -turns if clockwise else turns)


def centre_by_radius(dx: float, dy: float, radius: float, *, clockwise: bool) -> tuple[float, float]:
    """I and J of an arc given by R; a negative R is the longer way round, as in Marlin (G2_G3.cpp)."""
    chord = hypot(dx, dy)
    if not chord:
        return 0.0, 0.0
    height = sqrt(max(0.0, radius * radius - chord * chord / 4.0))
    side = height / chord * (1.0 if clockwise == (radius > 0.0) else -1.0)
    return dx / 2.0 + dy * side, dy / 2.0 - dx * side
