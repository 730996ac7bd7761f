"""Devices that only know their own topics are driven both ways over a real broker."""

from __future__ import annotations

import pytest

from services.load_controller.drivers.driver import Set
from shared.errors import Unavailable
from tests.integration.load_drivers.conftest import Home
from tests.support.broker import BrokerHandle
from tests.support.clock import eventually
from tests.support.devices import esphome, shelly, tasmota, zigbee2mqtt
from tests.support.devices.device import running

SOON = 20.0


async def test_a_zigbee2mqtt_lamp_is_driven_both_ways(home: Home) -> None:
    lamp = zigbee2mqtt.Lamp("living/lamp")
    async with running(home.url, lamp):
        driver = home.load("dali", "zigbee2mqtt", "rgb", device="living/lamp")
        await eventually(lambda: home.is_so(bri=0), SOON)
        await driver.command(Set({"bri": 5000, "red": 255, "green": 0, "blue": 0}))
        await eventually(lambda: home.is_so(bri=5000, red=255, green=0, blue=0, white=0), SOON)
        assert (lamp.state["state"], lamp.state["brightness"]) == ("ON", 127)
        await lamp.by_hand(state="ON", brightness=254)
        await eventually(lambda: home.is_so(bri=10000), SOON)
        await driver.command(Set({"bri": 0}))
        await eventually(lambda: home.is_so(bri=0), SOON)
        assert lamp.state["state"] == "OFF"


async def test_a_zigbee2mqtt_blind_is_driven_both_ways(home: Home) -> None:
    blind = zigbee2mqtt.Blind("blind")
    async with running(home.url, blind):
        driver = home.load("motor", "zigbee2mqtt", device="blind")
        await eventually(lambda: home.is_so(level=0, tilt=0, moving="stop"), SOON)
        await driver.command(Set({"level": 10000, "tilt": 9}))
        await eventually(lambda: home.is_so(level=10000, tilt=9, moving="stop"), SOON)
        assert {"level": 5000, "tilt": 0, "moving": "down"} in [said for _, said, _ in home.heard.said]
        assert (blind.state["position"], blind.state["tilt"]) == (0, 0)
        await blind.by_hand(position=40)
        await eventually(lambda: home.is_so(level=6000), SOON)


async def test_a_tasmota_light_is_driven_both_ways(home: Home) -> None:
    light = tasmota.Light("kitchen")
    async with running(home.url, light):
        driver = home.load("dali", "tasmota", "tw", device="kitchen")
        await eventually(lambda: home.is_so(bri=0), SOON)
        await driver.command(Set({"bri": 2500, "ct": 4000}))
        await eventually(lambda: home.is_so(bri=2500, ct=4000), SOON)
        assert (light.power, light.dimmer, light.ct) == ("ON", 25, 250)
        await light.by_hand("POWER", "OFF")
        await eventually(lambda: home.is_so(bri=0), SOON)
        await light.by_hand("POWER", "ON")
        await eventually(lambda: home.is_so(bri=2500), SOON)


async def test_each_relay_of_a_tasmota_is_a_load(home: Home) -> None:
    relays = tasmota.Relays("bench")
    async with running(home.url, relays):
        first = home.load("onoff", "tasmota", load=1, device="bench", relay=1)
        second = home.load("onoff", "tasmota", load=2, device="bench", relay=2)
        await eventually(lambda: home.is_so(1, bri=0) and home.is_so(2, bri=0), SOON)
        await second.command(Set({"bri": 10000}))
        await eventually(lambda: home.is_so(2, bri=10000), SOON)
        assert home.is_so(1, bri=0)
        await first.command(Set({"bri": 10000}))
        await relays.by_hand("POWER2", "OFF")
        await eventually(lambda: home.is_so(1, bri=10000) and home.is_so(2, bri=0), SOON)


async def test_a_tasmota_shutter_is_driven_both_ways(home: Home) -> None:
    shutter = tasmota.Shutter("shutter")
    async with running(home.url, shutter):
        driver = home.load("motor", "tasmota", device="shutter")
        await eventually(lambda: home.is_so(level=0), SOON)
        await driver.command(Set({"level": 7500}))
        await eventually(lambda: home.is_so(level=7500, moving="stop"), SOON)
        assert shutter.position == 25
        await shutter.by_hand("ShutterPosition1", "100")
        await eventually(lambda: home.is_so(level=0), SOON)


async def test_an_esphome_node_is_driven_both_ways(home: Home) -> None:
    node = esphome.Node("hall")
    async with running(home.url, node):
        light = home.load("dali", "esphome", "rgb", load=1, device="hall/lamp")
        pump = home.load("onoff", "esphome", load=2, device="hall/pump")
        blind = home.load("motor", "esphome", load=3, device="hall/blind")
        await eventually(lambda: home.is_so(1, bri=0) and home.is_so(2, bri=0) and home.is_so(3, level=0), SOON)
        await light.command(Set({"bri": 10000, "red": 10, "green": 20, "blue": 30}))
        await pump.command(Set({"bri": 1}))
        await blind.command(Set({"level": 10000}))
        await eventually(lambda: home.is_so(1, bri=10000, red=10, green=20, blue=30), SOON)
        await eventually(lambda: home.is_so(2, bri=10000) and home.is_so(3, level=10000, moving="stop"), SOON)
        assert (node.switch, node.position) == ("ON", 0)
        await node.by_hand("OFF")
        await eventually(lambda: home.is_so(2, bri=0), SOON)


async def test_a_shelly_of_the_first_generation_is_driven_both_ways(home: Home) -> None:
    device = shelly.First("shelly1-0A1B2C")
    async with running(home.url, device):
        relay = home.load("onoff", "shelly", load=1, device="shelly1-0A1B2C")
        light = home.load("dim", "shelly", load=2, device="shelly1-0A1B2C")
        roller = home.load("motor", "shelly", load=3, device="shelly1-0A1B2C")
        await eventually(lambda: home.is_so(1, bri=0) and home.is_so(2, bri=0) and home.is_so(3, level=0), SOON)
        await relay.command(Set({"bri": 1}))
        await light.command(Set({"bri": 3000}))
        await roller.command(Set({"level": 10000}))
        await eventually(lambda: home.is_so(1, bri=10000) and home.is_so(2, bri=3000), SOON)
        await eventually(lambda: home.is_so(3, level=10000, moving="stop"), SOON)
        assert (device.relay, device.light["brightness"], device.position) == ("on", 30, 0)
        await device.by_hand("off")
        await eventually(lambda: home.is_so(1, bri=0), SOON)


async def test_a_later_shelly_is_driven_both_ways(home: Home) -> None:
    device = shelly.Later("shellyplus2pm-0a1b2c")
    async with running(home.url, device):
        switch = home.load("onoff", "shelly", load=1, device="shellyplus2pm-0a1b2c")
        light = home.load("dim", "shelly", load=2, device="shellyplus2pm-0a1b2c")
        cover = home.load("motor", "shelly", load=3, device="shellyplus2pm-0a1b2c")
        await eventually(lambda: home.is_so(1, bri=0) and home.is_so(2, bri=0) and home.is_so(3, level=0), SOON)
        await switch.command(Set({"bri": 1}))
        await light.command(Set({"bri": 3000}))
        await cover.command(Set({"level": 7500}))
        await eventually(lambda: home.is_so(1, bri=10000) and home.is_so(2, bri=3000), SOON)
        await eventually(lambda: home.is_so(3, level=7500, moving="stop"), SOON)
        assert device.parts["cover"]["current_pos"] == 25
        await device.by_hand("switch", output=False)
        await eventually(lambda: home.is_so(1, bri=0), SOON)


async def test_a_device_of_any_kind_is_driven_by_the_free_template(home: Home) -> None:
    light = tasmota.Light("other")
    async with running(home.url, light):
        driver = home.load(
            "dim",
            "free",
            command_topic="cmnd/other/Dimmer",
            payload={"bri": "{value}"},
            state_topic="stat/other/RESULT",
            value={"bri": "Dimmer"},
            scale={"bri": 100},
            get_topic="cmnd/other/STATE",
            availability_topic="tele/other/LWT",
            available="Online",
            unavailable="Offline",
        )
        await eventually(lambda: home.is_so(bri=10000), SOON)
        await driver.command(Set({"bri": 4200}))
        await eventually(lambda: home.is_so(bri=4200), SOON)
        assert light.dimmer == 42


async def test_the_death_of_a_device_is_known_and_its_return_too(home: Home) -> None:
    light = tasmota.Light("lamp")
    driver = home.load("dim", "tasmota", device="lamp")
    async with running(home.url, light):
        await eventually(lambda: home.heard.reachable(1) is True, SOON)
        light.die()
        await eventually(lambda: home.heard.reachable(1) is False, SOON)
        with pytest.raises(Unavailable):
            await driver.command(Set({"bri": 1}))
    async with running(home.url, tasmota.Light("lamp")):
        await eventually(lambda: home.heard.reachable(1) is True, SOON)


async def test_a_device_that_left_the_radio_is_away_before_the_controller_starts(home: Home) -> None:
    lamp = zigbee2mqtt.Lamp("lamp")
    async with running(home.url, lamp):
        await lamp.leave()
        home.load("dim", "zigbee2mqtt", device="lamp")
        await eventually(lambda: home.heard.reachable(1) is False, SOON)


async def test_a_deaf_device_without_availability_is_found_out_by_asking(home: Home) -> None:
    home.load("dim", "free", command_topic="a/set", state_topic="a/state", get_topic="a/get")
    await eventually(lambda: home.heard.reachable(1) is False, SOON)


async def test_what_changed_while_the_broker_was_away_is_known_afterwards(home: Home, broker: BrokerHandle) -> None:
    light = tasmota.Light("lamp")
    driver = home.load("dim", "tasmota", device="lamp")
    async with running(home.url, light):
        await eventually(lambda: home.is_so(bri=0), SOON)
    broker.kill()
    light.power, light.dimmer = "ON", 33
    broker.restart()
    async with running(home.url, light):
        await eventually(lambda: home.is_so(bri=3300), SOON)
        await driver.command(Set({"bri": 5000}))
        await eventually(lambda: home.is_so(bri=5000), SOON)
