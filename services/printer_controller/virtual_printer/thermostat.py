"""All heaters of a machine and the words in which the firmware reports them."""

from __future__ import annotations

from .heaters import BED, CHAMBER, HOTEND, Heater
from .options import Options


class Thermostat:
    """Hotends by tool number, bed and chamber where the machine has them."""

    def __init__(self, options: Options) -> None:
        self.tools = [Heater(HOTEND, options.speed) for _ in range(options.tools)]
        self.bed = Heater(BED, options.speed) if options.heated_bed else None
        self.chamber = Heater(CHAMBER, options.speed) if options.heated_chamber else None
        self.tool = 0

    def heaters(self) -> dict[str, Heater]:
        """Each heater under OctoPrint's name for it: tool0, tool1, …, bed, chamber."""
        named = {f"tool{number}": heater for number, heater in enumerate(self.tools)}
        named |= {"bed": self.bed} if self.bed else {}
        return named | ({"chamber": self.chamber} if self.chamber else {})

    def advance(self, now: float) -> None:
        """Bring all temperatures up to `now`."""
        for heater in self.heaters().values():
            heater.advance(now)

    def off(self, now: float) -> None:
        """Switch all heaters off."""
        for heater in self.heaters().values():
            heater.set(0.0, now)

    def report(self, now: float) -> str:
        """Marlin's report: `T:21.00 /0.00 B:21.00 /0.00 @:0 B@:0`, with T0, T1, … where there are several tools."""
        self.advance(now)
        rows = [("T", "@", self.tools[self.tool])]
        rows += [("B", "B@", self.bed)] if self.bed else []
        rows += [("C", "C@", self.chamber)] if self.chamber else []
        if len(self.tools) > 1:
            rows += [(f"T{number}", f"@{number}", heater) for number, heater in enumerate(self.tools)]
        temperatures = [f"{name}:{heater.temperature:.2f} /{heater.target:.2f}" for name, _, heater in rows]
        return " ".join([*temperatures, *(f"{name}:{heater.power()}" for _, name, heater in rows)])
