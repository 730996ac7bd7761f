"""Orders become commands of drivers, and what devices report becomes state and receipts.

Each load's commands are handed over one after another. No load has a task of its own while it has nothing to do.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from services.load_controller.drivers.driver import Driver, DriverCommand, Set
from services.load_controller.loads import Load, Loads
from services.load_controller.orders import Order
from services.load_controller.publishing import Publishing
from services.load_controller.rules import buttons, receipts
from services.load_controller.rules.buttons import ButtonLoad, Pressed
from services.load_controller.rules.words import Press
from services.load_controller.waiting import SUPERSEDED, Deadlines, Settling, Waiting
from shared.clock import Clock
from shared.errors import JobError, Refused, Unavailable
from shared.load_settings import LoadSettings

LOG = logging.getLogger(__name__)

HAND_OVER_WITHIN = 10.0  # seconds

DriverMaker = Callable[[LoadSettings, Mapping[str, Any]], Driver]


class Keeping(Settling, Protocol):
    """Where receipts go, and loads whose state is to be kept."""

    def keep_state(self, load: Load) -> None: ...


@dataclass(slots=True)
class Handed:
    """An order on its way to a driver; without a command there is nothing to do."""

    order: Order
    command: DriverCommand | None


class Driving:
    """The loads held here. It is what drivers report to."""

    def __init__(self, loads: Loads, publishing: Publishing, settling: Keeping, clock: Clock) -> None:
        self._loads, self._publishing, self._settling, self._clock = loads, publishing, settling, clock
        self._tasks: set[asyncio.Task[Any]] = set()
        self.deadlines = Deadlines(clock, self._over)

    # holding loads

    def take(self, loads: Iterable[Load], make_driver: DriverMaker) -> None:
        """Begin to drive them. One whose settings are wrong is logged, and is not available."""
        for load in loads:
            if load.driver is not None:
                continue
            try:
                load.driver = make_driver(load.settings, load.state)
            except JobError as error:
                LOG.error("load %d cannot be driven: %s", load.id, error)
                load.available = False
            else:
                load.driver.start()

    async def leave(self, loads: Iterable[Load]) -> None:
        """Drive them no more; what they still had to do is the next holder's."""
        for load in loads:
            driver, load.driver = load.driver, None
            load.handing, load.available = None, None
            for waiting in load.waiting or ():
                waiting.done = True
            load.waiting = None
            if driver is not None:
                await driver.close()

    # commands

    def resolve(self, order: Order) -> Handed:
        """What an order means for its load as it is now; from then on the order says it in a way that can be repeated.

        Raises `Invalid` for a button that the load does not have.
        """
        load, command = self._known(order.load), order.command
        order.sent = True
        if command.target is not None:
            load.pressed = buttons.commanded(_button_load(load), _pressed(load), Set(command.target), self._now)
            return Handed(order, Set(command.target))
        press = Press(command.button or "", command.event or "click")
        load.pressed, meant = buttons.pressed(_button_load(load), load.state, _pressed(load), press, self._now)
        if isinstance(meant, Set):
            command.target = dict(meant.target)
        command.once = not isinstance(meant, Set)
        return Handed(order, meant)

    def give(self, handed: Handed) -> None:
        """Hand an order to its load's driver, after those before it."""
        load = self._known(handed.order.load)
        if load.handing is not None:
            load.handing.append(handed)
            return
        load.handing = deque((handed,))
        task = asyncio.get_running_loop().create_task(self._hand_over(load, load.handing), name=f"load {load.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def tell(self, load: Load, command: DriverCommand) -> None:
        """A command that nobody keeps or waits for, as a ping."""
        task = asyncio.get_running_loop().create_task(self._try(load, command), name=f"load {load.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _hand_over(self, load: Load, queue: deque[Handed]) -> None:
        try:
            while queue and load.handing is queue:
                handed = queue.popleft()
                waiting = self._begin(load, handed)
                error = await self._try(load, handed.command)
                if error is not None and not waiting.done:
                    outcome = receipts.REFUSED if isinstance(error, Refused) else receipts.UNREACHABLE
                    self._settle(load, waiting, outcome, error.message)
        finally:
            if load.handing is queue:
                load.handing = None

    def _begin(self, load: Load, handed: Handed) -> Waiting:
        """Begin to wait before the driver is told: it may report at once."""
        kind, settings = load.settings.type, load.settings
        target = receipts.expected(handed.command, kind)
        waiting = Waiting(handed.order, kind, target, load.state or None)
        if handed.command is None:
            self._settle(load, waiting, receipts.REPORTED, None)
            return waiting
        load.waiting = [*(load.waiting or ()), waiting]
        seconds = receipts.wait_for(
            kind, target, load.state or None, report_within=settings.report_within, travel=_travel(load)
        )
        self.deadlines.add(waiting, seconds)
        return waiting

    async def _try(self, load: Load, command: DriverCommand | None) -> JobError | None:
        if command is None:
            return None
        if load.driver is None:
            return Unavailable("nobody drives this load", code="not_driven")
        try:
            async with asyncio.timeout(HAND_OVER_WITHIN):
                await load.driver.command(command)
        except JobError as error:
            return error
        except TimeoutError:
            return Refused("the device took no command in time", code="device_busy")
        except Exception:
            LOG.exception("load %d: its driver failed", load.id)
            return Refused("the driver failed", code="driver_failed")
        return None

    # reports

    def reported(self, load: int, attributes: Mapping[str, Any], flags: Mapping[str, int] | None) -> None:
        """A device has said how it is."""
        found = self._loads.get(load)
        if found is None or found.driver is None:
            return
        said: dict[str, Any] = dict(attributes) if flags is None else {**attributes, "flags": dict(flags)}
        state = {**found.state, **said}
        changed = state != found.state or found.at is None
        found.at = self._clock.now()
        if changed:
            found.state = state
            self._publishing.state(found)
            self._settling.keep_state(found)
        if found.pressed is not None:
            found.pressed = buttons.reported(found.pressed, state)
        if found.waiting:
            self._hear(found, attributes, flags)

    def available(self, load: int, available: bool, reason: str | None) -> None:
        """A device can be reached, or not."""
        found = self._loads.get(load)
        if found is None or found.driver is None or found.available == available:
            return
        if found.available is not None or not available:
            LOG.info("load %d is %s%s", load, "available" if available else "away", f": {reason}" if reason else "")
        found.available = available
        self._publishing.available(found)

    def _hear(self, load: Load, attributes: Mapping[str, Any], flags: Mapping[str, int] | None) -> None:
        """The oldest command that the report answers is done, and those right behind it that it answers too.

        Those before it are over: a later command came first. One that is further behind waits for its own report: of
        off, on, off a first `off` says nothing about the third.
        """
        verdicts = [(waiting, waiting.hear(attributes, flags)) for waiting in load.waiting or []]
        answered = [verdict.outcome != receipts.WAITING for _, verdict in verdicts]
        first = answered.index(True) if True in answered else len(verdicts)
        for number, (waiting, verdict) in enumerate(verdicts):
            if number < first < len(verdicts):
                self._settle(load, waiting, receipts.DIFFERENT, SUPERSEDED)
            elif number >= first and all(answered[first : number + 1]):
                self._settle(load, waiting, verdict.outcome, verdict.reason)

    def _over(self, waiting: Waiting) -> None:
        load = self._known(waiting.order.load)
        verdict = waiting.verdict(available=load.available is not False, over=True)
        self._settle(load, waiting, verdict.outcome, verdict.reason)

    def _settle(self, load: Load, waiting: Waiting, outcome: str, reason: str | None) -> None:
        waiting.done = True
        load.waiting = [each for each in load.waiting or () if each is not waiting] or None
        receipt = waiting.order.receipt(
            load.name, outcome, reported=waiting.since or None, reason=reason, at=self._clock.now()
        )
        self._settling.settle(waiting.order, receipt)

    @property
    def _now(self) -> float:
        return self._clock.monotonic()

    def _known(self, number: int) -> Load:
        load = self._loads.get(number)
        assert load is not None
        return load


def _travel(load: Load) -> float:
    settings = load.settings
    return settings.virtual.travel if settings.driver == "virtual" else settings.travel


def _pressed(load: Load) -> Pressed:
    return load.pressed if load.pressed is not None else Pressed()


def _button_load(load: Load) -> ButtonLoad:
    settings = load.settings
    return ButtonLoad(settings.type, settings.sub_type, settings.restore_level, settings.favourite, _travel(load))
