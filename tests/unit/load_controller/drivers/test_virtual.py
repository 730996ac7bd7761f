"""Virtual loads: how long things take, and what is reported on the way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.load_controller.drivers.driver import (
    DriverCommand,
    Fade,
    Ping,
    Set,
    StopMoving,
    TiltStep,
)
from services.load_controller.drivers.house import Drivers
from shared.errors import NotFound
from shared.load_settings import LoadSettings, LoadType, VirtualLoadSettings
from tests.support.clock import ManualClock
from tests.support.devices.recorder import Recorder
from tests.support.devices.virtual import started

STARTS: list[tuple[LoadType, str, dict[str, Any], dict[str, Any]]] = [
    ("onoff", "", {}, {"bri": 0}),
    ("dim", "", {"bri": 700}, {"bri": 700}),
    ("dali", "tw", {"ct": 3000}, {"bri": 0, "ct": 3000}),
    ("dali", "rgb", {}, {"bri": 0, "red": 255, "green": 255, "blue": 255, "white": 0}),
    ("motor", "", {"level": 10, "tilt": 3}, {"level": 10, "tilt": 3, "moving": "stop"}),
]


@pytest.mark.parametrize(("kind", "sub_type", "last", "state"), STARTS)
async def test_it_begins_as_it_was_and_says_so_at_once(
    drivers: Drivers, heard: Recorder, kind: LoadType, sub_type: str, last: dict[str, Any], state: dict[str, Any]
) -> None:
    started(drivers, kind, sub_type, **last)
    assert heard.state(1) == state
    assert heard.availability == [(1, True, None)]


async def test_a_switch_is_on_when_it_says_so(drivers: Drivers, heard: Recorder, clock: ManualClock) -> None:
    driver = started(drivers, "onoff")
    await driver.command(Set({"bri": 1}))
    assert len(heard.said) == 1
    await clock.advance(0.02)
    assert heard.state(1) == {"bri": 10000}


@pytest.mark.parametrize(("impulse", "over"), [(0.5, 0.5), (120.0, 120.0), (0.0, 60.0)])
async def test_an_output_with_a_time_switches_itself_off(
    drivers: Drivers, heard: Recorder, clock: ManualClock, impulse: float, over: float
) -> None:
    driver = started(drivers, "onoff", "dto", virtual=VirtualLoadSettings(impulse=impulse))
    await driver.command(Set({"bri": 10000}))
    await clock.advance(over - 0.1)
    assert heard.state(1) == {"bri": 10000}
    await driver.command(Set({"bri": 10000}))  # once more: the time begins anew
    await clock.advance(over - 0.1)
    assert heard.state(1) == {"bri": 10000}
    await clock.advance(0.2)
    assert heard.state(1) == {"bri": 0}


async def test_an_impulse_shorter_than_its_report_is_reported_all_the_same(
    drivers: Drivers, heard: Recorder, clock: ManualClock
) -> None:
    driver = started(drivers, "onoff", "dto", virtual=VirtualLoadSettings(impulse=0.01, report_after=0.5))
    await driver.command(Set({"bri": 10000}))
    await clock.advance(1)
    assert [state["bri"] for _, state, _ in heard.said] == [0, 10000, 0]


async def test_an_output_that_was_on_before_a_restart_switches_itself_off_too(
    drivers: Drivers, heard: Recorder, clock: ManualClock
) -> None:
    started(drivers, "onoff", "dto", bri=10000)
    await clock.advance(61)
    assert heard.state(1) == {"bri": 0}


async def test_a_dimmer_fades_and_says_where_it_is(drivers: Drivers, heard: Recorder, clock: ManualClock) -> None:
    driver = started(drivers, "dim", virtual=VirtualLoadSettings(fade=10))
    await driver.command(Set({"bri": 10000}))
    await clock.advance(5)
    assert heard.state(1)["bri"] == pytest.approx(4000, abs=50)
    assert heard.flags(1)["fading"] == heard.flags(1)["direction"] == 1
    await clock.advance(6)
    assert heard.state(1) == {"bri": 10000}
    assert heard.flags(1)["fading"] == 0


async def test_a_fade_goes_on_until_it_is_stopped(drivers: Drivers, heard: Recorder, clock: ManualClock) -> None:
    driver = started(drivers, "dali", bri=0)
    await driver.command(Fade("up"))
    await clock.advance(1)
    await driver.command(StopMoving())
    await clock.advance(30)
    assert heard.state(1) == {"bri": 5000}
    await driver.command(Fade("down"))
    await clock.advance(30)
    assert heard.state(1) == {"bri": 0}


async def test_a_switch_cannot_fade(drivers: Drivers, heard: Recorder, clock: ManualClock) -> None:
    driver = started(drivers, "onoff")
    await driver.command(Fade("up"))
    await clock.advance(30)
    assert heard.state(1) == {"bri": 0}


async def test_colours_are_there_at_once(drivers: Drivers, heard: Recorder, clock: ManualClock) -> None:
    driver = started(drivers, "dali", "rgb")
    await driver.command(Set({"red": 1, "green": 2, "blue": 3, "white": 4}))
    await clock.advance(0.1)
    assert heard.state(1) == {"bri": 0, "red": 1, "green": 2, "blue": 3, "white": 4}


async def test_a_blind_takes_its_time_and_then_turns_its_slats(
    drivers: Drivers, heard: Recorder, clock: ManualClock
) -> None:
    driver = started(drivers, "motor")
    await driver.command(Set({"level": 10000, "tilt": 6}))
    await clock.advance(10.01)
    assert heard.state(1) == {"level": 5000, "tilt": 0, "moving": "down"}
    assert heard.flags(1)["moving"] == 1
    await clock.advance(11)
    assert heard.state(1) == {"level": 10000, "tilt": 0, "moving": "down"}
    await clock.advance(3)
    assert heard.state(1) == {"level": 10000, "tilt": 6, "moving": "stop"}
    assert heard.flags(1)["moving"] == 0


async def test_a_tilt_told_on_the_way_is_turned_to_at_its_end(
    drivers: Drivers, heard: Recorder, clock: ManualClock
) -> None:
    driver = started(drivers, "motor")
    await driver.command(Set({"level": 5000}))
    await clock.advance(1)
    await driver.command(Set({"tilt": 9}))
    await clock.advance(60)
    assert heard.state(1) == {"level": 5000, "tilt": 9, "moving": "stop"}


async def test_a_later_level_replaces_the_earlier(drivers: Drivers, heard: Recorder, clock: ManualClock) -> None:
    driver = started(drivers, "motor")
    await driver.command(Set({"level": 10000, "tilt": 9}))
    await clock.advance(10)
    await driver.command(Set({"level": 4000}))
    await clock.advance(0.1)
    assert heard.state(1)["moving"] == "up"
    await clock.advance(60)
    assert heard.state(1) == {"level": 4000, "tilt": 0, "moving": "stop"}


async def test_a_blind_stops_where_it_is(drivers: Drivers, heard: Recorder, clock: ManualClock) -> None:
    driver = started(drivers, "motor")
    await driver.command(Set({"level": 10000, "tilt": 9}))
    await clock.advance(5)
    await driver.command(StopMoving())
    await clock.advance(60)
    assert heard.state(1) == {"level": 2500, "tilt": 0, "moving": "stop"}


STEPS: list[tuple[DriverCommand, int, int]] = [
    (TiltStep("down"), 3, 4),
    (TiltStep("up"), 3, 2),
    (TiltStep("up"), 0, 0),
    (TiltStep("down"), 9, 9),
]


@pytest.mark.parametrize(("step", "before", "after"), STEPS)
async def test_a_step_turns_the_slats_by_one(
    drivers: Drivers, heard: Recorder, clock: ManualClock, step: DriverCommand, before: int, after: int
) -> None:
    driver = started(drivers, "motor", level=10000, tilt=before)
    await driver.command(step)
    await clock.advance(1)
    assert heard.state(1) == {"level": 10000, "tilt": after, "moving": "stop"}


async def test_a_room_slowly_becomes_as_warm_as_it_should(
    drivers: Drivers, heard: Recorder, clock: ManualClock
) -> None:
    driver = started(drivers, "hvac")
    assert heard.state(1)["heating_cooling_level"] == 0
    await driver.command(Set({"target_temperature": 24}))
    await clock.advance(1)
    assert heard.state(1)["target_temperature"] == 24
    assert heard.state(1)["heating_cooling_level"] == 10000
    assert heard.flags(1)["output_on"] == 1
    await clock.advance(minutes=5)
    assert 22.5 < heard.state(1)["ambient_temperature"] < 23.5
    await clock.advance(minutes=60)
    assert heard.state(1)["ambient_temperature"] == 24.0
    assert heard.state(1)["heating_cooling_level"] == 0
    assert clock.sleeping == 0


async def test_a_boost_is_added_and_minus_99_switches_off(
    drivers: Drivers, heard: Recorder, clock: ManualClock
) -> None:
    driver = started(drivers, "hvac")
    await driver.command(Set({"boost_temperature": 1.5}))
    await clock.advance(minutes=60)
    assert heard.state(1)["ambient_temperature"] == 22.5
    assert heard.state(1)["target_temperature"] == 21
    await driver.command(Set({"boost_temperature": -99}))
    await clock.advance(minutes=5)
    assert heard.state(1)["boost_temperature"] == -99
    assert heard.state(1)["ambient_temperature"] < 21
    assert heard.flags(1)["output_on"] == 0


async def test_a_question_is_answered(drivers: Drivers, heard: Recorder, clock: ManualClock) -> None:
    driver = started(drivers, "dim")
    await driver.ask_state()
    await driver.command(Ping())
    await clock.advance(1)
    assert [state for _, state, _ in heard.said] == [{"bri": 0}] * 2


async def test_a_closed_load_says_nothing_more(drivers: Drivers, heard: Recorder, clock: ManualClock) -> None:
    driver = started(drivers, "dim")
    await driver.command(Set({"bri": 10000}))
    await driver.close()
    await clock.advance(60)
    assert len(heard.said) == 1
    with pytest.raises(NotFound):
        drivers.virtual.fault(1, "stuck")


async def test_a_load_taken_again_before_the_old_one_is_closed_is_kept(drivers: Drivers) -> None:
    old = started(drivers, "dim")
    started(drivers, "dim")
    await old.close()
    drivers.virtual.fault(1, "stuck")


async def test_loads_at_rest_need_no_task(drivers: Drivers, heard: Recorder, clock: ManualClock) -> None:
    before = len(asyncio.all_tasks())
    for number in range(1, 501):
        drivers.driver(LoadSettings(id=number, type="dim")).start()
    assert len(asyncio.all_tasks()) == before
    assert len(heard.said) == 500
