"""The virtual house: loads that behave like real ones, with their delays and their faults, and need no hardware."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from services.load_controller.drivers.driver import Reports
from services.load_controller.drivers.timing import Timers
from services.load_controller.drivers.virtual_heating import VirtualHeating
from services.load_controller.drivers.virtual_lights import VirtualLight
from services.load_controller.drivers.virtual_load import Fault, Surroundings, VirtualLoad
from services.load_controller.drivers.virtual_motors import VirtualMotor
from shared.clock import Clock
from shared.errors import Invalid, NotFound
from shared.load_settings import LoadSettings

FAULTS = get_args(Fault)

_KINDS: dict[str, Callable[[LoadSettings, Surroundings, Mapping[str, Any]], VirtualLoad]] = {
    "onoff": VirtualLight,
    "dim": VirtualLight,
    "dali": VirtualLight,
    "motor": VirtualMotor,
    "hvac": VirtualHeating,
}


class VirtualHouse:
    """Gives out the virtual loads' drivers. A load that does nothing costs a few hundred bytes and no task."""

    def __init__(self, reports: Reports, clock: Clock, timers: Timers) -> None:
        self._surroundings = Surroundings(reports, clock, timers, self._gone)
        self._loads: dict[int, VirtualLoad] = {}

    def driver(self, load: LoadSettings, last: Mapping[str, Any] | None = None) -> VirtualLoad:
        """The driver of a load; it begins with the state `last` (attributes as reported), else off, open, at 21 °C."""
        made = _KINDS[load.type](load, self._surroundings, last or {})
        self._loads[load.id] = made
        return made

    def fault(self, load: int, fault: str) -> None:
        """Give a load one of `FAULTS` from now on, or take it away (empty).

        Raises `NotFound` (`no_such_load`) for a load that is not a virtual one here, `Invalid` (`no_such_fault`).
        """
        if load not in self._loads:
            raise NotFound(f"load {load} is not a virtual load here", code="no_such_load")
        known: Fault | None = next((each for each in FAULTS if each == fault), None)
        if known is None:
            names = ", ".join(each for each in FAULTS if each)
            raise Invalid(f"there is no fault {fault[:40]!r}: {names}, or nothing", code="no_such_fault")
        self._loads[load].set_fault(known)

    def _gone(self, load: VirtualLoad) -> None:
        if self._loads.get(load.id) is load:
            del self._loads[load.id]
