"""How the machine is taken to be that a file is estimated for, until the file itself says otherwise."""

from __future__ import annotations

import msgspec

Axes = tuple[float, float, float, float]  # X, Y, Z, E


class Machine(msgspec.Struct, frozen=True):
    """A printer with Marlin's limits: mm/s, mm/s², °C/s; it starts cold.

    Speeds, the axes' accelerations, junction deviation, retraction and homing speeds are Marlin's defaults
    (Configuration.h, Configuration_adv.h) or those of the machines it is mostly built for; `printing` and `travel` are
    what bed slingers are commonly set to, half of Marlin's own. `jerks` null: corners by junction deviation.
    """

    speeds: Axes = (300.0, 300.0, 12.0, 80.0)
    accelerations: Axes = (3_000.0, 3_000.0, 100.0, 10_000.0)
    printing: float = 1_500.0
    travel: float = 1_500.0
    retracting: float = 3_000.0
    junction_deviation: float = 0.013
    jerks: Axes | None = None
    first_feed: float = 25.0  # before any F
    retraction: float = 3.0  # mm, of G10
    retraction_speed: float = 45.0
    homing: tuple[float, float, float] = (50.0, 50.0, 4.0)
    homing_touch: float = 3.0  # s per axis: bump, back off, touch again
    levelling: float = 20.0  # s
    hotend_heating: float = 3.0
    bed_heating: float = 0.6
    chamber_heating: float = 0.15
    settling: float = 3.0  # s that a temperature must hold
    filament_diameter: float = 1.75
