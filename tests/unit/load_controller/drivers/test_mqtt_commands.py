"""What each kind of device is sent, row by row."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from services.load_controller.drivers.driver import DriverCommand, Fade, Ping, Set, StopMoving
from shared.errors import Invalid, Refused
from tests.support.devices.templates import FREE_COVER, FREE_DIM, NODE, PLUS, RPC, E, F, S, T, Z, made


def _decoded(payload: bytes) -> Any:
    try:
        return msgspec.json.decode(payload)
    except msgspec.DecodeError:
        return payload.decode()


def _rpc(method: str, **params: Any) -> dict[str, Any]:
    return {"id": 1, "src": "jobwire-load-7", "method": method, "params": {"id": 0, **params}}


SENT: list[tuple[str, str, dict[str, Any], DriverCommand, list[tuple[str, Any]]]] = [
    ("onoff", Z, {}, Set({"bri": 1}), [("zigbee2mqtt/lamp/set", {"state": "ON"})]),
    ("onoff", Z, {"invert": True}, Set({"bri": 1}), [("zigbee2mqtt/lamp/set", {"state": "OFF"})]),
    ("onoff", Z, {"relay": 2, "prefix": "z"}, Set({"bri": 0}), [("z/lamp/set", {"state_l2": "OFF"})]),
    ("dim", Z, {}, Set({"bri": 5000}), [("zigbee2mqtt/lamp/set", {"state": "ON", "brightness": 127})]),
    ("dim", Z, {}, Set({"bri": 10000}), [("zigbee2mqtt/lamp/set", {"state": "ON", "brightness": 254})]),
    ("dim", Z, {}, Set({"bri": 1}), [("zigbee2mqtt/lamp/set", {"state": "ON", "brightness": 1})]),
    ("dim", Z, {}, Set({"bri": 0}), [("zigbee2mqtt/lamp/set", {"state": "OFF"})]),
    ("dim", Z, {}, Fade("up"), [("zigbee2mqtt/lamp/set", {"brightness_move_onoff": 51})]),
    ("dim", Z, {}, Fade("down"), [("zigbee2mqtt/lamp/set", {"brightness_move": -51})]),
    ("dim", Z, {}, StopMoving(), [("zigbee2mqtt/lamp/set", {"brightness_move": "stop"})]),
    ("dim", Z, {}, Ping(), [("zigbee2mqtt/lamp/set", {"effect": "blink"})]),
    ("dali/tw", Z, {}, Set({"ct": 4000}), [("zigbee2mqtt/lamp/set", {"color_temp": 250})]),
    ("dali/rgb", Z, {}, Set({"red": 255, "green": 0, "blue": 9, "white": 0}),
     [("zigbee2mqtt/lamp/set", {"color": {"r": 255, "g": 0, "b": 9}})]),
    ("motor", Z, {}, Set({"level": 0, "tilt": 9}), [("zigbee2mqtt/lamp/set", {"position": 100, "tilt": 0})]),
    ("motor", Z, {}, Set({"level": 7500}), [("zigbee2mqtt/lamp/set", {"position": 25})]),
    ("motor", Z, {"invert": True}, Set({"level": 7500}), [("zigbee2mqtt/lamp/set", {"position": 75})]),
    ("motor", Z, {}, StopMoving(), [("zigbee2mqtt/lamp/set", {"state": "STOP"})]),
    ("hvac", Z, {}, Set({"target_temperature": 21.5}), [("zigbee2mqtt/lamp/set", {"occupied_heating_setpoint": 21.5})]),
    ("hvac", Z, {}, Set({"boost_temperature": -99}), [("zigbee2mqtt/lamp/set", {"system_mode": "off"})]),
    ("onoff", T, {}, Set({"bri": 10000}), [("cmnd/lamp/POWER", "ON")]),
    ("onoff", T, {"relay": 2}, Set({"bri": 0}), [("cmnd/lamp/POWER2", "OFF")]),
    ("onoff", T, {"prefix": "home/%topic%/%prefix%"}, Set({"bri": 0}), [("home/lamp/cmnd/POWER", "OFF")]),
    ("dim", T, {}, Set({"bri": 5000}), [("cmnd/lamp/Dimmer", 50)]),
    ("dim", T, {}, Set({"bri": 10}), [("cmnd/lamp/Dimmer", 1)]),
    ("dim", T, {}, Set({"bri": 0}), [("cmnd/lamp/POWER", "OFF")]),
    ("dali/tw", T, {}, Set({"bri": 10000, "ct": 2703}), [("cmnd/lamp/Dimmer", 100), ("cmnd/lamp/CT", 370)]),
    ("dali/rgb", T, {}, Set({"red": 1, "green": 2, "blue": 3}), [("cmnd/lamp/Color2", "1,2,3")]),
    ("motor", T, {}, Set({"level": 2500}), [("cmnd/lamp/ShutterPosition1", 75)]),
    ("motor", T, {"relay": 2}, Set({"tilt": 9}), [("cmnd/lamp/ShutterTilt2", 90)]),
    ("motor", T, {}, StopMoving(), [("cmnd/lamp/ShutterStop1", "")]),
    ("onoff", E, NODE, Set({"bri": 1}), [("hall/switch/lamp/command", "ON")]),
    ("onoff", E, {"device": "lamp", "prefix": "a/b"}, Set({"bri": 0}), [("a/b/switch/lamp/command", "OFF")]),
    ("onoff", E, {"device": "hall/light/lamp"}, Set({"bri": 9}), [("hall/light/lamp/command", {"state": "ON"})]),
    ("dim", E, NODE, Set({"bri": 5000}), [("hall/light/lamp/command", {"state": "ON", "brightness": 128})]),
    ("dali/rgb", E, NODE, Set({"red": 1, "green": 2, "blue": 3, "white": 4}),
     [("hall/light/lamp/command", {"color": {"r": 1, "g": 2, "b": 3, "w": 4}})]),
    ("motor", E, NODE, Set({"level": 10000, "tilt": 0}),
     [("hall/cover/lamp/position/command", 0), ("hall/cover/lamp/tilt/command", 100)]),
    ("motor", E, NODE, StopMoving(), [("hall/cover/lamp/command", "STOP")]),
    ("dim", E, NODE, Ping(4000), [("hall/light/lamp/command", {"state": "ON", "flash": 4})]),
    ("onoff", S, {}, Set({"bri": 1}), [("shellies/lamp/relay/0/command", "on")]),
    ("dim", S, {}, Set({"bri": 5000}), [("shellies/lamp/light/0/set", {"turn": "on", "brightness": 50})]),
    ("dim", S, {"relay": 1}, Set({"bri": 0}), [("shellies/lamp/light/1/set", {"turn": "off"})]),
    ("dali/tw", S, {}, Set({"ct": 3000}), [("shellies/lamp/light/0/set", {"temp": 3000})]),
    ("dali/rgb", S, {}, Set({"bri": 10000, "red": 1, "white": 2}),
     [("shellies/lamp/color/0/set", {"turn": "on", "gain": 100, "red": 1, "green": 255, "blue": 255, "white": 2})]),
    ("motor", S, {}, Set({"level": 10000}), [("shellies/lamp/roller/0/command/pos", 0)]),
    ("motor", S, {}, StopMoving(), [("shellies/lamp/roller/0/command", "stop")]),
    ("onoff", S, PLUS, Set({"bri": 1}), [(RPC, _rpc("Switch.Set", on=True))]),
    ("onoff", S, {"prefix": ""}, Set({"bri": 0}), [("lamp/rpc", _rpc("Switch.Set", on=False))]),
    ("dim", S, PLUS, Set({"bri": 5000}), [(RPC, _rpc("Light.Set", on=True, brightness=50))]),
    ("dim", S, PLUS, Fade("up"), [(RPC, _rpc("Light.DimUp"))]),
    ("dim", S, PLUS, StopMoving(), [(RPC, _rpc("Light.DimStop"))]),
    ("dali/tw", S, PLUS, Set({"ct": 3000}), [(RPC, _rpc("CCT.Set", ct=3000))]),
    ("dali/rgb", S, PLUS, Set({"red": 1, "green": 2, "blue": 3, "white": 4}),
     [(RPC, _rpc("RGBW.Set", rgb=[1, 2, 3], white=4))]),
    ("motor", S, PLUS, Set({"level": 2500, "tilt": 0}), [(RPC, _rpc("Cover.GoToPosition", pos=75, slat_pos=100))]),
    ("motor", S, PLUS, StopMoving(), [(RPC, _rpc("Cover.Stop"))]),
    ("onoff", F, {"command_topic": "a"}, Set({"bri": 1}), [("a", "ON")]),
    ("onoff", F, {"command_topic": "a", "on": "1", "off": "0", "invert": True}, Set({"bri": 1}), [("a", 0)]),
    ("dim", F, FREE_DIM, Set({"bri": 5000}), [("d/set", {"level": 50})]),
    ("dim", F, FREE_DIM, Set({"bri": 0}), [("d/set", {"level": 0})]),
    ("dim", F, {**FREE_DIM, "payload": {**FREE_DIM["payload"], "off": "dark"}}, Set({"bri": 0}), [("d/set", "dark")]),
    ("dali/tw", F, {"command_topic": "a", "payload": {"ct": "{value}"}, "scale": {"ct": 1e6}}, Set({"ct": 4000}),
     [("a", 250)]),
    ("dali/rgb", F, {"command_topic": "a", "payload": {"rgb": "{red},{green},{blue} {other}"}},
     Set({"red": 1, "blue": 3}), [("a", "1,0,3 {other}")]),
    ("motor", F, FREE_COVER, Set({"level": 2500}), [("c/set", 75)]),
    ("motor", F, FREE_COVER, StopMoving(), [("c/set", "HALT")]),
    ("hvac", F, {"command_topic": "a", "payload": {"target_temperature": "T{value}"}},
     Set({"target_temperature": 20.5}), [("a", "T20.5")]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "template", "settings", "command", "sent"), SENT)
def test_a_command_is_said_in_the_words_of_the_device(
    kind: str, template: str, settings: dict[str, Any], command: DriverCommand, sent: list[tuple[str, Any]]
) -> None:
    messages = made(kind, template, **settings).messages(command)
    assert messages is not None
    assert [(message.topic, _decoded(message.payload)) for message in messages] == sent


QUESTIONS: list[tuple[str, str, dict[str, Any], list[tuple[str, Any]]]] = [
    ("dim", Z, {}, [("zigbee2mqtt/lamp/get", {"state": ""})]),
    ("motor", Z, {}, [("zigbee2mqtt/lamp/get", {"position": ""})]),
    ("dim", T, {}, [("cmnd/lamp/STATE", "")]),
    ("motor", T, {"relay": 2}, [("cmnd/lamp/ShutterPosition2", "")]),
    ("dim", E, NODE, []),
    ("dim", S, {}, [("shellies/lamp/command", "update")]),
    ("dim", S, PLUS, [(RPC, _rpc("Light.GetStatus"))]),
    ("dim", F, FREE_DIM, []),
    ("dim", F, {**FREE_DIM, "get_topic": "d/get", "get_payload": "?"}, [("d/get", "?")]),
]


@pytest.mark.parametrize(("kind", "template", "settings", "asked"), QUESTIONS)
def test_a_device_that_can_be_asked_is_asked_in_its_words(
    kind: str, template: str, settings: dict[str, Any], asked: list[tuple[str, Any]]
) -> None:
    questions = made(kind, template, **settings).questions()
    assert [(message.topic, _decoded(message.payload)) for message in questions] == asked


@pytest.mark.parametrize(
    ("kind", "template", "settings", "target"),
    [
        ("dali/rgb", Z, {}, {"white": 5}),
        ("dali/rgb", Z, {}, {"red": 0, "green": 0, "blue": 0}),
        ("dali/rgb", T, {}, {"white": 5}),
        ("motor", S, {}, {"tilt": 5}),
        ("dim", F, {"state_topic": "a"}, {"bri": 5}),
        ("motor", F, FREE_COVER, {"tilt": 5}),
    ],
)
def test_what_a_device_does_not_have_is_refused(
    kind: str, template: str, settings: dict[str, Any], target: dict[str, Any]
) -> None:
    with pytest.raises(Refused):
        made(kind, template, **settings).messages(Set(target))


@pytest.mark.parametrize(
    ("kind", "template", "settings"),
    [
        ("hvac", T, {}),
        ("dim", Z, {"device": ""}),
        ("dim", Z, {"device": "a/+/b"}),
        ("dim", Z, {"device": "#"}),
        ("dim", Z, {"device": "x" * 300}),
        ("dim", E, {"device": "lamp"}),
        ("dim", T, {"relay": -1}),
        ("dim", F, {}),
        ("dim", F, {**FREE_DIM, "scale": {"bri": 0}}),
        ("dim", F, {**FREE_DIM, "payload": {"colour": "x"}}),
        ("dim", F, {"command_topic": "a/#"}),
    ],
)
def test_settings_that_lead_nowhere_are_said_to(kind: str, template: str, settings: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="load 7"):
        made(kind, template, **settings)


@pytest.mark.parametrize(
    ("device", "later"),
    [
        ("shelly1-ABC123", False),
        ("shellydimmer2-ABC123", False),
        ("shellyplus1pm-a8032ab1", True),
        ("shellypro4pm-a8032ab1", True),
        ("shelly1minig3-a8032ab1", True),
        ("shelly2pmg4-a8032ab1", True),
    ],
)
def test_the_generation_of_a_shelly_is_in_its_name(device: str, later: bool) -> None:
    assert (f"{device}/online" in made("onoff", S, device=device).topics) is later
