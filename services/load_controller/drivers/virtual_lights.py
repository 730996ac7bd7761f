"""Virtual lights and outputs: switched at once or after a delay, faded over time, white or in colour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.load_controller.drivers.driver import DriverCommand, Fade, Set, StopMoving
from services.load_controller.drivers.virtual_load import PROGRESS, Ramp, Surroundings, VirtualLoad, number
from services.load_controller.rules.attributes import COLOURS, FLAGS, FULL, SETTABLE
from shared.load_settings import LoadSettings

DELAYED_OFF = 60.0  # seconds, of a `dto` output whose time nobody set
_FIRST = {"ct": 4000, "red": 255, "green": 255, "blue": 255, "white": 0}
_OVERLOADED = {"dali": "short_circuit"}


class VirtualLight(VirtualLoad):
    """`onoff`, `dto`, `dim` and `dali`."""

    __slots__ = ("_bri", "_colour", "_overloaded", "_ramp")

    def __init__(self, load: LoadSettings, around: Surroundings, last: Mapping[str, Any]) -> None:
        super().__init__(load, around)
        self._bri = number(last, "bri", 0)
        self._ramp: Ramp | None = None
        self._overloaded = False  # ever: from then on also an output without flags says whether it is
        shown = [name for name in SETTABLE[(load.type, load.sub_type)] if name != "bri"]
        self._colour = {name: int(number(last, name, _FIRST[name])) for name in shown} or None

    def start(self) -> None:
        """An output that switches itself off does so after a restart too."""
        super().start()
        if self._bri and self._settings.sub_type == "dto":
            self._move_in(self._on_for)

    @property
    def _on_for(self) -> float:
        return self._settings.virtual.impulse or DELAYED_OFF

    def _do(self, command: DriverCommand) -> None:
        match command:
            case Set(target):
                self._become(target)
            case Fade(direction) if self._settings.type != "onoff":
                self._fade_to(FULL if direction == "up" else 0)
            case StopMoving() if self._ramp is not None:
                self._stop()

    def _become(self, target: Mapping[str, Any]) -> None:
        if self._colour is not None:
            self._colour.update({name: target[name] for name in (*COLOURS, "ct") if name in target})
        if "bri" not in target:
            return
        if self._settings.type != "onoff":
            self._fade_to(target["bri"])
            return
        self._keep_still()
        self._bri = FULL if target["bri"] else 0
        if self._bri and self._settings.sub_type == "dto":
            self._move_in(self._on_for)

    def _fade_to(self, bri: float) -> None:
        self._stop()
        way = abs(bri - self._bri) / FULL
        if way:
            self._ramp = Ramp(self._bri, bri, self._now, way * self._settings.virtual.fade * self._pace)
            self._move_in(min(PROGRESS, self._ramp.seconds))

    def _stop(self) -> None:
        self._keep_still()
        if self._ramp is not None:
            self._bri = round(self._ramp.at(self._now))
            self._ramp = None

    def _move_on(self) -> None:
        if self._ramp is None:  # a dto output whose time is over; that it was on is said in any case
            if self._reporting is not None:
                self._report()
            self._bri = 0
        elif self._now >= self._ramp.over_at:
            self._stop()
        else:
            self._move_in(min(PROGRESS, self._ramp.over_at - self._now))
        self._report()

    def _fails(self, command: DriverCommand) -> bool:
        """An overloaded output can still be switched off."""
        off = isinstance(command, Set) and not command.target.get("bri", 1)
        return super()._fails(command) and not (off and self._fault == "over_current")

    def _meets_fault(self) -> bool:
        return self._ramp is not None or (self._bri > 0 and self._fault == "over_current")

    def _give_way(self) -> None:
        self._stop()
        if self._fault == "over_current":
            self._bri = 0
            self._overloaded = True

    def _state(self, now: float) -> tuple[dict[str, Any], dict[str, int] | None]:
        bri = self._bri if self._ramp is None else self._ramp.at(now)
        state = {"bri": round(bri), **(self._colour or {})}
        flags = dict.fromkeys(FLAGS[self._settings.type], 0)
        if self._ramp is not None:
            flags |= {"fading": 1, "direction": int(self._ramp.end > self._ramp.begin)}
        if self._overloaded:
            now_too = self._failed and self._fault == "over_current"
            flags[_OVERLOADED.get(self._settings.type, "over_current")] = int(now_too)
        return state, flags or None
