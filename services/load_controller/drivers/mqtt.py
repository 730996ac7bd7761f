"""Loads that are MQTT devices: commands go to their topics, their reports and availability come back.

A device that can be asked is asked: at the start, when it does not report after a command, when it was silent for long;
one that does not answer is unreachable until it is heard of again, and asked less and less often.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from services.load_controller.drivers.driver import DriverCommand, Fade, Reports, Set, StopMoving, TiltStep
from services.load_controller.drivers.mqtt_messages import LARGEST, Message, Template
from services.load_controller.drivers.mqtt_templates import template_of
from services.load_controller.drivers.timing import Alarm, Timers
from services.load_controller.rules.attributes import FULL, TILTS
from shared.clock import Clock
from shared.errors import JobError, Refused, Unavailable
from shared.load_settings import LoadSettings

LOG = logging.getLogger(__name__)

COMMAND_GOOD_FOR = 10  # seconds: a broker that keeps a command longer forgets it
IDLE = 300.0  # seconds of silence after which a device without an availability topic is asked
BACK_OFF_TO = 300.0
TURN = 0.05  # seconds between two questions of one process: radio networks are slow
UNANSWERED, MOST_UNANSWERED = 2, 10  # questions
FADE_STEP, FADE_EVERY = 500, 0.25  # a full fade in five seconds, for devices that cannot fade themselves
LEVEL_STEP = 500  # a step of a blind without slats

RawHandler = Callable[[str, bytes, bool], None]


class RawBus(Protocol):
    """The part of the bus that reaches topics which are not ours."""

    def follow_raw(self, filter: str, handler: RawHandler) -> None: ...

    def unfollow_raw(self, filter: str, handler: RawHandler) -> None: ...

    async def publish_raw(
        self, topic: str, payload: bytes, *, qos: int, retain: bool, expiry: int | None, message_id: str | None
    ) -> None: ...


class MqttHouse:
    """What the MQTT loads of a process share: the bus, timers, and turns for questions."""

    def __init__(self, reports: Reports, clock: Clock, timers: Timers, bus: RawBus) -> None:
        self.reports, self.clock, self.timers = reports, clock, timers
        self._bus = bus
        self._followed: dict[str, _Followed] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._next_turn = 0.0

    def driver(self, load: LoadSettings) -> MqttDriver:
        """The driver of a load. Raises `Invalid` (`bad_load`)."""
        return MqttDriver(load, template_of(load), self)

    def follow(self, topic: str, handler: RawHandler) -> None:
        """Several loads may share a topic; one that comes later hears first what was said last."""
        followed = self._followed.get(topic)
        if followed is None:
            followed = self._followed[topic] = _Followed()
            self._bus.follow_raw(topic, followed.heard)
        followed.handlers[handler] = None
        if followed.last is not None:
            handler(topic, followed.last, True)

    def unfollow(self, topic: str, handler: RawHandler) -> None:
        """The end of that."""
        followed = self._followed.get(topic)
        if followed is None or handler not in followed.handlers:
            return
        del followed.handlers[handler]
        if not followed.handlers:
            del self._followed[topic]
            self._bus.unfollow_raw(topic, followed.heard)

    async def publish(self, messages: list[Message]) -> None:
        """Publish one after another. Raises `Unavailable`."""
        for message in messages:
            await self._bus.publish_raw(
                message.topic, message.payload, qos=1, retain=False, expiry=COMMAND_GOOD_FOR, message_id=None
            )

    def turn(self) -> float:
        """Seconds until the next question may be asked."""
        now = self.clock.monotonic()
        self._next_turn = max(now, self._next_turn) + TURN
        return self._next_turn - TURN - now

    def in_background(self, publishing: Coroutine[Any, Any, None]) -> None:
        """Do it without anybody waiting; what is wrong is logged."""
        task = asyncio.get_running_loop().create_task(_quietly(publishing), name="question to a load")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """End what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class _Followed:
    """A topic, the loads that follow it, and what was said there last."""

    __slots__ = ("handlers", "last")

    def __init__(self) -> None:
        self.handlers: dict[RawHandler, None] = {}
        self.last: bytes | None = None

    def heard(self, topic: str, payload: bytes, retained: bool) -> None:
        if len(payload) > LARGEST:
            LOG.debug("%d bytes on %s are no report of a load", len(payload), topic)
            return
        self.last = payload
        for handler in list(self.handlers):
            handler(topic, payload, retained)


async def _quietly(publishing: Coroutine[Any, Any, None]) -> None:
    try:
        await publishing
    except JobError as error:
        LOG.debug("a load could not be asked: %s", error.message)


class MqttDriver:
    """One load. It is `heard` of by live messages; retained ones may be old and say only how it was."""

    def __init__(self, load: LoadSettings, template: Template, house: MqttHouse) -> None:
        self._load, self._template, self._house = load, template, house
        self._known: dict[str, Any] = {}
        self._says: bool | None = None  # its availability topic
        self._heard: bool | None = None  # whether it answers; None as long as nobody knows
        self._told: bool | None = None
        self._unanswered = 0
        self._waits_for = False  # whether a report is due
        self._asked = False  # whether the last question reached the broker
        self._check: Alarm | None = None
        self._fade: Alarm | None = None
        self._closed = False

    def start(self) -> None:
        """Listen, and ask when it is this load's turn."""
        for topic in self._template.topics:
            self._house.follow(topic, self._on_message)
        if self._asks:
            self._check_in(self._house.turn())

    async def command(self, command: DriverCommand) -> None:
        """Published and taken by the broker when this returns."""
        if self._says is False:
            raise Unavailable(f"load {self._load.id} is offline", code="unreachable")
        messages = self._template.messages(command)
        self._end_fade()
        if messages is None:
            await self._instead(command)
        else:
            await self._house.publish(messages)
        if self._asks:
            self._waits_for = True
            self._check_in(self._load.report_within / 2)

    async def ask_state(self) -> None:
        """Ask it, if it can be asked."""
        await self._house.publish(self._template.questions())

    async def close(self) -> None:
        """Listen no more."""
        self._closed = True
        for topic in self._template.topics:
            self._house.unfollow(topic, self._on_message)
        self._end_fade()
        if self._check is not None:
            self._check.cancel()

    # what devices cannot do themselves

    async def _instead(self, command: DriverCommand) -> None:
        match command:
            case Fade(direction):
                self._fade_on(self._known.get("bri", 0), FADE_STEP if direction == "up" else -FADE_STEP)
            case StopMoving() if "bri" in self._known:
                await self._house.publish(self._template.messages(Set({"bri": self._known["bri"]})) or [])
            case TiltStep(direction):
                await self._house.publish(self._step(-1 if direction == "up" else 1))
            case _:
                raise Refused(f"load {self._load.id} cannot do that", code="not_supported")

    def _step(self, step: int) -> list[Message]:
        for name, size, most in (("tilt", 1, TILTS), ("level", LEVEL_STEP, FULL)):
            if name in self._known:
                wanted = min(most, max(0, self._known[name] + step * size))
                return self._template.messages(Set({name: wanted})) or []
        raise Refused(f"load {self._load.id} has not said where it is", code="position_unknown")

    def _fade_on(self, bri: int, step: int) -> None:
        bri = self._known["bri"] = min(FULL, max(0, bri + step))
        self._house.in_background(self._house.publish(self._template.messages(Set({"bri": bri})) or []))
        if 0 < bri < FULL:
            self._fade = self._house.timers.after(FADE_EVERY, lambda: self._fade_on(bri, step))

    def _end_fade(self) -> None:
        if self._fade is not None:
            self._fade.cancel()
            self._fade = None

    # what it says

    def _on_message(self, topic: str, payload: bytes, retained: bool) -> None:
        reading = self._template.read(topic, payload)
        if reading is None or self._closed:
            return
        if reading.reachable is not None:
            self._says = reading.reachable
            if self._says:
                self._came_back()
        if reading.attributes or reading.flags:
            self._known.update(reading.attributes)
            if not retained:
                self._answered()
        self._say_available()
        if reading.attributes or reading.flags:
            self._house.reports.reported(self._load.id, reading.attributes, reading.flags)

    def _answered(self) -> None:
        self._heard, self._unanswered, self._waits_for = True, 0, False
        if self._asks:
            self._check_in(IDLE * random.uniform(0.8, 1.2))  # noqa: S311 - jitter

    def _came_back(self) -> None:
        """It, or the broker, was away: what it said meanwhile was not heard."""
        self._heard = None if self._heard is False else self._heard
        if self._asks:
            self._waits_for = True
            self._check_in(self._house.turn())

    def _say_available(self) -> None:
        available = False if self._says is False else self._heard if self._heard is not None else self._says
        if available is None or available == self._told:
            return
        self._told = available
        reason = None if available else "it says that it is offline" if self._says is False else "it does not answer"
        self._house.reports.available(self._load.id, available, reason)

    # asking it

    @property
    def _asks(self) -> bool:
        return bool(self._template.questions())

    def _check_in(self, seconds: float) -> None:
        if self._check is not None:
            self._check.cancel()
        self._check = self._house.timers.after(seconds, self._question)

    def _question(self) -> None:
        """Ask, and look later whether it has answered. A device that says whether it is there is left in peace."""
        if self._says is False or (self._says and self._heard and not self._waits_for):
            self._check_in(IDLE)
            return
        self._waits_for, self._asked = True, False
        self._house.in_background(self._ask())
        self._check = self._house.timers.after(self._load.report_within, self._not_answered)

    async def _ask(self) -> None:
        await self.ask_state()
        self._asked = True

    def _not_answered(self) -> None:
        """Its own word that it is online counts more: devices on batteries sleep. So does a broker that was away."""
        if self._asked:
            self._unanswered = min(self._unanswered + 1, MOST_UNANSWERED)
        if self._unanswered >= UNANSWERED and not self._says:
            self._heard = False
            self._say_available()
        pause = min(BACK_OFF_TO, self._load.report_within * 2.0**self._unanswered)
        self._check_in(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
