"""Which serial ports this host offers, and which of them a printer may be looked for on."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from shared.contracts.printers import ConnectionOptions
from shared.errors import Invalid
from shared.settings import PrinterSettings

AUTO = "AUTO"
FIND_OUT = 0
BAUDRATES = (250000, 230400, 115200, 57600, 38400, 19200, 9600)  # the list OctoPrint offers
BY_ID = Path("/dev/serial/by-id")


@dataclass(frozen=True)
class SavedConnection:
    """What a client saved for a printer; null where it saved nothing and the configured value holds."""

    port: str | None = None
    baudrate: int | None = None
    autoconnect: bool | None = None


def host_ports(by_id: Path = BY_ID) -> list[str]:
    """The serial ports of this host, by their stable names where there are any. Looks at the machine: use a thread."""
    from serial.tools import list_ports

    real = sorted(port.device for port in list_ports.comports() if _is_a_device(port))
    stable: dict[str, str] = {}
    if by_id.is_dir():
        stable = {os.path.realpath(link): str(link) for link in sorted(by_id.iterdir())}
    return [stable.get(os.path.realpath(device), device) for device in real]


def _is_a_device(port: object) -> bool:
    """A board's own UARTs (`/dev/ttyS0`…) are listed on every machine; only those with hardware behind are useful."""
    return getattr(port, "hwid", "n/a") not in (None, "", "n/a")


def candidates(port: str, found: Iterable[str], claimed: Collection[str]) -> list[str]:
    """The ports to try for a printer whose port is `port`: itself, or with `AUTO` each free one, USB first.

    `claimed` are the ports of the other configured or connected printers; they are never opened.
    """
    if port != AUTO:
        return [port]
    taken = {os.path.realpath(name) for name in claimed}
    free = [name for name in found if os.path.realpath(name) not in taken]
    return sorted(free, key=lambda name: (not _usb(name), name))


def _usb(name: str) -> bool:
    return any(word in name for word in ("/by-id/", "ttyUSB", "ttyACM", "usbmodem", "usbserial"))


def seems_there(port: str) -> bool:
    """Whether opening is worth a try: a device path that exists, or an address. Touches the file system only."""
    return "://" in port or os.path.exists(port)


def why_missing(port: str, tried: Collection[str]) -> str:
    """Why there is nothing to open for a printer whose port is `port`, for people; "" when one of `tried` is there."""
    if any(seems_there(name) for name in tried):
        return ""
    if port != AUTO:
        return f"the port {port} does not exist; is the printer plugged in and switched on?"
    return "no free serial port was found; is the printer plugged in and switched on?"


def options(
    settings: PrinterSettings, found: Iterable[str], claimed: Collection[str], saved: SavedConnection
) -> ConnectionOptions:
    """What a client may choose from: the printer's own port first, then the free ones of the host."""
    own = [port for port in (settings.port, saved.port) if port and port != AUTO]
    free = candidates(AUTO, found, claimed)
    rates = [*BAUDRATES, *(rate for rate in (settings.baudrate, saved.baudrate) if rate)]
    return ConnectionOptions(
        ports=list(dict.fromkeys([*own, *free])),
        baudrates=sorted(set(rates), reverse=True),
        port_preference=saved.port or settings.port,
        baudrate_preference=saved.baudrate if saved.baudrate is not None else settings.baudrate,
        autoconnect=settings.autoconnect if saved.autoconnect is None else saved.autoconnect,
    )


def check(options: ConnectionOptions, port: str | None, baudrate: int | None) -> None:
    """Raises `Invalid` with OctoPrint's text for a port or rate that is not on offer; `AUTO` and 0 always are."""
    if port is not None and port != AUTO and port not in options.ports:
        raise Invalid("port is invalid", code="bad_port")
    if baudrate is not None and baudrate != FIND_OUT and baudrate not in options.baudrates:
        raise Invalid("baudrate is invalid", code="bad_baudrate")
