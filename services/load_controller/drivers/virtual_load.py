"""What all virtual loads have in common: reports that come a little later, movements, and faults."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from services.load_controller.drivers.driver import DriverCommand, Reports
from services.load_controller.drivers.timing import Alarm, Timers
from shared.clock import Clock
from shared.errors import Unavailable
from shared.load_settings import LoadSettings

Fault = Literal["", "unreachable", "stuck", "slow", "over_current"]

PROGRESS = 2.0  # seconds between two reports of a load that moves
SLOWNESS = 5.0  # times as long
SLOW_REPORT = 2.0  # seconds later


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a virtual load needs of the house; `gone` is called when it is closed."""

    reports: Reports
    clock: Clock
    timers: Timers
    gone: Callable[[VirtualLoad], None]


@dataclass(frozen=True, slots=True)
class Ramp:
    """A value on its way: from `begin` at `since` (monotonic seconds) to `end` within `seconds`."""

    begin: float
    end: float
    since: float
    seconds: float

    def at(self, now: float) -> float:
        """The value at this time."""
        if now >= self.over_at:
            return self.end
        return self.begin + (self.end - self.begin) * (now - self.since) / self.seconds

    @property
    def over_at(self) -> float:
        """When it has arrived."""
        return self.since + self.seconds


class VirtualLoad(ABC):
    """A virtual load of any type; the types say what they do (`_do`), how they look (`_state`) and how they move."""

    __slots__ = ("_around", "_failed", "_fault", "_moving", "_reporting", "_settings", "_started", "id")

    def __init__(self, load: LoadSettings, around: Surroundings) -> None:
        self.id = load.id
        self._settings = load
        self._around = around
        self._fault: Fault = load.virtual.fault
        self._failed = False  # whether the last command failed by the fault
        self._started = False
        self._reporting: Alarm | None = None
        self._moving: Alarm | None = None

    def start(self) -> None:
        """The first report comes at once."""
        self._started = True
        self._say_reachable()

    async def command(self, command: DriverCommand) -> None:
        """Done at once, reported a little later. Raises `Unavailable` while the load cannot be reached."""
        self._check_reachable()
        self._failed = self._fails(command)
        if self._failed:
            self._give_way()
        else:
            self._do(command)
        self._report_soon()

    async def ask_state(self) -> None:
        """Report again. Raises `Unavailable` while the load cannot be reached."""
        self._check_reachable()
        self._report_soon()

    async def close(self) -> None:
        """Do and report nothing any more."""
        self._started = False
        for alarm in (self._reporting, self._moving):
            if alarm is not None:
                alarm.cancel()
        self._around.gone(self)

    def set_fault(self, fault: Fault) -> None:
        """From now on; what moves meets it at once."""
        before, self._fault = self._fault, fault
        self._failed = fault in ("stuck", "over_current") and self._meets_fault()
        if self._failed:
            self._give_way()
        if not self._started:
            return
        if "unreachable" in (before, fault) and before != fault:
            self._say_reachable()
        else:
            self._report_soon()

    # what the types say

    @abstractmethod
    def _do(self, command: DriverCommand) -> None: ...

    @abstractmethod
    def _state(self, now: float) -> tuple[dict[str, Any], dict[str, int] | None]:
        """The attributes and flags to report."""

    def _fails(self, command: DriverCommand) -> bool:  # noqa: ARG002 - for those that it matters to
        """Whether the fault hinders this command."""
        return self._fault in ("stuck", "over_current")

    def _meets_fault(self) -> bool:
        """Whether a stuck or overloaded device notices so now, without a command."""
        return False

    @abstractmethod
    def _give_way(self) -> None:
        """What a stuck or overloaded device does instead of the command."""

    @abstractmethod
    def _move_on(self) -> None:
        """The time of `_move_in` has come."""

    # for the types

    @property
    def _now(self) -> float:
        return self._around.clock.monotonic()

    @property
    def _pace(self) -> float:
        return SLOWNESS if self._fault == "slow" else 1.0

    def _move_in(self, seconds: float) -> None:
        """Call `_move_on` then, and not when it was said before."""
        self._keep_still()
        self._moving = self._around.timers.after(seconds, self._moved)

    def _keep_still(self) -> None:
        if self._moving is not None:
            self._moving.cancel()
            self._moving = None

    def _moved(self) -> None:
        self._moving = None
        self._move_on()

    def _report_soon(self) -> None:
        if self._reporting is None:
            late = SLOW_REPORT if self._fault == "slow" else 0.0
            wait = self._settings.virtual.report_after + late
            self._reporting = self._around.timers.after(wait, self._report)

    def _report(self) -> None:
        if self._reporting is not None:
            self._reporting.cancel()
            self._reporting = None
        if self._started and self._fault != "unreachable":
            attributes, flags = self._state(self._now)
            self._around.reports.reported(self.id, attributes, flags)

    def _say_reachable(self) -> None:
        reachable = self._fault != "unreachable"
        self._around.reports.available(self.id, reachable, None if reachable else "it cannot be reached")
        self._report()

    def _check_reachable(self) -> None:
        if self._fault == "unreachable":
            raise Unavailable(f"load {self.id} cannot be reached", code="unreachable")


def number(state: Mapping[str, Any], name: str, otherwise: float) -> float:
    """An attribute of a state that may not have it."""
    value = state.get(name)
    return otherwise if value is None else float(value)
