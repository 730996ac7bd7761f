"""What the children are told: their environment, their command lines, and what people read when all are ready."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from services.cli.child import plain_environ
from services.cli.hints import broker_line, first_administrator, ready_lines
from services.cli.services import gateway_url, virtual_printer_options
from services.cli.up import child_environ
from shared.settings import GatewaySettings, PrinterSettings, Settings, VirtualPrinterSettings

OWN = {
    "kind": "mosquitto",
    "host": "127.0.0.1",
    "port": 1883,
    "user": "devices",
    "accounts": "/d/a.json",
    "anonymous": True,
}


def test_children_get_the_places_and_ports_that_were_decided() -> None:
    given = {"PATH": "/bin", "JOBWIRE_ADMIN_KEY": "kept-for-the-gateway", "JOBWIRE_OPS_PORT": "9100"}
    environ = child_environ(given, Settings(data="/d", instance="here"), "mqtt://jobwire:pw@127.0.0.1:1999")
    assert environ["JOBWIRE_DATA"] == "/d"
    assert environ["JOBWIRE_INSTANCE"] == "here"
    assert environ["JOBWIRE_BROKER_URL"] == "mqtt://jobwire:pw@127.0.0.1:1999"
    assert environ["JOBWIRE_ADMIN_KEY"] == "kept-for-the-gateway"
    assert environ["PATH"] == "/bin"
    assert "JOBWIRE_OPS_PORT" not in environ
    assert "JOBWIRE_CONFIG" not in environ


def test_a_broker_url_from_a_file_is_not_handed_on_beside_the_one_that_was_read() -> None:
    environ = child_environ({"JOBWIRE_BROKER_URL_FILE": "/run/url"}, Settings(), "mqtt://h")
    assert "JOBWIRE_BROKER_URL_FILE" not in environ


def test_children_find_the_settings_file_wherever_they_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    environ = child_environ({"JOBWIRE_CONFIG": "jobwire.toml"}, Settings(), "mqtt://h")
    assert environ["JOBWIRE_CONFIG"] == str(tmp_path / "jobwire.toml")


def test_programs_that_are_not_ours_get_no_secret() -> None:
    assert plain_environ({"PATH": "/bin", "JOBWIRE_ADMIN_KEY": "x", "JOBWIRE_DATABASE_URL": "y"}) == {"PATH": "/bin"}


def test_the_virtual_printer_is_what_its_printer_says() -> None:
    settings = Settings(
        data="/d",
        printer=[
            PrinterSettings(id="real", port="/dev/ttyUSB0"),
            PrinterSettings(id="v", port="VIRTUAL", tools=2, heated_bed=False, heated_chamber=True),
        ],
        virtual_printer=VirtualPrinterSettings(speed=0, log="x.log", options=["--lose-ok", "0.01"]),
    )
    assert " ".join(virtual_printer_options(settings)) == (
        "--pty /d/run/virtual-printer --speed 0 --baudrate 0 --control /d/run/virtual-printer.control --log x.log "
        "--tools 2 --no-heated-bed --heated-chamber --lose-ok 0.01"
    )


def test_a_folder_too_deep_for_a_socket_does_without_it() -> None:
    assert "--control" not in virtual_printer_options(Settings(data="/" + "d" * 120))


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:80"), ("0.0.0.0", "http://127.0.0.1:80"), ("::", "http://[::1]:80"), ("h", "http://h:80")],
)  # fmt: skip
def test_the_address_shown_can_be_opened_on_this_machine(host: str, url: str) -> None:
    assert gateway_url(msgspec.structs.replace(Settings(), gateway=GatewaySettings(host=host, port=80))) == url


def test_the_lines_after_ready_say_where_mqtt_is_and_give_commands_that_fit() -> None:
    text = "\n".join(ready_lines(Settings(data="/nowhere"), OWN, "http://127.0.0.1:8080"))
    assert "127.0.0.1:1883, user devices, password in /d/a.json, or without a user" in text
    assert "http://127.0.0.1:8080/api/files/local" in text
    assert "mosquitto_pub -p 1883 -t jobwire/printer/virtual/set -m pause" in text


def test_an_existing_broker_is_named_without_its_password() -> None:
    assert broker_line({"kind": "given", "host": "h", "port": 1}) == "h:1 (an existing broker)"


def test_a_made_up_administrator_is_shown_once(tmp_path: Path) -> None:
    path = tmp_path / "first-admin.json"
    path.write_text(json.dumps({"name": "admin", "key": "made-up"}))
    assert "made-up" in "\n".join(first_administrator(path))
    assert not path.exists()
    assert first_administrator(path) == []
