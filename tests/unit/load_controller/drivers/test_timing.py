"""Timers of many loads in one task."""

from __future__ import annotations

import asyncio
import functools

from services.load_controller.drivers.timing import Timers
from tests.support.clock import ManualClock


async def test_what_is_due_first_is_called_first(clock: ManualClock) -> None:
    timers = Timers(clock)
    called: list[tuple[float, float]] = []

    def note(seconds: float) -> None:
        called.append((seconds, clock.monotonic()))

    for seconds in (3.0, 1.0, 2.0, 1.0):
        timers.after(seconds, functools.partial(note, seconds))
    await clock.advance(2.5)
    assert [seconds for seconds, _ in called] == [1.0, 1.0, 2.0]
    await clock.advance(1)
    assert [round(at - 1000, 3) for _, at in called] == [1.0, 1.0, 2.0, 3.0]
    await timers.close()


async def test_a_cancelled_one_is_not_called_and_a_failed_one_stops_nothing(clock: ManualClock) -> None:
    timers, called = Timers(clock), []
    timers.after(1, lambda: called.append("cancelled")).cancel()
    timers.after(1, lambda: 1 // 0)
    timers.after(1, lambda: called.append("kept"))
    await clock.advance(2)
    assert called == ["kept"]
    await timers.close()


async def test_one_that_is_set_while_others_are_called_is_called_too(clock: ManualClock) -> None:
    timers, called = Timers(clock), []

    def again() -> None:
        called.append(clock.monotonic())
        if len(called) < 3:
            timers.after(1, again)

    timers.after(1, again)
    await clock.advance(10)
    assert [at - 1000 for at in called] == [1, 2, 3]
    await timers.close()


async def test_cancelled_ones_do_not_pile_up(clock: ManualClock) -> None:
    timers = Timers(clock)
    for _ in range(20_000):
        timers.after(60, lambda: None).cancel()
    assert len(timers) < 3000
    await timers.close()


async def test_nothing_runs_when_nothing_is_due_or_all_is_closed(clock: ManualClock) -> None:
    before, called = len(asyncio.all_tasks()), []
    timers = Timers(clock)
    assert len(asyncio.all_tasks()) == before
    timers.after(1, lambda: called.append(1))
    await clock.advance(2)
    assert len(asyncio.all_tasks()) == before
    timers.after(1, lambda: called.append(2))
    await timers.close()
    timers.after(1, lambda: called.append(3))
    await clock.advance(5)
    assert called == [1]
