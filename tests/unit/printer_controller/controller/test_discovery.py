"""A port is offered and tried only when it is no other printer's."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from services.printer_controller import discovery
from services.printer_controller.discovery import SavedConnection
from shared.errors import Invalid
from shared.settings import PrinterSettings

FOUND = ["/dev/ttyAMA0", "/dev/ttyUSB0", "/dev/serial/by-id/usb-x"]


def test_a_configured_port_is_the_only_one_tried() -> None:
    assert discovery.candidates("/dev/ttyUSB7", FOUND, set()) == ["/dev/ttyUSB7"]


def test_auto_tries_usb_ports_first_and_never_those_of_other_printers() -> None:
    assert discovery.candidates("AUTO", FOUND, {"/dev/ttyUSB0"}) == ["/dev/serial/by-id/usb-x", "/dev/ttyAMA0"]


def test_a_port_claimed_under_another_name_is_recognised(tmp_path: Path) -> None:
    device, link = tmp_path / "ttyUSB3", tmp_path / "by-id-printer"
    device.touch()
    link.symlink_to(device)
    assert discovery.candidates("AUTO", [str(link)], {str(device)}) == []


def test_stable_names_are_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from serial.tools import list_ports

    device, by_id = tmp_path / "ttyUSB0", tmp_path / "by-id"
    device.touch()
    by_id.mkdir()
    (by_id / "usb-board").symlink_to(device)
    ports = [SimpleNamespace(device=str(device), hwid="USB VID"), SimpleNamespace(device="/dev/ttyS0", hwid="n/a")]
    monkeypatch.setattr(list_ports, "comports", lambda: ports)
    assert discovery.host_ports(by_id) == [str(by_id / "usb-board")]


def test_the_options_name_the_own_port_first_and_what_was_saved() -> None:
    settings = PrinterSettings(id="one", port="/dev/ttyACM0", baudrate=500000)
    offered = discovery.options(settings, FOUND, set(), SavedConnection("/dev/ttyUSB0", 115200, False))
    assert offered.ports[:2] == ["/dev/ttyACM0", "/dev/ttyUSB0"]
    assert offered.baudrates == [500000, 250000, 230400, 115200, 57600, 38400, 19200, 9600]
    assert (offered.port_preference, offered.baudrate_preference, offered.autoconnect) == (
        "/dev/ttyUSB0",
        115200,
        False,
    )


@pytest.mark.parametrize(
    ("port", "baudrate", "message"),
    [
        ("NOPE", None, "port is invalid"),
        ("/dev/ttyUSB0", 12345, "baudrate is invalid"),
        (None, 1, "baudrate is invalid"),
    ],
)
def test_what_is_not_on_offer_is_refused_with_octoprints_words(
    port: str | None, baudrate: int | None, message: str
) -> None:
    offered = discovery.options(PrinterSettings(id="one"), FOUND, set(), SavedConnection())
    with pytest.raises(Invalid, match=message):
        discovery.check(offered, port, baudrate)


@pytest.mark.parametrize(("port", "baudrate"), [(None, None), ("AUTO", 0), ("/dev/ttyUSB0", 250000)])
def test_what_is_on_offer_is_accepted(port: str | None, baudrate: int | None) -> None:
    offered = discovery.options(PrinterSettings(id="one"), FOUND, set(), SavedConnection())
    discovery.check(offered, port, baudrate)
