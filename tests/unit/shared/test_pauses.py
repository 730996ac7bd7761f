"""A wait that ends early leaves nothing behind, and hides no error."""

from __future__ import annotations

import asyncio

import pytest

from shared.pauses import first_of, jittered, pause
from tests.support.clock import ManualClock, settle


async def test_the_first_that_is_done_ends_the_wait_and_the_others() -> None:
    cancelled, begun = asyncio.Event(), asyncio.Event()

    async def long() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    await asyncio.wait_for(first_of(long(), begun.wait()), 5)
    await settle()
    assert cancelled.is_set()


async def test_what_the_first_one_raises_is_raised() -> None:
    async def fails() -> None:
        raise ValueError("so not")

    with pytest.raises(ValueError, match="so not"):
        await first_of(asyncio.Event().wait(), fails())


async def test_who_is_cancelled_while_waiting_leaves_nothing_running() -> None:
    before = asyncio.all_tasks()
    waiting = asyncio.ensure_future(first_of(asyncio.Event().wait(), asyncio.Event().wait()))
    await settle()
    waiting.cancel()
    await settle()
    assert asyncio.all_tasks() == before


async def test_a_pause_says_whether_it_was_the_end() -> None:
    clock, stopping = ManualClock(), asyncio.Event()
    paused = asyncio.ensure_future(pause(clock, stopping, 5))
    await clock.advance(5)
    assert await paused is False
    ended = asyncio.ensure_future(pause(clock, stopping, 5))
    await settle()
    stopping.set()
    assert await ended is True


def test_a_jittered_wait_is_half_to_all_of_it() -> None:
    assert all(1.0 <= jittered(2.0) <= 2.0 for _ in range(100))
