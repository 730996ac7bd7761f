"""What was accepted before a crash goes on after it: targets are set again, steps are not, too late is too late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.load_controller import orders, runs
from services.load_controller.controller import telling
from services.load_controller.models import TABLES
from services.load_controller.orders import Command, Order
from services.load_controller.service import NAME
from shared.contracts.messages import Caller
from shared.settings import Settings
from tests.support.bus import MemoryBus
from tests.support.clock import ManualClock
from tests.support.database import open_store
from tests.support.loads import load_rig

RUN = "01900000-0000-7000-8000-000000000001"


async def left_behind(settings: Settings, clock: ManualClock, *commands: tuple[int, Command, bool]) -> None:
    """A run whose controller died: load, command and whether it may have been sent."""
    store = await open_store(settings, NAME, *TABLES)
    now = clock.now()
    made = [
        Order(RUN, number, load, command, now + timedelta(seconds=orders.GOOD_FOR), sent)
        for number, (load, command, sent) in enumerate(commands)
    ]
    bus: Any = MemoryBus()
    async with store.quickly() as tx:
        record = runs.accepted(RUN, 1, Caller(name="anna", via="wiser"), [order.receipt("") for order in made], now)
        await runs.store(tx, telling(settings, bus, now), record)
        for order in made:
            await orders.store(tx, order)
    await store.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def test_a_target_is_set_again_and_the_run_ends(database_settings: Settings, clock: ManualClock) -> None:
    target = Command(target={"bri": 10000})
    await left_behind(database_settings, clock, (2, target, True), (3, target, False))
    async with load_rig(database_settings, clock) as rig:
        record = await rig.ended(RUN, seconds=2)
        assert record.status == "succeeded", record
        assert (rig.state(2)["bri"], rig.state(3)["bri"]) == (10000, 10000)


async def test_a_step_that_may_have_been_done_is_not_done_again(
    database_settings: Settings, clock: ManualClock
) -> None:
    step = Command(button="down", event="click", once=True)
    await left_behind(database_settings, clock, (4, step, True))
    async with load_rig(database_settings, clock) as rig:
        record = await rig.ended(RUN, seconds=5)
        assert (record.status, record.receipts[0]["outcome"]) == ("failed", "silent")
        assert rig.state(4)["tilt"] == 0


async def test_a_press_that_was_not_sent_is_sent(database_settings: Settings, clock: ManualClock) -> None:
    await left_behind(database_settings, clock, (2, Command(button="toggle", event="click"), False))
    async with load_rig(database_settings, clock) as rig:
        record = await rig.ended(RUN, seconds=2)
        assert (record.status, rig.state(2)["bri"]) == ("succeeded", 10000)


async def test_nothing_acts_after_its_time(database_settings: Settings, clock: ManualClock) -> None:
    await left_behind(database_settings, clock, (2, Command(target={"bri": 10000}), False))
    await clock.advance(orders.GOOD_FOR + 1)
    async with load_rig(database_settings, clock) as rig:
        record = await rig.ended(RUN, seconds=2)
        assert (record.receipts[0]["outcome"], rig.state(2)["bri"]) == ("unreachable", 0)


async def test_a_load_that_is_gone_is_skipped(database_settings: Settings, clock: ManualClock) -> None:
    await left_behind(database_settings, clock, (77, Command(target={"bri": 10000}), True))
    async with load_rig(database_settings, clock) as rig:
        record = await rig.ended(RUN, seconds=1)
        assert record.receipts[0]["outcome"] == "skipped"


async def test_a_script_that_was_running_is_not_run_again(database_settings: Settings, clock: ManualClock) -> None:
    await left_behind(database_settings, clock, (0, Command(script="a.py", entry="onStart", once=True), False))
    async with load_rig(database_settings, clock) as rig:
        record = await rig.ended(RUN, seconds=1)
        assert record.status == "failed"
        assert record.reason == "script a.py: refused, the controller stopped while it ran"


async def test_a_load_is_what_it_was(database_settings: Settings, clock: ManualClock) -> None:
    await left_behind(database_settings, clock, (1, Command(target={"bri": 4000}), False))
    async with load_rig(database_settings, clock) as rig:
        await rig.ended(RUN, seconds=5)
    async with load_rig(database_settings, clock) as again:
        assert again.state(1)["bri"] == 4000
