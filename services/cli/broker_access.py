"""Who may do what on our own broker: two accounts, and an access list made from the topic catalogue."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.cli.data_folder import write_private
from shared.contracts.topics import CATALOGUE, Kind
from shared.load_settings import LoadSettings, MqttLoadSettings

SERVICES = "jobwire"
DEVICES = "devices"
ITERATIONS = 101

# What a client from outside may do with a topic, by its kind; our own services may do everything.
RIGHTS = {
    Kind.STATE: "read",
    Kind.PRESENCE: "read",
    Kind.EVENT: "read",
    Kind.ANSWER: "read",
    Kind.DEAD: "read",
    Kind.COMMAND: "write",
    Kind.ASK: "write",
}
DISCOVERY = "topic readwrite homeassistant/#"


@dataclass(frozen=True)
class Accounts:
    """The passwords of the two accounts."""

    services: str
    devices: str

    @classmethod
    def kept_in(cls, path: Path) -> Accounts:
        """The accounts of `path`; made with random passwords when there are none yet."""
        known = read_accounts(path)
        if known is None:
            known = cls(secrets.token_urlsafe(24), secrets.token_urlsafe(18))
            write_private(path, json.dumps({SERVICES: known.services, DEVICES: known.devices}, indent=2) + "\n")
        return known


def read_accounts(path: Path) -> Accounts | None:
    """The accounts of `path`, or None when there are none that can be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Accounts(str(content[SERVICES]), str(content[DEVICES]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def outside_lines(base: str, loads: Sequence[LoadSettings] = ()) -> list[str]:
    """What anybody but our own services may do: read what is published, send commands and requests.

    The devices of the loads that are driven over MQTT also have their own topics.
    """
    rows = [f"topic {RIGHTS[topic.kind]} {topic.filter(base)}" for topic in CATALOGUE]
    devices = [
        f"topic readwrite {each}" for load in loads if load.driver == "mqtt" for each in device_filters(load.mqtt)
    ]
    return [*dict.fromkeys([*rows, *devices]), DISCOVERY]


def device_filters(device: MqttLoadSettings) -> list[str]:
    """The topics of one device, as filters: those of its kind of firmware, or the ones that the settings name."""
    if device.template == "free":
        named = (device.command_topic, device.state_topic, device.get_topic, device.availability_topic)
        return [topic for topic in named if topic]
    own = f"{device.prefix or device.device.split('/')[0]}/#"
    return {
        "zigbee2mqtt": [f"{device.prefix or 'zigbee2mqtt'}/#"],
        "tasmota": ["cmnd/#", "stat/#", "tele/#"] if device.prefix is None else [_any(device.prefix, device.device)],
        "esphome": [own],
        "shelly": ["shellies/#", own],
    }[device.template]


def _any(full_topic: str, device: str) -> str:
    """Tasmota's FullTopic as a filter."""
    return full_topic.replace("%prefix%", "+").replace("%topic%", device).rstrip("/") + "/#"


def acl_lines(base: str, *, anonymous: bool = False, loads: Sequence[LoadSettings] = ()) -> list[str]:
    """The access list. Lines before the first `user` hold for clients without a name (mosquitto.conf(5), acl_file)."""
    outside = outside_lines(base, loads)
    first = outside if anonymous else []
    return [*first, f"user {SERVICES}", "topic readwrite #", f"user {DEVICES}", *outside]


def password_lines(accounts: Accounts) -> list[str]:
    """The password file, without any tool of the broker: PBKDF2 with SHA-512, as Mosquitto writes it (`$7$`)."""
    pairs = ((SERVICES, accounts.services), (DEVICES, accounts.devices))
    return [f"{name}:{hashed(password, os.urandom(12))}" for name, password in pairs]


def hashed(password: str, salt: bytes) -> str:
    """One password in the form `$7$iterations$salt$hash`."""
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS, 64)
    return f"$7${ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
