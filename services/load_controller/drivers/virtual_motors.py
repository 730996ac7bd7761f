"""Virtual motors: blinds that need their time for the way and turn their slats by steps at the end of it.

Level 0 is open and 10000 closed; tilt 0 are open slats and 9 closed ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.load_controller.drivers.driver import DriverCommand, Set, StopMoving, TiltStep
from services.load_controller.drivers.virtual_load import PROGRESS, Ramp, Surroundings, VirtualLoad, number
from services.load_controller.rules.attributes import FLAGS, FULL, TILTS
from shared.load_settings import LoadSettings


class VirtualMotor(VirtualLoad):
    """First the level, then the tilt; what is told later replaces what was told before."""

    __slots__ = ("_at", "_axis", "_ramp", "_then")

    def __init__(self, load: LoadSettings, around: Surroundings, last: Mapping[str, Any]) -> None:
        super().__init__(load, around)
        self._at = {"level": number(last, "level", 0), "tilt": number(last, "tilt", 0)}
        self._axis = "level"
        self._ramp: Ramp | None = None
        self._then: int | None = None  # the tilt to turn to when the level is reached

    def _do(self, command: DriverCommand) -> None:
        match command:
            case Set(target):
                self._become(target.get("level"), target.get("tilt"))
            case TiltStep(direction) if self._ramp is None:
                step = -1 if direction == "up" else 1
                self._go("tilt", min(TILTS, max(0, round(self._at["tilt"]) + step)))
            case StopMoving() | TiltStep():
                self._stop()

    def _become(self, level: int | None, tilt: int | None) -> None:
        if level is None and tilt is not None and self._ramp is not None and self._axis == "level":
            self._then = tilt  # the way goes on
            return
        self._stop()
        self._then = tilt
        if level is None or level == self._at["level"]:
            self._turn()
        else:
            self._go("level", level)

    def _turn(self) -> None:
        tilt, self._then = self._then, None
        if tilt is not None:
            self._go("tilt", tilt)

    def _go(self, axis: str, end: int) -> None:
        way = abs(end - self._at[axis])
        per_unit = {"level": self._travel / FULL, "tilt": self._settings.virtual.tilt}[axis]
        if way:
            self._axis = axis
            self._ramp = Ramp(self._at[axis], end, self._now, way * per_unit * self._pace)
            self._move_in(min(PROGRESS, self._ramp.seconds))

    @property
    def _travel(self) -> float:
        return self._settings.virtual.travel

    def _stop(self) -> None:
        self._keep_still()
        self._then = None
        self._rest()

    def _rest(self) -> None:
        if self._ramp is not None:
            self._at[self._axis] = round(self._ramp.at(self._now))
            self._ramp = None

    def _move_on(self) -> None:
        if self._ramp is not None and self._now < self._ramp.over_at:
            self._move_in(min(PROGRESS, self._ramp.over_at - self._now))
        else:
            self._rest()
            self._turn()
        self._report()

    def _fails(self, command: DriverCommand) -> bool:
        """Standing still is what a stuck motor can do."""
        return super()._fails(command) and isinstance(command, Set | TiltStep)

    def _meets_fault(self) -> bool:
        return self._ramp is not None

    def _give_way(self) -> None:
        self._stop()

    def _state(self, now: float) -> tuple[dict[str, Any], dict[str, int] | None]:
        at = dict(self._at)
        moving = "stop"
        if self._ramp is not None:
            at[self._axis] = self._ramp.at(now)
            moving = "up" if self._ramp.end < self._ramp.begin else "down"
        flags = dict.fromkeys(FLAGS["motor"], 0)
        flags |= {"moving": int(moving != "stop"), "direction": int(moving == "up")}
        if self._failed:
            flags["timeout" if self._fault == "stuck" else "over_current"] = 1
        return {"level": round(at["level"]), "tilt": round(at["tilt"]), "moving": moving}, flags
