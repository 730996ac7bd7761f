"""Follows moves: where the tool goes, what room it needs, what it extrudes and on how many layers."""

from __future__ import annotations

from math import hypot, pi

from services.printer_controller.analysis.arcs import Arc
from services.printer_controller.analysis.box import Box
from services.printer_controller.analysis.machine import Machine
from services.printer_controller.analysis.planning import Planner
from services.printer_controller.analysis.result import Area, Filament

_THINNEST_LAYER = 0.04  # mm; moves that rise by less belong to a spiral
BED = 0.0  # mm; the printed room begins at the bed, as in OctoPrint (its setting gcodeAnalysis.bedZ)


class Course:
    """The modal state of moves and what came of them. Lengths in mm, `feed` in mm/s, `pace` its factor (M220)."""

    def __init__(self, machine: Machine, planner: Planner) -> None:
        self._planner = planner
        self._diameter = machine.filament_diameter
        self.x = self.y = self.z = self.e = 0.0
        self.unit = 1.0
        self.relative = False
        self.extruder_relative = False
        self.feed = machine.first_feed
        self.pace = 1.0
        self.layers = 0
        self._printed = Box()
        self._travelled = Box()
        self._top = float("-inf")
        self._printing = False
        self._tool = 0
        self._extruded = self._most_extruded = 0.0
        self._by_tool: dict[int, tuple[float, float]] = {}

    def go(self, x: float | None, y: float | None, z: float | None, e: float | None, feed: float | None) -> None:
        """A straight move with the words that stand in its line, as they stand there."""
        if feed is not None:
            self.hurry(feed)
        dx, dy, dz, de = self.way(x, y, z, e)
        self._arrive(dx, dy, dz, de)
        self._planner.add(dx, dy, dz, de, self.feed * self.pace)

    def sweep(self, arc: Arc, dz: float, de: float, *, to: tuple[float, float]) -> None:
        """A move along an arc that ends `to` mm away."""
        box = self._printed if de > 0.0 else self._travelled
        for x, y in arc.corners():
            box.include(x, y, self.z)
        length = hypot(arc.length, dz)
        flat = arc.length / length
        (in_x, in_y), (out_x, out_y) = arc.heading(0.0), arc.heading(1.0)
        enters = (in_x * flat, in_y * flat, dz / length, de / length)
        leaves = (out_x * flat, out_y * flat, dz / length, de / length)
        self._arrive(*to, dz, de)
        self._planner.add_arc(length, enters, leaves, self.feed * self.pace, arc.radius)

    def hurry(self, feed: float) -> None:
        """An F word."""
        if feed > 0.0:
            self.feed = feed * self.unit / 60.0

    def way(
        self, x: float | None, y: float | None, z: float | None, e: float | None
    ) -> tuple[float, float, float, float]:
        """What these words mean from here, per axis (mm). G91 makes the extruder relative too, as in Marlin."""
        unit = self.unit
        if self.relative:
            dx, dy, dz = (x or 0.0) * unit, (y or 0.0) * unit, (z or 0.0) * unit
        else:
            dx = 0.0 if x is None else x * unit - self.x
            dy = 0.0 if y is None else y * unit - self.y
            dz = 0.0 if z is None else z * unit - self.z
        if e is None:
            return dx, dy, dz, 0.0
        return dx, dy, dz, e * unit if self.relative or self.extruder_relative else e * unit - self.e

    def _arrive(self, dx: float, dy: float, dz: float, de: float) -> None:
        """Keep account of a move."""
        printing = de > 0.0 and (dx != 0.0 or dy != 0.0)
        if printing and not self._printing:
            self._printed.include(self.x, self.y, self.z)
        self._printing = printing
        self.x += dx
        self.y += dy
        self.z += dz
        if de:
            self.e += de
            self._extruded += de
            if self._extruded > self._most_extruded:
                self._most_extruded = self._extruded
        if not printing:
            self._travelled.include(self.x, self.y, self.z)
            return
        self._printed.include(self.x, self.y, self.z)
        if self.z > self._top:
            self._rise()

    def _rise(self) -> None:
        if self.z >= self._top + _THINNEST_LAYER:
            self._top = self.z
            self.layers += 1

    def home(self, axes: str) -> tuple[float, float, float]:
        """These axes (of `XYZ`) go to zero; how far each had to go (mm)."""
        far = (abs(self.x) * ("X" in axes), abs(self.y) * ("Y" in axes), abs(self.z) * ("Z" in axes))
        self.x = 0.0 if "X" in axes else self.x
        self.y = 0.0 if "Y" in axes else self.y
        self.z = 0.0 if "Z" in axes else self.z
        return far

    def change_tool(self, tool: int) -> None:
        """Another tool extrudes from now on."""
        self._by_tool[self._tool] = (self._extruded, self._most_extruded)
        self._tool = tool
        self._extruded, self._most_extruded = self._by_tool.get(tool, (0.0, 0.0))

    def filament(self, diameters: list[float]) -> dict[str, Filament]:
        """What each tool took: the most that it ever had extruded, so that retracting at the end gives nothing back."""
        totals = {**self._by_tool, self._tool: (self._extruded, self._most_extruded)}
        used = {}
        for tool, (_, length) in sorted(totals.items()):
            if length > 0.0:
                diameter = diameters[tool] if tool < len(diameters) else self._diameter
                used[f"tool{tool}"] = Filament(length, volume_of(length, diameter))
        return used

    def printing_area(self) -> Area | None:
        """The room around all that is extruded while moving sideways."""
        return self._printed.area(BED)

    def travel_area(self) -> Area | None:
        """The room around all positions and the start, which is zero as after homing; null where nothing moves."""
        everywhere = self._travelled.with_all_of(self._printed)
        if everywhere.area() is None:
            return None
        everywhere.include(0.0, 0.0, 0.0)
        return everywhere.area()


def volume_of(length: float, diameter: float) -> float:
    """The cm³ of `length` mm of filament."""
    return length * pi * (diameter / 2.0) ** 2 / 1_000.0
