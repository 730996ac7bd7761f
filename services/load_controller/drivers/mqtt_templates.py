"""The templates of MQTT devices by name: how a `[load.mqtt]` of the settings becomes one."""

from __future__ import annotations

import re
from collections.abc import Callable

from services.load_controller.drivers.mqtt_esphome import Esphome
from services.load_controller.drivers.mqtt_free import Free
from services.load_controller.drivers.mqtt_messages import Template
from services.load_controller.drivers.mqtt_shelly import PREFIX, ShellyFirst
from services.load_controller.drivers.mqtt_shelly_rpc import ShellyRpc
from services.load_controller.drivers.mqtt_tasmota import Tasmota
from services.load_controller.drivers.mqtt_zigbee2mqtt import Zigbee2Mqtt
from shared.errors import Invalid
from shared.load_settings import LoadSettings

_LIGHTS_AND_MOTORS = ("onoff", "dim", "dali", "motor")
_ALL = (*_LIGHTS_AND_MOTORS, "hvac")

# Names of devices from the second generation on: shellyplus…, shellypro…, and g3, g4 at the end of the model.
_LATER_SHELLY = re.compile(r"shelly(plus|pro|mini|wall|azplug)|shelly\w*g[3-9]\b|shelly\w*g[3-9]-", re.IGNORECASE)
LONGEST_TOPIC = 256


def _shelly(load: LoadSettings) -> Template:
    """The generation by the device's name, unless the prefix says it: `shellies` is the first, an empty one later."""
    prefix = load.mqtt.prefix
    later = prefix != PREFIX if prefix is not None else _LATER_SHELLY.match(load.mqtt.device) is not None
    return ShellyRpc(load) if later else ShellyFirst(load)


_TEMPLATES: dict[str, tuple[tuple[str, ...], Callable[[LoadSettings], Template]]] = {
    "zigbee2mqtt": (_ALL, Zigbee2Mqtt),
    "tasmota": (_LIGHTS_AND_MOTORS, Tasmota),
    "esphome": (_LIGHTS_AND_MOTORS, Esphome),
    "shelly": (_LIGHTS_AND_MOTORS, _shelly),
    "free": (_ALL, Free),
}


def template_of(load: LoadSettings) -> Template:
    """How the device of a load is spoken to. Raises `Invalid` (`bad_load`) with a sentence for whoever set it."""
    settings = load.mqtt
    types, make = _TEMPLATES[settings.template]
    if load.type not in types:
        raise Invalid(f"load {load.id}: template {settings.template} knows no {load.type}", code="bad_load")
    if settings.template != "free" and not settings.device:
        raise Invalid(f"load {load.id}: template {settings.template} needs the name of the device", code="bad_load")
    if settings.relay < 0 or any(full <= 0 for full in settings.scale.values()):
        raise Invalid(f"load {load.id}: relay must not be negative, and scales are above 0", code="bad_load")
    made = make(load)
    sent = (settings.command_topic, settings.get_topic)
    for topic in (*made.topics, *(each for each in sent if each)):
        if not topic or len(topic) > LONGEST_TOPIC or re.search(r"[+#\x00]", topic):
            raise Invalid(f"load {load.id}: {topic[:80]!r} is no topic of a device", code="bad_load")
    return made
