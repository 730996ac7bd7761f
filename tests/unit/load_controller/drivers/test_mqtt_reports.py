"""What the reports of each kind of device mean, row by row."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from services.load_controller.drivers.driver import Set
from tests.support.devices.templates import FREE_COVER, FREE_DIM, NODE, PLUS, E, F, S, T, Z, made

STATUS = "shellyplus1-a8032ab1/status/"
NOTIFY = "shellyplus1-a8032ab1/events/rpc"

READ: list[tuple[str, str, dict[str, Any], str, Any, dict[str, Any]]] = [
    ("onoff", Z, {}, "zigbee2mqtt/lamp", {"state": "ON", "linkquality": 90}, {"bri": 10000}),
    ("onoff", Z, {"invert": True}, "zigbee2mqtt/lamp", {"state": "ON"}, {"bri": 0}),
    ("onoff", Z, {"relay": 2}, "zigbee2mqtt/lamp", {"state_l1": "ON", "state_l2": "OFF"}, {"bri": 0}),
    ("dim", Z, {}, "zigbee2mqtt/lamp", {"state": "ON", "brightness": 127}, {"bri": 5000}),
    ("dim", Z, {}, "zigbee2mqtt/lamp", {"state": "OFF", "brightness": 127}, {"bri": 0}),
    ("dali/tw", Z, {}, "zigbee2mqtt/lamp", {"state": "ON", "brightness": 254, "color_temp": 250},
     {"bri": 10000, "ct": 4000}),
    ("dali/rgb", Z, {}, "zigbee2mqtt/lamp", {"color": {"hue": 120, "saturation": 100}, "color_mode": "hs"},
     {"red": 0, "green": 255, "blue": 0, "white": 0}),
    ("dali/rgb", Z, {}, "zigbee2mqtt/lamp", {"color": {"x": 0.64, "y": 0.33}, "color_mode": "xy"},
     {"red": 255, "green": 0, "blue": 0, "white": 0}),
    ("motor", Z, {}, "zigbee2mqtt/lamp", {"position": 25, "tilt": 100, "moving": "DOWN"},
     {"level": 7500, "tilt": 0, "moving": "down"}),
    ("motor", Z, {}, "zigbee2mqtt/lamp", {"position": 100, "state": "OPEN"}, {"level": 0}),
    ("hvac", Z, {}, "zigbee2mqtt/lamp",
     {"local_temperature": 19.8, "occupied_heating_setpoint": 21, "pi_heating_demand": 40, "system_mode": "off"},
     {"ambient_temperature": 19.8, "target_temperature": 21, "heating_cooling_level": 4000, "boost_temperature": -99,
      "unit": "°C"}),
    ("onoff", T, {}, "stat/lamp/RESULT", {"POWER": "ON"}, {"bri": 10000}),
    ("onoff", T, {"relay": 1}, "stat/lamp/RESULT", {"POWER": "ON"}, {"bri": 10000}),
    ("onoff", T, {"relay": 2}, "tele/lamp/STATE", {"POWER1": "ON", "POWER2": "OFF"}, {"bri": 0}),
    ("dim", T, {}, "stat/lamp/RESULT", {"POWER": "ON", "Dimmer": 50}, {"bri": 5000}),
    ("dali/tw", T, {}, "tele/lamp/STATE", {"POWER": "ON", "Dimmer": 100, "CT": 370}, {"bri": 10000, "ct": 2703}),
    ("dali/rgb", T, {}, "stat/lamp/RESULT", {"POWER": "ON", "Dimmer": 100, "HSBColor": "240,100,100"},
     {"bri": 10000, "red": 0, "green": 0, "blue": 255, "white": 0}),
    ("motor", T, {}, "stat/lamp/RESULT", {"Shutter1": {"Position": 75, "Direction": 1, "Target": 100, "Tilt": 0}},
     {"level": 2500, "moving": "up", "tilt": 0}),
    ("onoff", E, NODE, "hall/switch/lamp/state", "ON", {"bri": 10000}),
    ("dim", E, NODE, "hall/light/lamp/state", {"state": "ON", "brightness": 51}, {"bri": 2000}),
    ("dali/rgb", E, NODE, "hall/light/lamp/state", {"state": "OFF", "color": {"r": 255, "g": 0, "b": 0, "w": 4}},
     {"bri": 0, "red": 255, "green": 0, "blue": 0, "white": 4}),
    ("motor", E, NODE, "hall/cover/lamp/state", "closing", {"moving": "down"}),
    ("motor", E, NODE, "hall/cover/lamp/position/state", "40", {"level": 6000}),
    ("motor", E, NODE, "hall/cover/lamp/tilt/state", "0", {"tilt": 9}),
    ("onoff", S, {}, "shellies/lamp/relay/0", "on", {"bri": 10000}),
    ("onoff", S, {}, "shellies/lamp/relay/0", "overpower", {"bri": 0}),
    ("dim", S, {}, "shellies/lamp/light/0/status", {"ison": True, "brightness": 30}, {"bri": 3000}),
    ("dali/tw", S, {}, "shellies/lamp/light/0/status", {"ison": False, "brightness": 30, "temp": 3000},
     {"bri": 0, "ct": 3000}),
    ("dali/rgb", S, {}, "shellies/lamp/color/0/status",
     {"ison": True, "gain": 50, "red": 1, "green": 2, "blue": 3, "white": 4},
     {"bri": 5000, "red": 1, "green": 2, "blue": 3, "white": 4}),
    ("motor", S, {}, "shellies/lamp/roller/0", "close", {"moving": "down"}),
    ("motor", S, {}, "shellies/lamp/roller/0/pos", "100", {"level": 0}),
    ("onoff", S, PLUS, STATUS + "switch:0", {"id": 0, "output": True}, {"bri": 10000}),
    ("onoff", S, PLUS, NOTIFY, {"method": "NotifyStatus", "params": {"switch:0": {"output": False}}}, {"bri": 0}),
    ("onoff", S, PLUS, "jobwire-load-7/rpc", {"id": 1, "src": PLUS["device"], "result": {"output": True}},
     {"bri": 10000}),
    ("dim", S, PLUS, STATUS + "light:0", {"output": True, "brightness": 30}, {"bri": 3000}),
    ("dali/tw", S, PLUS, STATUS + "cct:0", {"output": True, "brightness": 1, "ct": 3000}, {"bri": 100, "ct": 3000}),
    ("dali/rgb", S, PLUS, STATUS + "rgbw:0", {"output": True, "brightness": 1, "rgb": [1, 2, 3], "white": 4},
     {"bri": 100, "red": 1, "green": 2, "blue": 3, "white": 4}),
    ("motor", S, PLUS, STATUS + "cover:0", {"state": "opening", "current_pos": 10, "slat_pos": 0},
     {"level": 9000, "tilt": 9, "moving": "up"}),
    ("onoff", F, {"state_topic": "a"}, "a", "ON", {"bri": 10000}),
    ("onoff", F, {"state_topic": "a", "value": {"bri": "s.on"}}, "a", {"s": {"on": True}}, {"bri": 10000}),
    ("dim", F, FREE_DIM, "d/state", {"level": 99}, {"bri": 10000}),
    ("dim", F, {"state_topic": "a", "value": {"bri": "1.v", "flags.fading": "0"}}, "a", [True, {"v": "70"}],
     {"bri": 70}),
    ("dali/tw", F, {"state_topic": "a", "value": {"ct": "ct"}, "scale": {"ct": 1e6}}, "a", {"ct": 250}, {"ct": 4000}),
    ("motor", F, FREE_COVER, "c/state", "75", {"level": 2500}),
    ("hvac", F, {"state_topic": "a", "value": {"ambient_temperature": "t", "unit": "u"}}, "a", {"t": 19.5, "u": "°C"},
     {"ambient_temperature": 19.5, "unit": "°C"}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "template", "settings", "topic", "payload", "attributes"), READ)
def test_a_report_is_read_in_our_words(
    kind: str, template: str, settings: dict[str, Any], topic: str, payload: Any, attributes: dict[str, Any]
) -> None:
    device = made(kind, template, **settings)
    assert topic in device.topics
    raw = payload.encode() if isinstance(payload, str) else msgspec.json.encode(payload)
    reading = device.read(topic, raw)
    assert reading is not None
    assert reading.attributes == attributes


AVAILABILITY: list[tuple[str, dict[str, Any], str, str, bool]] = [
    (Z, {}, "zigbee2mqtt/lamp/availability", '{"state":"online"}', True),
    (Z, {}, "zigbee2mqtt/lamp/availability", "offline", False),
    (Z, {}, "zigbee2mqtt/bridge/state", '{"state":"offline"}', False),
    (T, {}, "tele/lamp/LWT", "Online", True),
    (T, {}, "tele/lamp/LWT", "Offline", False),
    (E, NODE, "hall/status", "offline", False),
    (S, {}, "shellies/lamp/online", "true", True),
    (S, PLUS, "shellyplus1-a8032ab1/online", "false", False),
    (F, {"state_topic": "a", "availability_topic": "b"}, "b", "online", True),
    (F, {"state_topic": "a", "availability_topic": "b", "unavailable": "0"}, "b", "0", False),
]


@pytest.mark.parametrize(("template", "settings", "topic", "payload", "reachable"), AVAILABILITY)
def test_what_a_device_says_of_its_presence_is_honoured(
    template: str, settings: dict[str, Any], topic: str, payload: str, reachable: bool
) -> None:
    device = made("onoff", template, **settings)
    assert topic in device.topics
    reading = device.read(topic, payload.encode())
    assert reading is not None
    assert reading.reachable is reachable


def test_a_device_is_there_when_it_and_its_bridge_are() -> None:
    device = made("onoff", Z)
    steps = [("zigbee2mqtt/lamp/availability", "online"), ("zigbee2mqtt/bridge/state", "offline"),
             ("zigbee2mqtt/lamp/availability", "online"), ("zigbee2mqtt/bridge/state", "online")]  # fmt: skip
    readings = [device.read(topic, payload.encode()) for topic, payload in steps]
    assert [reading and reading.reachable for reading in readings] == [True, False, False, True]


EVERY = [("dim", Z, {}), ("dali/rgb", Z, {}), ("motor", Z, {}), ("hvac", Z, {}), ("dim", T, {}), ("dali/rgb", T, {}),
         ("motor", T, {}), ("dali/rgb", E, NODE), ("motor", E, NODE), ("onoff", E, NODE), ("dali/rgb", S, {}),
         ("motor", S, {}), ("onoff", S, {}), ("dali/rgb", S, PLUS), ("motor", S, PLUS), ("onoff", S, PLUS),
         ("dim", F, FREE_DIM), ("motor", F, FREE_COVER)]  # fmt: skip
HOSTILE = [
    b"",
    b"\xff\xfe",
    b"null",
    b"[]",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"NaN",
    b"1e999",
    b'"x"',
    b'{"state":null,"brightness":"x","position":"x","tilt":[],"color":{"x":"a","y":0},"color_temp":0,"POWER":7}',
    b'{"state":["ON"],"brightness":1e308,"position":-1e308,"tilt":1e308,"color":{"x":1e308,"y":1e-308},"color_temp":-1}',
    b'{"color":{"hue":1e308,"saturation":-1e308,"r":1e308,"g":-1,"b":0},"Dimmer":true,"HSBColor":"a,b,c","CT":1e-320}',
    b'{"HSBColor":"9999,9999,9999","Shutter1":{"Position":1e308,"Direction":1e308,"Tilt":-1e308}}',
    b'{"ison":1,"gain":[],"red":"x","output":"on","errors":"x","rgb":[1,2],"ct":null,"params":[],"result":[],"level":1e308}',
    b'{"output":true,"brightness":-5,"errors":[1,{}],"rgb":[1e308,-1,true],"current_pos":1e308,"params":{"switch:0":5}}',
]


@pytest.mark.parametrize(("kind", "template", "settings"), EVERY)
@pytest.mark.parametrize("payload", HOSTILE)
def test_whatever_comes_is_within_the_ranges_or_is_no_report(
    kind: str, template: str, settings: dict[str, Any], payload: bytes
) -> None:
    device = made(kind, template, **settings)
    ranges = {"bri": 10000, "level": 10000, "tilt": 9, "red": 255, "green": 255, "blue": 255, "white": 255}
    for topic in device.topics:
        reading = device.read(topic, payload)
        for name, most in ranges.items():
            value = reading.attributes.get(name) if reading else None
            assert value is None or (isinstance(value, int) and 0 <= value <= most)


def test_a_light_that_is_switched_on_without_a_level_has_its_last_one() -> None:
    device = made("dim", T)
    payloads = [b'{"POWER":"ON","Dimmer":30}', b'{"POWER":"OFF"}', b'{"Dimmer":40}', b'{"POWER":"ON"}']
    readings = [device.read("stat/lamp/RESULT", payload) for payload in payloads]
    assert [reading and reading.attributes["bri"] for reading in readings] == [3000, 0, 0, 4000]


@pytest.mark.parametrize(("template", "settings", "topic", "report"), [
    (Z, {}, "zigbee2mqtt/lamp", {"color": {"hue": 30, "saturation": 100}}),
    (T, {}, "stat/lamp/RESULT", {"HSBColor": "30,100,7"}),
    (E, NODE, "hall/light/lamp/state", {"color": {"r": 255, "g": 128, "b": 0}}),
])  # fmt: skip
def test_a_colour_comes_back_as_strong_as_it_was_sent(
    template: str, settings: dict[str, Any], topic: str, report: dict[str, Any]
) -> None:
    device = made("dali/rgb", template, **settings)
    device.messages(Set({"red": 100, "green": 50, "blue": 0}))
    reading = device.read(topic, msgspec.json.encode(report))
    assert reading is not None
    assert [reading.attributes[name] for name in ("red", "green", "blue")] == [100, 50, 0]


FAULTS: list[tuple[str, dict[str, Any], str, str]] = [
    (S, {}, "shellies/lamp/relay/0", "overpower"),
    (S, PLUS, STATUS + "switch:0", '{"output":false,"errors":["overpower"]}'),
    (F, {"state_topic": "a", "value": {"flags.over_current": "oc"}}, "a", '{"oc":true}'),
]


@pytest.mark.parametrize(("template", "settings", "topic", "payload"), FAULTS)
def test_too_much_current_is_a_flag(template: str, settings: dict[str, Any], topic: str, payload: str) -> None:
    reading = made("onoff", template, **settings).read(topic, payload.encode())
    assert reading is not None
    assert reading.flags is not None
    assert reading.flags["over_current"] == 1
