"""Grows around positions."""

from __future__ import annotations

from services.printer_controller.analysis.result import DECIMALS, Area


class Box:
    """The smallest box around all points that were included (mm)."""

    __slots__ = ("max_x", "max_y", "max_z", "min_x", "min_y", "min_z")

    def __init__(self) -> None:
        self.min_x = self.min_y = self.min_z = float("inf")
        self.max_x = self.max_y = self.max_z = float("-inf")

    def include(self, x: float, y: float, z: float) -> None:
        """This point is in."""
        if x < self.min_x:
            self.min_x = x
        if x > self.max_x:
            self.max_x = x
        if y < self.min_y:
            self.min_y = y
        if y > self.max_y:
            self.max_y = y
        if z < self.min_z:
            self.min_z = z
        if z > self.max_z:
            self.max_z = z

    def area(self, bottom: float | None = None) -> Area | None:
        """The box, down to the height `bottom` at least; null when nothing was ever in it."""
        if self.max_x < self.min_x:
            return None
        lowest = self.min_z if bottom is None else min(bottom, self.min_z)
        sides = (self.min_x, self.min_y, lowest, self.max_x, self.max_y, self.max_z)
        return Area(*(round(side, DECIMALS) for side in sides))

    def with_all_of(self, other: Box) -> Box:
        """A box around both."""
        both = Box()
        for box in (self, other):
            if box.min_x <= box.max_x:
                both.include(box.min_x, box.min_y, box.min_z)
                both.include(box.max_x, box.max_y, box.max_z)
        return both
