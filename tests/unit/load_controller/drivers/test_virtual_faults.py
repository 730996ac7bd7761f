"""Virtual loads with faults: what they still do, and what they say."""

from __future__ import annotations

from typing import Any

import pytest

from services.load_controller.drivers.driver import Set
from services.load_controller.drivers.house import Drivers
from shared.errors import Invalid, NotFound, Unavailable
from shared.load_settings import LoadType, VirtualLoadSettings
from tests.support.clock import ManualClock
from tests.support.devices.recorder import Recorder
from tests.support.devices.virtual import started


async def test_an_unreachable_load_takes_no_command_and_comes_back_with_its_state(
    drivers: Drivers, heard: Recorder, clock: ManualClock
) -> None:
    driver = started(drivers, "dim")
    drivers.virtual.fault(1, "unreachable")
    assert heard.reachable(1) is False
    with pytest.raises(Unavailable):
        await driver.command(Set({"bri": 1}))
    with pytest.raises(Unavailable):
        await driver.ask_state()
    await clock.advance(10)
    assert len(heard.said) == 1
    drivers.virtual.fault(1, "")
    assert heard.reachable(1) is True
    assert len(heard.said) == 2


async def test_what_moves_goes_on_unseen_while_it_cannot_be_reached(
    drivers: Drivers, heard: Recorder, clock: ManualClock
) -> None:
    driver = started(drivers, "motor")
    await driver.command(Set({"level": 10000}))
    drivers.virtual.fault(1, "unreachable")
    await clock.advance(60)
    assert heard.state(1)["level"] == 0
    drivers.virtual.fault(1, "")
    assert heard.state(1) == {"level": 10000, "tilt": 0, "moving": "stop"}


STUCK: list[tuple[LoadType, dict[str, Any]]] = [
    ("onoff", {"bri": 10000}),
    ("dim", {"bri": 10000}),
    ("motor", {"level": 10000}),
]


@pytest.mark.parametrize(("kind", "target"), STUCK)
async def test_a_stuck_load_reports_that_nothing_changed(
    drivers: Drivers, heard: Recorder, clock: ManualClock, kind: LoadType, target: dict[str, Any]
) -> None:
    driver = started(drivers, kind, virtual=VirtualLoadSettings(fault="stuck"))
    before = heard.state(1)
    await driver.command(Set(target))
    await clock.advance(60)
    assert len(heard.said) == 2
    assert heard.state(1) == before
    assert heard.flags(1).get("timeout", 0) == int(kind == "motor")


OVERLOADED: list[tuple[LoadType, dict[str, Any], str]] = [
    ("onoff", {"bri": 10000}, "over_current"),
    ("dim", {"bri": 10000}, "over_current"),
    ("dali", {"bri": 10000}, "short_circuit"),
    ("motor", {"level": 10000}, "over_current"),
]


@pytest.mark.parametrize(("kind", "target", "flag"), OVERLOADED)
async def test_an_overloaded_load_gives_up_and_says_so(
    drivers: Drivers, heard: Recorder, clock: ManualClock, kind: LoadType, target: dict[str, Any], flag: str
) -> None:
    driver = started(drivers, kind)
    await driver.command(Set(target))
    await clock.advance(1)
    drivers.virtual.fault(1, "over_current")
    await clock.advance(60)
    assert heard.flags(1)[flag] == 1
    assert heard.state(1).get("bri", 0) == 0
    assert heard.state(1).get("moving", "stop") == "stop"
    await driver.command(Set(target))
    await clock.advance(1)
    assert heard.flags(1)[flag] == 1
    drivers.virtual.fault(1, "")
    await driver.command(Set(target))
    await clock.advance(60)
    assert heard.state(1).items() >= target.items()
    assert heard.flags(1)[flag] == 0


async def test_an_overloaded_light_can_be_switched_off(drivers: Drivers, heard: Recorder, clock: ManualClock) -> None:
    driver = started(drivers, "dim", virtual=VirtualLoadSettings(fault="over_current"))
    await driver.command(Set({"bri": 0}))
    await clock.advance(1)
    assert heard.flags(1)["over_current"] == 0


async def test_a_slow_load_needs_longer_for_all(drivers: Drivers, heard: Recorder, clock: ManualClock) -> None:
    driver = started(drivers, "dim")
    drivers.virtual.fault(1, "slow")
    await clock.advance(5)
    await driver.command(Set({"bri": 10000}))
    await clock.advance(1.9)
    assert heard.state(1) == {"bri": 0}
    await clock.advance(7)
    assert heard.state(1)["bri"] < 10000
    await clock.advance(3)
    assert heard.state(1) == {"bri": 10000}


async def test_a_valve_that_works_again_heats_again(drivers: Drivers, heard: Recorder, clock: ManualClock) -> None:
    driver = started(drivers, "hvac")
    drivers.virtual.fault(1, "stuck")
    await driver.command(Set({"target_temperature": 25}))
    await clock.advance(minutes=60)
    assert heard.state(1)["ambient_temperature"] == 12.0
    assert heard.flags(1)["valve_error"] == 1
    drivers.virtual.fault(1, "")
    await driver.command(Set({"target_temperature": 25}))
    await clock.advance(minutes=60)
    assert heard.state(1)["ambient_temperature"] == 25.0


async def test_a_fault_needs_a_virtual_load_and_a_name(drivers: Drivers) -> None:
    started(drivers, "dim")
    with pytest.raises(NotFound):
        drivers.virtual.fault(2, "stuck")
    with pytest.raises(Invalid):
        drivers.virtual.fault(1, "angry")


async def test_a_room_does_not_jump_when_its_valve_works_again(
    drivers: Drivers, heard: Recorder, clock: ManualClock
) -> None:
    driver = started(drivers, "hvac")
    drivers.virtual.fault(1, "stuck")
    await driver.command(Set({"target_temperature": 25}))
    await clock.advance(9.9)
    drivers.virtual.fault(1, "")
    await clock.advance(0.1)
    assert heard.state(1)["ambient_temperature"] == 20.7
