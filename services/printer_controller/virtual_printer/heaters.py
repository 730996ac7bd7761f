"""Heats and cools by two exponentials, computed from the time that passed: no ticks, any step gives the same curve."""

from __future__ import annotations

from math import exp, log

import msgspec

AMBIENT = 21.0  # °C
FULL_POWER = 127


class HeaterKind(msgspec.Struct, frozen=True):
    """How one sort of heater behaves: °C it would reach at full power, seconds of both curves, the firmware's limit."""

    hottest: float
    heating: float
    cooling: float
    limit: float


HOTEND = HeaterKind(hottest=350.0, heating=70.0, cooling=110.0, limit=275.0)
BED = HeaterKind(hottest=140.0, heating=160.0, cooling=400.0, limit=120.0)
CHAMBER = HeaterKind(hottest=90.0, heating=300.0, cooling=600.0, limit=70.0)


class Heater:
    """One heater with its target and its temperature at a time. `speed` is a factor of real time; 0: at once."""

    def __init__(self, kind: HeaterKind, speed: float) -> None:
        self._kind = kind
        self._speed = speed
        self._at = 0.0
        self.temperature = AMBIENT
        self.target = 0.0

    def set(self, target: float, now: float) -> None:
        """A new target (°C), kept under the firmware's limit."""
        self.advance(now)
        self.target = min(max(0.0, target), self._kind.limit)
        self.advance(now)

    def advance(self, now: float) -> None:
        """Bring the temperature up to `now`."""
        aim = max(self.target, AMBIENT)
        seconds = max(0.0, now - self._at) * self._speed
        self._at = now
        if not self._speed:
            self.temperature = aim
        elif self.temperature < aim:
            self.temperature = min(aim, _towards(self.temperature, self._kind.hottest, seconds / self._kind.heating))
        else:
            self.temperature = max(aim, _towards(self.temperature, AMBIENT, seconds / self._kind.cooling))

    def seconds_to_target(self) -> float:
        """How long it still takes, in real time, to within half a degree of the target; from above too."""
        aim = max(self.target, AMBIENT)
        if not self._speed or abs(self.temperature - aim) <= 0.5:
            return 0.0
        if self.temperature < aim:
            span = (self._kind.hottest - self.temperature) / (self._kind.hottest - aim)
            return self._kind.heating * log(span) / self._speed
        return self._kind.cooling * log((self.temperature - AMBIENT) / (aim + 0.5 - AMBIENT)) / self._speed

    def power(self) -> int:
        """The PWM value a report shows: full while heating up, some of it while holding."""
        if self.target <= self.temperature - 0.5 or self.target <= AMBIENT:
            return 0
        if self.temperature < self.target:
            return FULL_POWER
        return round(FULL_POWER * (self.target - AMBIENT) / (self._kind.hottest - AMBIENT))


def _towards(start: float, end: float, time_constants: float) -> float:
    return end + (start - end) * exp(-time_constants)
