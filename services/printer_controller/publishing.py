"""A printer's retained topics: each change at once, samples at their pace, everything again when asked.

A change that a command led to stands in the command's answer, and goes out right behind it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from msgspec import Struct

from services.printer_controller import view as views
from services.printer_controller.progress import Place
from services.printer_controller.view import Stamp, View
from shared.bus import Bus
from shared.clock import Clock
from shared.contracts import topics
from shared.contracts.printers import Heater, PrinterState
from shared.contracts.topics import Topic
from shared.settings import PrinterSettings

JOB_EVERY = 0.5  # seconds between samples of a print's progress
TEMPERATURE_EVERY = 1.0  # seconds between samples that differ
TEMPERATURE_AT_LEAST = 30.0  # seconds between samples when nothing changes, as a sign of life
TOPICS = (topics.PRINTER_STATE, topics.PRINTER_JOB, topics.PRINTER_TEMPERATURE, topics.PRINTER_AVAILABLE)


class Publishing:
    """Publishes what `look` answers. Nothing here waits: the bus keeps the newest of each topic until it can go out.

    `glance` answers as `look`, of the state alone. `muted` while another controller speaks for the printer.
    """

    def __init__(
        self,
        settings: PrinterSettings,
        look: Callable[[], View],
        bus: Bus,
        clock: Clock,
        *,
        owner: str,
        default: bool,
        glance: Callable[[], View] | None = None,
    ) -> None:
        self._settings = settings
        self._look = look
        self._glance = glance or look
        self._bus = bus
        self._clock = clock
        self._owner = owner
        self._default = default
        self.muted = False
        self._availability = ""
        self._holding = False
        self._waits = False
        self._next: PrinterState | None = None
        self._version = int(clock.now().timestamp() * 1000) - 1  # what an earlier process published is older
        self._place: Place | None = None
        self._heaters: Mapping[str, Heater] = {}
        self._job_at = 0.0
        self._temperature_at = 0.0

    def everything(self) -> int:
        """Publish all four topics again; answers how many."""
        view = self._look()
        self._state(view, again=True)
        self._job(view)
        self._temperatures(view)
        return len(TOPICS)

    def changed(self) -> None:
        """Something other than progress or temperatures changed: state and job go out at once, unless held."""
        if self._holding:
            self._waits, self._next = True, None
            return
        view = self._look()
        self._state(view)
        self._job(view)

    def hand_over(self) -> None:
        """Another controller speaks for the printer from now on: say nothing more, on a new connection neither."""
        self.muted = True
        for topic in TOPICS:
            self._bus.forget(topic, printer=self._settings.id)

    @contextmanager
    def held(self) -> Iterator[None]:
        """A command takes effect: what changes inside goes out in the loop's next turn, behind the command's answer."""
        self._holding = True
        try:
            yield
        finally:
            self._holding = False
            if self._waits:
                asyncio.get_running_loop().call_soon(self._release)

    def waiting(self) -> PrinterState | None:
        """The state that is about to go out; None when nothing is."""
        if self._waits and self._next is None and not self.muted:
            self._next = self._made(self._glance())
        return self._next

    def _release(self) -> None:
        if self._waits:  # else something newer went out meanwhile
            view = self._look()
            self._state(view, self._next)
            self._job(view)

    def contradict(self, said: str) -> None:
        """Somebody has published `said` as our availability; ours stands again when it is another."""
        if self._availability not in ("", said):
            self._publish(topics.PRINTER_AVAILABLE, self._availability)

    def job_changed(self) -> None:
        """The selection or what is shown of the last print changed."""
        self._job(self._look())

    def sample(self) -> None:
        """Called often: publish progress and temperatures that are due."""
        view, now = self._look(), self._clock.monotonic()
        if now - self._job_at >= JOB_EVERY and view.place != self._place and view.status in views.UNDERWAY:
            self._job(view)
        pause = TEMPERATURE_EVERY if view.heaters != self._heaters else TEMPERATURE_AT_LEAST
        if view.heaters and now - self._temperature_at >= pause:
            self._temperatures(view)

    def _state(self, view: View, made: PrinterState | None = None, *, again: bool = False) -> None:
        self._publish(topics.PRINTER_STATE, made or self._made(view))
        self._waits, self._next = False, None
        availability = views.availability(view.status)
        if again or availability != self._availability:
            self._availability = availability
            self._publish(topics.PRINTER_AVAILABLE, availability)

    def _made(self, view: View) -> PrinterState:
        return views.state(self._settings, view, self._owner, self._default, self._stamp())

    def _job(self, view: View) -> None:
        self._job_at = self._clock.monotonic()
        self._place = view.place
        self._publish(topics.PRINTER_JOB, views.job(view, self._stamp()))

    def _temperatures(self, view: View) -> None:
        self._temperature_at = self._clock.monotonic()
        self._heaters = dict(view.heaters)
        self._publish(topics.PRINTER_TEMPERATURE, views.temperature(view.heaters, self._stamp()))

    def _publish(self, topic: Topic, message: Struct | str) -> None:
        if not self.muted:
            self._bus.publish_latest(topic, message, printer=self._settings.id)

    def _stamp(self) -> Stamp:
        now = self._clock.now()
        self._version = max(self._version + 1, int(now.timestamp() * 1000))
        return Stamp(now, self._version)


async def clear(bus: Bus, printer: str) -> None:
    """Remove the retained topics of a printer that is configured no more. Raises what the bus raises."""
    for topic in TOPICS:
        name = topic.build(bus.base, printer=printer)
        await bus.publish_raw(name, b"", qos=1, retain=True, expiry=None, message_id=None)
