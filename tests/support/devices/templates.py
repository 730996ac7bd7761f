"""Templates of MQTT devices for tests, and settings for them."""

from __future__ import annotations

from typing import Any

import msgspec

from services.load_controller.drivers.mqtt_messages import Template
from services.load_controller.drivers.mqtt_templates import template_of
from shared.load_settings import LoadSettings, LoadType, MqttLoadSettings

Z, T, E, S, F = "zigbee2mqtt", "tasmota", "esphome", "shelly", "free"
NODE = {"device": "hall/lamp"}
PLUS = {"device": "shellyplus1-a8032ab1"}
RPC = "shellyplus1-a8032ab1/rpc"
FREE_DIM: dict[str, Any] = {
    "command_topic": "d/set",
    "state_topic": "d/state",
    "payload": {"bri": '{"level":{value}}'},
    "value": {"bri": "level"},
    "scale": {"bri": 99},
}
FREE_COVER: dict[str, Any] = {
    "command_topic": "c/set",
    "state_topic": "c/state",
    "payload": {"level": "{value}", "stop": "HALT"},
    "value": {"level": ""},
    "scale": {"level": 100},
    "invert": True,
}


def made(kind: str, template: str, **settings: Any) -> Template:
    """`kind` is `type` or `type/sub_type`."""
    name, _, sub_type = kind.partition("/")
    type_: LoadType = msgspec.convert(name, LoadType)
    mqtt = MqttLoadSettings(template=template, **{"device": "lamp", **settings})  # type: ignore[arg-type]
    return template_of(LoadSettings(id=7, type=type_, sub_type=sub_type, driver="mqtt", mqtt=mqtt))
