"""The broker's access list and password file: made from the catalogue, in the broker's own form."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from services.cli.broker_access import Accounts, acl_lines, hashed, outside_lines, password_lines
from services.cli.broker_config import Listening, config_lines
from shared.contracts.topics import CATALOGUE, Kind
from shared.load_settings import LoadSettings, MqttLoadSettings


def test_outsiders_read_what_is_published_and_write_what_is_asked_for() -> None:
    lines = outside_lines("home")
    assert "topic read home/printer/+/state" in lines
    assert "topic write home/printer/+/set" in lines
    assert "topic write home/ask/printer_controller/command" in lines
    assert "topic read home/answer/+" in lines
    assert "topic readwrite homeassistant/#" in lines


def test_every_topic_of_the_catalogue_has_its_line_and_no_state_can_be_forged() -> None:
    lines = outside_lines("jobwire")
    for topic in CATALOGUE:
        allowed = [line for line in lines if line.endswith(f" {topic.filter('jobwire')}")]
        expected = "write" if topic.kind in (Kind.COMMAND, Kind.ASK) else "read"
        assert allowed == [f"topic {expected} {topic.filter('jobwire')}"]


def test_lines_for_clients_without_a_name_stand_before_the_first_user_only_when_they_are_let_in() -> None:
    closed, open_ = acl_lines("jobwire"), acl_lines("jobwire", anonymous=True)
    assert closed[0] == "user jobwire"
    assert open_[: open_.index("user jobwire")] == outside_lines("jobwire")
    assert closed == open_[open_.index("user jobwire") :]


def test_only_our_own_services_may_do_everything() -> None:
    lines = acl_lines("jobwire", anonymous=True)
    assert [line for line in lines if line.endswith(" #")] == ["topic readwrite #"]
    assert lines[lines.index("topic readwrite #") - 1] == "user jobwire"


def test_a_password_is_stored_as_the_broker_expects_it() -> None:
    kind, iterations, salt, digest = hashed("pw", b"twelve bytes").split("$")[1:]
    assert (kind, iterations, base64.b64decode(salt)) == ("7", "101", b"twelve bytes")
    assert base64.b64decode(digest) == hashlib.pbkdf2_hmac("sha512", b"pw", b"twelve bytes", 101, 64)


def test_the_password_file_holds_no_password() -> None:
    text = "\n".join(password_lines(Accounts("services-pw", "devices-pw")))
    assert text.startswith("jobwire:$7$")
    assert "services-pw" not in text
    assert "devices-pw" not in text


def test_accounts_are_made_once_and_kept_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "accounts.json"
    made = Accounts.kept_in(path)
    assert Accounts.kept_in(path) == made
    assert made.services != made.devices
    assert len(made.devices) >= 16
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_configuration_says_what_differs_between_versions() -> None:
    listening = Listening(1883, "jobwire")
    lines = config_lines(Path("/data/broker"), listening, as_root=False, plugin=None)
    for expected in (
        "listener 1883 127.0.0.1", "allow_anonymous false", "set_tcp_nodelay true", "persistence true",
        "persistence_location /data/broker/", "max_queued_messages 100000", "max_packet_size 8388608",
    ):  # fmt: skip
        assert expected in lines
    assert "user root" not in lines


def test_the_plugin_takes_the_place_of_the_own_persistence() -> None:
    lines = config_lines(Path("/d"), Listening(1883, "jobwire"), as_root=True, plugin=Path("/lib/p.so"))
    assert lines[0] == "user root"
    assert "plugin /lib/p.so" in lines
    assert not [line for line in lines if line.startswith(("persistence true", "autosave"))]


def test_browsers_get_a_listener_of_their_own_when_it_is_configured() -> None:
    lines = config_lines(
        Path("/d"), Listening(1883, "jobwire", "0.0.0.0", websocket_port=9001), as_root=False, plugin=None
    )
    assert lines[lines.index("listener 9001 0.0.0.0") + 1] == "protocol websockets"


@pytest.mark.parametrize(
    ("settings", "filters"),
    [
        ({"template": "zigbee2mqtt", "device": "lamp"}, ["zigbee2mqtt/#"]),
        ({"template": "zigbee2mqtt", "device": "lamp", "prefix": "z2m"}, ["z2m/#"]),
        ({"template": "tasmota", "device": "plug"}, ["cmnd/#", "stat/#", "tele/#"]),
        ({"template": "tasmota", "device": "plug", "prefix": "home/%topic%/%prefix%/"}, ["home/plug/+/#"]),
        ({"template": "esphome", "device": "node/light/lamp"}, ["node/#"]),
        ({"template": "shelly", "device": "shelly1-A4CF12"}, ["shellies/#", "shelly1-A4CF12/#"]),
        ({"template": "free", "command_topic": "a/set", "state_topic": "a"}, ["a/set", "a"]),
    ],
)
def test_the_devices_of_mqtt_loads_have_their_own_topics(settings: dict[str, str], filters: list[str]) -> None:
    load = LoadSettings(id=1, type="dim", driver="mqtt", mqtt=MqttLoadSettings(**settings))  # type: ignore[arg-type]
    lines = acl_lines("jobwire", loads=[load, LoadSettings(id=2, type="dim")])
    assert [line for line in lines if line not in acl_lines("jobwire")] == [
        f"topic readwrite {each}" for each in filters
    ]
