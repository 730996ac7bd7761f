"""Which driver a load has, as its settings say, and what the drivers of one process share."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from services.load_controller.drivers.driver import Driver, DriverCommand, Reports
from services.load_controller.drivers.mqtt import MqttHouse, RawBus
from services.load_controller.drivers.timing import Timers
from services.load_controller.drivers.virtual import VirtualHouse
from shared.clock import Clock
from shared.errors import Invalid, Refused
from shared.load_settings import LoadSettings

LOG = logging.getLogger(__name__)


class Drivers:
    """Gives out a driver per load. `virtual` is the virtual house, for its faults."""

    def __init__(self, reports: Reports, clock: Clock, bus: RawBus) -> None:
        self._reports = reports
        self._timers = Timers(clock)
        self.virtual = VirtualHouse(reports, clock, self._timers)
        self._mqtt = MqttHouse(reports, clock, self._timers, bus)

    def driver(self, load: LoadSettings, last: Mapping[str, Any] | None = None) -> Driver:
        """The driver of a load, not started; `last` is its last known state, with which a virtual load begins.

        Settings by which no device can be reached make a load that is never available; the others are not its concern.
        """
        if load.driver == "virtual":
            return self.virtual.driver(load, last)
        try:
            return self._mqtt.driver(load)
        except Invalid as error:
            LOG.error("%s", error.message)
            return WronglySet(load.id, self._reports, error.message)

    async def close(self) -> None:
        """End what the drivers share; they are closed before."""
        await self._timers.close()
        await self._mqtt.close()


class WronglySet:
    """A load whose settings lead nowhere."""

    def __init__(self, load: int, reports: Reports, reason: str) -> None:
        self._load, self._reports, self._reason = load, reports, reason

    def start(self) -> None:
        """It says why."""
        self._reports.available(self._load, False, self._reason)

    async def command(self, command: DriverCommand) -> None:  # noqa: ARG002
        """Always `Refused`."""
        raise Refused(self._reason, code="bad_load")

    async def ask_state(self) -> None:
        """There is nobody to ask."""

    async def close(self) -> None:
        """Nothing was opened."""
