"""Virtual heating: a room that slowly becomes as warm as it should.

The boost is added to the target; -99 switches off, and then only frost is kept out, as Wiser's heating controllers do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from services.load_controller.drivers.driver import DriverCommand, Set
from services.load_controller.drivers.virtual_load import Fault, Surroundings, VirtualLoad, number
from services.load_controller.rules.attributes import FLAGS, FULL, OFF_BOOST
from shared.load_settings import LoadSettings

TARGET = 21.0
COLD = 12.0  # what an unheated room becomes
FROST = 3.0
DRIFT = 300.0  # seconds in which a room comes two thirds nearer
TICK = 10.0
SETTLED = 0.05
BAND = 2.0  # °C below the target at which the valve is fully open


class VirtualHeating(VirtualLoad):
    """One valve and the room it heats."""

    __slots__ = ("_ambient", "_boost", "_goal", "_since", "_target")

    def __init__(self, load: LoadSettings, around: Surroundings, last: Mapping[str, Any]) -> None:
        super().__init__(load, around)
        self._target = number(last, "target_temperature", TARGET)
        self._boost = number(last, "boost_temperature", 0)
        self._ambient = number(last, "ambient_temperature", TARGET)
        self._goal = self._ambient
        self._since = self._now

    def start(self) -> None:
        """A room that is not yet as it should be goes on drifting."""
        self._drift()
        super().start()

    @property
    def _wanted(self) -> float:
        return FROST if self._boost == OFF_BOOST else self._target + self._boost

    def _do(self, command: DriverCommand) -> None:
        self._settle()
        if isinstance(command, Set):
            self._target = number(command.target, "target_temperature", self._target)
            self._boost = number(command.target, "boost_temperature", self._boost)
        self._drift()

    def set_fault(self, fault: Fault) -> None:
        """A valve that works again heats again."""
        self._settle()
        super().set_fault(fault)
        self._drift()

    def _give_way(self) -> None:
        self._settle()
        self._drift()

    def _ambient_at(self, now: float) -> float:
        return self._goal + (self._ambient - self._goal) * math.exp(-(now - self._since) / (DRIFT * self._pace))

    def _settle(self) -> None:
        """The room as it is now is where the next drift begins."""
        self._ambient, self._since = self._ambient_at(self._now), self._now

    def _drift(self) -> None:
        """Where the room drifts to from now on: nobody cools it below what is outside."""
        outside = min(COLD, self._ambient)
        self._goal = outside if self._failed else max(self._wanted, outside)
        if abs(self._ambient - self._goal) > SETTLED:
            self._move_in(TICK)
        else:
            self._keep_still()

    def _move_on(self) -> None:
        self._settle()
        self._drift()
        self._report()

    def _state(self, now: float) -> tuple[dict[str, Any], dict[str, int] | None]:
        ambient = self._ambient_at(now)
        lacking = 0.0 if self._failed else self._wanted - ambient
        level = round(min(1.0, max(0.0, lacking / BAND)) * FULL) if lacking > SETTLED else 0
        flags = {**dict.fromkeys(FLAGS["hvac"], 0), "output_on": int(level > 0), "valve_error": int(self._failed)}
        state = {
            "ambient_temperature": round(ambient, 1),
            "target_temperature": self._target,
            "boost_temperature": self._boost,
            "heating_cooling_level": level,
            "unit": "°C",
        }
        return state, flags
