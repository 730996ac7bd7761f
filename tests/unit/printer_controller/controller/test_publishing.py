"""Samples keep their pace, changes go out at once, and versions only grow."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from services.printer_controller import publishing
from services.printer_controller.progress import Place
from services.printer_controller.publishing import Publishing
from services.printer_controller.view import Selection, View
from shared.contracts import topics
from shared.contracts.printers import Heater, JobFile, PrinterStatus
from shared.settings import PrinterSettings
from tests.support.bus import MemoryBus
from tests.support.clock import ManualClock

S = PrinterStatus
CHOSEN = Selection("x.gcode", "a" * 64, JobFile(name="x.gcode", path="x.gcode", display="x.gcode", size=1000), "alice")
PRINTING = View(S.PRINTING, selection=CHOSEN, run="run", place=Place(1, 10, 1000, 1.0))


class Shown:
    """A publisher over a view that the test changes."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.bus = MemoryBus(clock=self.clock)
        self.view = PRINTING
        settings = PrinterSettings(id="mk3", name="Prusa")
        bus: Any = self.bus
        self.publishing = Publishing(settings, lambda: self.view, bus, self.clock, owner="host", default=True)

    async def live(self, seconds: float, every: float = 0.25) -> None:
        """Time passes, progress and temperatures move, and samples are taken."""
        for step in range(int(seconds / every)):
            await self.clock.advance(every)
            place = Place(step + 2, step + 20, 1000, 1.0 + step)
            self.view = replace(self.view, place=place, heaters={"tool0": Heater(actual=20.0 + step)})
            self.publishing.sample()

    def count(self, topic: Any) -> int:
        return len(self.bus.of(topic, printer="mk3"))


@pytest.fixture
def shown() -> Shown:
    return Shown()


async def test_progress_goes_out_at_most_twice_a_second_while_printing(shown: Shown) -> None:
    await shown.live(10)
    assert 18 <= shown.count(topics.PRINTER_JOB) <= 20


async def test_temperatures_go_out_at_most_once_a_second(shown: Shown) -> None:
    await shown.live(10)
    assert 9 <= shown.count(topics.PRINTER_TEMPERATURE) <= 10


async def test_temperatures_that_stand_still_go_out_every_half_minute(shown: Shown) -> None:
    shown.view = replace(PRINTING, heaters={"bed": Heater(actual=60.0, target=60.0)})
    shown.publishing.sample()
    for _ in range(90):
        await shown.clock.advance(1)
        shown.publishing.sample()
    assert shown.count(topics.PRINTER_TEMPERATURE) == 4


async def test_nothing_is_sampled_while_nothing_changes(shown: Shown) -> None:
    shown.publishing.sample()
    before = shown.count(topics.PRINTER_JOB)
    for _ in range(20):
        await shown.clock.advance(1)
        shown.publishing.sample()
    assert shown.count(topics.PRINTER_JOB) == before


async def test_a_change_of_state_goes_out_at_once_with_its_job(shown: Shown) -> None:
    shown.publishing.changed()
    shown.view = replace(PRINTING, status=S.PAUSED)
    shown.publishing.changed()
    assert [state.state for state in shown.bus.of(topics.PRINTER_STATE)] == [S.PRINTING, S.PAUSED]
    assert shown.count(topics.PRINTER_JOB) == 2


async def test_what_a_command_changed_is_known_for_its_answer_and_goes_out_behind_it(shown: Shown) -> None:
    with shown.publishing.held():
        shown.view = replace(PRINTING, status=S.PAUSING)
        shown.publishing.changed()
    answered = shown.publishing.waiting()
    assert answered is not None
    assert (answered.state, shown.bus.published) == (S.PAUSING, [])
    await asyncio.sleep(0)
    assert shown.bus.of(topics.PRINTER_STATE) == [answered]
    assert shown.count(topics.PRINTER_JOB) == 1
    assert shown.publishing.waiting() is None


async def test_what_changes_right_after_a_command_is_not_overtaken_by_it(shown: Shown) -> None:
    with shown.publishing.held():
        shown.view = replace(PRINTING, status=S.PAUSING)
        shown.publishing.changed()
    answered = shown.publishing.waiting()
    shown.view = replace(PRINTING, status=S.PAUSED)
    shown.publishing.changed()
    await asyncio.sleep(0)
    (state,) = shown.bus.of(topics.PRINTER_STATE)
    assert answered is not None
    assert (state.state, state.version > answered.version) == (S.PAUSED, True)


async def test_a_command_that_changes_nothing_publishes_nothing(shown: Shown) -> None:
    with shown.publishing.held():
        pass
    assert shown.publishing.waiting() is None
    await asyncio.sleep(0)
    assert shown.bus.published == []


async def test_who_does_not_speak_for_the_printer_says_nothing_in_answers_either(shown: Shown) -> None:
    shown.publishing.muted = True
    with shown.publishing.held():
        shown.publishing.changed()
    assert shown.publishing.waiting() is None
    await asyncio.sleep(0)
    assert shown.bus.published == []


async def test_versions_grow_though_the_clock_stands_or_goes_back(shown: Shown) -> None:
    for _ in range(3):
        shown.publishing.everything()
    shown.clock.jump(-3600)
    shown.publishing.everything()
    versions = [p.message.version for p in shown.bus.published if p.topic is not topics.PRINTER_AVAILABLE]
    assert versions == sorted(set(versions))
    first = shown.bus.of(topics.PRINTER_STATE)[0]
    assert first.version == int(first.at.timestamp() * 1000)


async def test_every_retained_topic_is_published_again_when_asked(shown: Shown) -> None:
    count = shown.publishing.everything()
    assert count == len({p.name for p in shown.bus.published}) == 4
    assert all(p.retain for p in shown.bus.published)


@pytest.mark.parametrize("status", list(PrinterStatus))
async def test_available_says_whether_commands_can_be_taken(shown: Shown, status: PrinterStatus) -> None:
    shown.view = View(status)
    shown.publishing.changed()
    able = status not in (S.OFFLINE, S.OPENING, S.DETECTING, S.CONNECTING, S.ERROR, S.OFFLINE_AFTER_ERROR)
    assert shown.bus.last(topics.PRINTER_AVAILABLE) == ("online" if able else "offline")


async def test_a_printer_that_is_gone_leaves_no_retained_topic(shown: Shown) -> None:
    await publishing.clear(shown.bus, "old")  # type: ignore[arg-type]
    assert {(p.name, p.payload) for p in shown.bus.published} == {
        (f"jobwire/printer/old/{what}", b"") for what in ("state", "job", "temperature", "available")
    }
