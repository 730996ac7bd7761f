"""Drivers of MQTT devices: what is heard, asked and concluded."""

from __future__ import annotations

from typing import Any

import pytest

from services.load_controller.drivers.driver import Driver, Fade, Ping, Set, StopMoving, TiltStep
from services.load_controller.drivers.house import Drivers
from shared.errors import Refused, Unavailable
from shared.load_settings import LoadSettings, LoadType, MqttLoadSettings
from tests.support.clock import ManualClock
from tests.support.devices.raw_bus import MemoryRawBus
from tests.support.devices.recorder import Recorder

LAMP = "zigbee2mqtt/lamp"
NODE = "hall/light/lamp"


def started(
    drivers: Drivers, template: str = "zigbee2mqtt", kind: LoadType = "dim", load: int = 1, **mqtt: Any
) -> Driver:
    settings = MqttLoadSettings(template=template, **{"device": "lamp", **mqtt})  # type: ignore[arg-type]
    driver = drivers.driver(LoadSettings(id=load, type=kind, driver="mqtt", report_within=5.0, mqtt=settings))
    driver.start()
    return driver


async def test_a_command_is_published_and_the_report_heard(
    drivers: Drivers, heard: Recorder, bus: MemoryRawBus
) -> None:
    driver = started(drivers)
    await driver.command(Set({"bri": 5000}))
    assert bus.texts(f"{LAMP}/set") == ['{"state":"ON","brightness":127}']
    assert heard.said == []
    bus.say(LAMP, {"state": "ON", "brightness": 127})
    assert heard.said == [(1, {"bri": 5000}, None)]
    assert heard.availability == [(1, True, None)]


async def test_what_was_changed_by_hand_is_heard_too(drivers: Drivers, heard: Recorder, bus: MemoryRawBus) -> None:
    started(drivers)
    bus.say(LAMP, {"state": "OFF"})
    assert heard.state(1) == {"bri": 0}


async def test_a_retained_state_says_how_it_was_and_not_that_it_is_there(
    drivers: Drivers, heard: Recorder, bus: MemoryRawBus
) -> None:
    started(drivers)
    bus.say(LAMP, {"state": "ON", "brightness": 254}, retained=True)
    assert heard.state(1) == {"bri": 10000}
    assert heard.availability == []


async def test_availability_is_honoured(drivers: Drivers, heard: Recorder, bus: MemoryRawBus) -> None:
    driver = started(drivers)
    bus.say(f"{LAMP}/availability", '{"state":"offline"}', retained=True)
    assert heard.reachable(1) is False
    with pytest.raises(Unavailable):
        await driver.command(Set({"bri": 1}))
    assert bus.published == []
    bus.say(f"{LAMP}/availability", '{"state":"online"}')
    assert heard.reachable(1) is True
    await driver.command(Set({"bri": 1}))


async def test_a_device_that_comes_back_is_asked_how_it_is(
    drivers: Drivers, bus: MemoryRawBus, clock: ManualClock
) -> None:
    started(drivers)
    await clock.advance(1)
    bus.say(LAMP, {"state": "OFF"})
    before = len(bus.texts(f"{LAMP}/get"))
    bus.say(f"{LAMP}/availability", "online", retained=True)
    await clock.advance(1)
    assert len(bus.texts(f"{LAMP}/get")) == before + 1


async def test_a_lost_broker_is_said_to_whoever_commands(drivers: Drivers, bus: MemoryRawBus) -> None:
    driver = started(drivers)
    bus.connected = False
    with pytest.raises(Unavailable):
        await driver.command(Set({"bri": 1}))


async def test_a_device_is_asked_at_the_start_and_an_answer_makes_it_reachable(
    drivers: Drivers, heard: Recorder, bus: MemoryRawBus, clock: ManualClock
) -> None:
    started(drivers)
    await clock.advance(0.1)
    assert bus.texts(f"{LAMP}/get") == ['{"state":""}']
    bus.say(LAMP, {"state": "OFF"})
    assert heard.reachable(1) is True
    await clock.advance(minutes=3)
    assert len(bus.texts(f"{LAMP}/get")) == 1


async def test_a_device_that_does_not_answer_is_away_and_asked_less_and_less(
    drivers: Drivers, heard: Recorder, bus: MemoryRawBus, clock: ManualClock
) -> None:
    started(drivers)
    await clock.advance(minutes=2)
    assert heard.availability == [(1, False, "it does not answer")]
    await clock.advance(hours=1)
    questions = len(bus.texts(f"{LAMP}/get"))
    assert 10 < questions < 40
    bus.say(LAMP, {"state": "OFF"})
    assert heard.availability[-1] == (1, True, None)


async def test_a_device_that_says_it_is_online_need_not_answer(
    drivers: Drivers, heard: Recorder, bus: MemoryRawBus, clock: ManualClock
) -> None:
    started(drivers)
    bus.say(f"{LAMP}/availability", "online", retained=True)
    await clock.advance(hours=1)
    assert heard.availability == [(1, True, None)]


async def test_questions_that_reach_no_broker_say_nothing_of_the_device(
    drivers: Drivers, heard: Recorder, bus: MemoryRawBus, clock: ManualClock
) -> None:
    started(drivers)
    bus.connected = False
    await clock.advance(hours=1)
    assert heard.availability == []
    bus.connected = True
    await clock.advance(10)
    assert len(bus.texts(f"{LAMP}/get")) >= 1


async def test_a_device_that_does_not_report_after_a_command_is_asked(
    drivers: Drivers, heard: Recorder, bus: MemoryRawBus, clock: ManualClock
) -> None:
    driver = started(drivers)
    await clock.advance(0.1)
    bus.say(LAMP, {"state": "OFF"})
    await driver.command(Set({"bri": 10000}))
    await clock.advance(2.4)
    assert len(bus.texts(f"{LAMP}/get")) == 1
    await clock.advance(0.2)
    assert len(bus.texts(f"{LAMP}/get")) == 2


async def test_a_silent_device_is_asked_now_and_then(drivers: Drivers, bus: MemoryRawBus, clock: ManualClock) -> None:
    started(drivers)
    await clock.advance(0.1)
    bus.say(LAMP, {"state": "OFF"})
    await clock.advance(minutes=7)
    assert len(bus.texts(f"{LAMP}/get")) >= 2


async def test_many_devices_are_asked_one_after_another(
    drivers: Drivers, bus: MemoryRawBus, clock: ManualClock
) -> None:
    for number in range(1, 101):
        started(drivers, load=number, device=f"lamp{number}")
    await clock.advance(1)
    assert 10 < len(bus.published) < 30


async def test_loads_that_share_a_topic_all_hear_what_it_said_before(
    drivers: Drivers, heard: Recorder, bus: MemoryRawBus
) -> None:
    started(drivers)
    bus.say("zigbee2mqtt/bridge/state", '{"state":"offline"}', retained=True)
    started(drivers, load=2, device="other")
    assert heard.reachable(1) is heard.reachable(2) is False
    assert len(bus.following["zigbee2mqtt/bridge/state"]) == 1


async def test_a_closed_load_hears_and_asks_nothing_more(
    drivers: Drivers, heard: Recorder, bus: MemoryRawBus, clock: ManualClock
) -> None:
    driver, other = started(drivers), started(drivers, load=2)
    await driver.close()
    bus.say(LAMP, {"state": "ON"})
    assert [load for load, _, _ in heard.said] == [2]
    await other.close()
    assert not any(bus.following.values())
    published = len(bus.published)
    await clock.advance(hours=1)
    assert len(bus.published) == published


async def test_a_load_that_is_taken_again_knows_its_last_state_from_the_topic_it_shares(
    drivers: Drivers, heard: Recorder, bus: MemoryRawBus
) -> None:
    started(drivers)
    bus.say(LAMP, {"state": "ON", "brightness": 254})
    started(drivers, load=2)
    assert heard.state(2) == {"bri": 10000}
    assert heard.reachable(2) is None


async def test_a_report_that_is_too_large_is_none(drivers: Drivers, heard: Recorder, bus: MemoryRawBus) -> None:
    started(drivers)
    bus.say(LAMP, {"state": "ON", "padding": "x" * 70_000})
    assert heard.said == []


async def test_a_light_that_cannot_fade_is_faded_step_by_step_until_the_stop(
    drivers: Drivers, bus: MemoryRawBus, clock: ManualClock
) -> None:
    driver = started(drivers, "esphome", device="hall/lamp")
    bus.say(f"{NODE}/state", {"state": "ON", "brightness": 128})
    await driver.command(Fade("up"))
    await clock.advance(1.1)
    sent = len(bus.texts(f"{NODE}/command"))
    assert sent == 5
    await driver.command(StopMoving())
    await clock.advance(10)
    stay = bus.texts(f"{NODE}/command")[sent:]
    assert stay == bus.texts(f"{NODE}/command")[sent - 1 : sent]  # it stays there, and is made to report


async def test_such_a_fade_ends_at_the_end_of_the_range(
    drivers: Drivers, bus: MemoryRawBus, clock: ManualClock
) -> None:
    driver = started(drivers, "esphome", device="hall/lamp")
    bus.say(f"{NODE}/state", {"state": "ON", "brightness": 64})
    await driver.command(Fade("down"))
    await clock.advance(60)
    texts = bus.texts(f"{NODE}/command")
    assert texts[-1] == '{"state":"OFF"}'
    assert len(texts) == 6


@pytest.mark.parametrize(
    ("state", "sent"),
    [({"position": 50, "tilt": 100}, '{"tilt":89}'), ({"position": 50}, '{"position":45}')],
)
async def test_a_step_turns_the_slats_or_moves_a_blind_without(
    drivers: Drivers, bus: MemoryRawBus, state: dict[str, int], sent: str
) -> None:
    driver = started(drivers, kind="motor")
    bus.say(LAMP, state)
    await driver.command(TiltStep("down"))
    assert bus.texts(f"{LAMP}/set") == [sent]


async def test_a_step_from_nowhere_is_refused(drivers: Drivers) -> None:
    with pytest.raises(Refused):
        await started(drivers, kind="motor").command(TiltStep("down"))


async def test_a_device_that_cannot_show_itself_refuses(drivers: Drivers) -> None:
    with pytest.raises(Refused):
        await started(drivers, "tasmota").command(Ping())


async def test_a_load_with_wrong_settings_says_so_and_stops_nobody(drivers: Drivers, heard: Recorder) -> None:
    driver = started(drivers, device="")
    assert heard.availability == [(1, False, "load 1: template zigbee2mqtt needs the name of the device")]
    await driver.ask_state()
    with pytest.raises(Refused):
        await driver.command(Set({"bri": 1}))
    await driver.close()
