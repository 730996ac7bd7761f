"""Every setting of every service as one typed tree, read from `jobwire.toml` and the environment (which wins)."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from shared import load_settings as house
from shared import settings_loading
from shared.identifiers import is_slug
from shared.settings_loading import SECRET, SettingsError
from shared.settings_section import Section

__all__ = [
    "BrokerSettings",
    "BuildVolume",
    "DatabaseSettings",
    "GatewaySettings",
    "PrinterScripts",
    "PrinterSettings",
    "PrinterTimeouts",
    "RetentionSettings",
    "Settings",
    "SettingsError",
    "VirtualPrinterSettings",
    "load_settings",
]

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
Secret = Annotated[str, msgspec.Meta(extra={SECRET: True})]
LongSecret = Annotated[str, msgspec.Meta(min_length=8, extra={SECRET: True})]
Millimetres = Annotated[float, msgspec.Meta(gt=0)]

BROKER_SCHEMES = ("mqtt", "mqtts")
LogFormat = Literal["auto", "json", "text"]  # auto: text on a terminal, else JSON
LOG_LEVELS = ("debug", "info", "warning", "error")


class BrokerSettings(Section, frozen=True, kw_only=True):
    """The MQTT broker: `url` names an existing one; without it `jobwire up` runs Mosquitto on `port`.

    `anonymous` unset means: clients without a password are let in while the broker listens on this machine alone.
    `base` is the first part of every topic. `websocket_port` adds a listener for browsers.
    """

    url: Secret = "mqtt://127.0.0.1:1883"
    base: str = "jobwire"
    port: Port = 1883
    anonymous: bool | None = None
    expose: bool = False
    websocket_port: Port | None = None
    program: str | None = None

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in BROKER_SCHEMES or not parts.hostname:
            raise ValueError("url must look like mqtt://user:password@host:1883 (or mqtts://)")
        if not all(is_slug(level) for level in self.base.split("/")):
            raise ValueError("base must be levels of letters, digits, '_' and '-', separated by '/'")

    @property
    def lets_anonymous_in(self) -> bool:
        """Whether our own broker accepts clients without a password."""
        return not self.expose if self.anonymous is None else self.anonymous


class GatewaySettings(Section, frozen=True, kw_only=True):
    """The HTTP side. `max_upload` in bytes; `ask_within` seconds for an owner's answer; port 0 means any free one.

    `appkey_approval`: whether somebody is asked before an application gets a key, or `always` approved (for trials).
    """

    host: str = "127.0.0.1"
    port: Port = 8080
    max_upload: Annotated[int, msgspec.Meta(ge=1024)] = 2 * 1024**3
    ask_within: Seconds = 5.0
    trusted_proxies: list[str] = []
    appkey_approval: Literal["ask", "always"] = "ask"


class DatabaseSettings(Section, frozen=True, kw_only=True):
    """`url` unset means an SQLite file per service in the data folder; `postgresql://…` a schema per service."""

    url: Secret | None = None
    synchronous: Literal["FULL", "NORMAL"] = "FULL"

    def __post_init__(self) -> None:
        if self.url is not None and not re.match(r"postgresql(\+asyncpg)?://", self.url):
            raise ValueError("url must begin with postgresql:// (or be left out for SQLite)")


class RetentionSettings(Section, frozen=True, kw_only=True):
    """How long things are kept: `runs_days` in the database, `run_topic_hours` on MQTT, message ids `inbox_days`."""

    runs_days: Annotated[int, msgspec.Meta(ge=1)] = 90
    run_topic_hours: Annotated[int, msgspec.Meta(ge=1)] = 24
    inbox_days: Annotated[int, msgspec.Meta(ge=1)] = 7


class BuildVolume(Section, frozen=True, kw_only=True):
    """The build volume in millimetres, in OctoPrint's words."""

    width: Millimetres = 200.0
    depth: Millimetres = 200.0
    height: Millimetres = 200.0
    origin: Literal["lowerleft", "center"] = "lowerleft"
    form_factor: Literal["rectangular", "circular"] = "rectangular"


def switch_off() -> list[str]:
    """Heaters, bed, fan and motors off."""
    return ["M104 S0", "M140 S0", "M107", "M84"]


class PrinterScripts(Section, frozen=True, kw_only=True):
    """Lines of G-code sent at the turns of a print; `after_crash` makes a printer safe whose controller died."""

    connect: list[str] = []
    pause: list[str] = []
    resume: list[str] = []
    cancel: list[str] = msgspec.field(default_factory=switch_off)
    after_crash: list[str] = msgspec.field(default_factory=switch_off)


# Commands that a print file has no business with: they flash firmware, enter a bootloader or write the EEPROM, or store
# what does so later. docs/printers.md says for each of them which firmware does what.
DENIED_COMMANDS = (
    "M28", "M500", "M502", "M504", "M559", "M560", "M928", "M994", "M997",
    "D0", "D1", "D2", "D3", "D5", "D6", "D7", "PRUSA", "SAVE_CONFIG", "DFU",
)  # fmt: skip


# An API is found by the first word of its path, so these cannot be a printer's: /octoprint/<printer>/….
ROUTE_WORDS = frozenset({"api", "appkeys", "docs", "downloads", "login", "octoprint", "plugin", "sockjs", "static"})


class PrinterTimeouts(Section, frozen=True, kw_only=True):
    """Seconds. The wire is asked, not guessed at, when an answer is overdue; only `dead` gives the printer up."""

    open: Seconds = 10.0  # for the port itself
    greeting: Seconds = 5.0  # for the start banner or the answer to the first line, per try
    silence: Seconds = 1.0  # an `ok` is due and nothing comes: probe
    long_silence: Seconds = 30.0  # the same while a line runs that is known to take long (M109, G28, …)
    dead: Seconds = 60.0  # nothing at all in spite of probes
    reconnect: Seconds = 5.0  # between tries to find a printer again
    temperature: Seconds = 2.0  # between questions for temperatures where the firmware does not report by itself


class PrinterSettings(Section, frozen=True, kw_only=True):
    """One printer. `port`: a device path, `socket://host:port`, `AUTO` (find it) or `VIRTUAL`; `baudrate` 0: find out.

    `rx_buffer` is the firmware's receive buffer in bytes, for firmware that does not report it; `window` false sends
    one line at a time. `deny` are commands that are never sent from the files and lines of `deny_from`: everybody but
    administrators (`others`), `all` or `none`.
    """

    id: str
    name: str = ""
    port: str = "AUTO"
    baudrate: Annotated[int, msgspec.Meta(ge=0, le=4_000_000)] = 115200
    rx_buffer: Annotated[int, msgspec.Meta(ge=16, le=65536)] | None = None
    window: bool = True
    autoconnect: bool = True
    reset_on_connect: bool = False
    tools: Annotated[int, msgspec.Meta(ge=1, le=16)] = 1
    heated_bed: bool = True
    heated_chamber: bool = False
    volume: BuildVolume = BuildVolume()
    gcode: PrinterScripts = PrinterScripts()
    timeouts: PrinterTimeouts = PrinterTimeouts()
    deny: list[str] = msgspec.field(default_factory=lambda: list(DENIED_COMMANDS))
    deny_from: Literal["others", "all", "none"] = "others"

    def __post_init__(self) -> None:
        if not is_slug(self.id):
            raise ValueError(f"id {self.id!r} must be letters, digits, '_' and '-', at most 64")
        if self.id.lower() in ROUTE_WORDS:
            raise ValueError(f"id {self.id!r} is a word in the addresses of the APIs: choose another one")
        for command in self.deny:
            if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", command):
                raise ValueError(f"deny {command!r} must be a command without parameters, like M500 or SAVE_CONFIG")


class VirtualPrinterSettings(Section, frozen=True, kw_only=True):
    """The firmware without a printer that runs when a printer's port is `VIRTUAL`.

    `speed` 2 is twice real time, 0 takes no time; `baudrate` 0 does not pace the wire; `log` is a file for the executed
    lines; `options` are further options of `jobwire virtual-printer`.
    """

    speed: Annotated[float, msgspec.Meta(ge=0)] = 1.0
    baudrate: Annotated[int, msgspec.Meta(ge=0)] = 0
    log: str | None = None
    options: list[str] = []


class Settings(Section, frozen=True, kw_only=True):
    """The whole tree. Without a `[[printer]]` there is one virtual printer, so that everything can be tried."""

    data: str = "jobwire-data"
    instance: str = msgspec.field(default_factory=lambda: host_slug(socket.gethostname()))
    log_level: str = "info"
    log_format: LogFormat = "auto"
    ops_host: str = "127.0.0.1"
    ops_port: Port = 0
    admin_key: LongSecret | None = None
    admin_password: LongSecret | None = None
    broker: BrokerSettings = BrokerSettings()
    gateway: GatewaySettings = GatewaySettings()
    database: DatabaseSettings = DatabaseSettings()
    retention: RetentionSettings = RetentionSettings()
    printer: list[PrinterSettings] = []
    virtual_printer: VirtualPrinterSettings = VirtualPrinterSettings()
    load: list[house.LoadSettings] = []
    hvac_group: list[house.HvacGroupSettings] = []
    smart_button: list[house.SmartButtonSettings] = []
    flag: list[house.FlagSettings] = []
    room: list[house.RoomSettings] = []
    scripts: house.ScriptSettings = house.ScriptSettings()
    location: house.LocationSettings = house.LocationSettings()
    wiser: house.WiserSettings = house.WiserSettings()

    def __post_init__(self) -> None:
        for check in (_check_names, _check_printers, house.check_house):
            check(self)
        for name, value in house.house_or_virtual(self).items():
            msgspec.structs.force_setattr(self, name, value)
        msgspec.structs.force_setattr(self, "log_level", self.log_level.lower())
        msgspec.structs.force_setattr(self, "printer", _placed(self))

    @property
    def data_folder(self) -> Path:
        """Where everything is kept."""
        return Path(self.data)

    @property
    def run_folder(self) -> Path:
        """Locks, links and state of the running system; safe to delete while nothing runs."""
        return self.data_folder / "run"

    @property
    def virtual_link(self) -> Path:
        """The link to the virtual printer's pseudo terminal."""
        return self.run_folder / "virtual-printer"

    @property
    def uses_virtual_printer(self) -> bool:
        """Whether any printer is the virtual one."""
        return any(printer.port == str(self.virtual_link) for printer in self.printer)


def load_settings(environ: Mapping[str, str], config: Path | None = None) -> Settings:
    """The settings from `config` (or the file `JOBWIRE_CONFIG` names) and `JOBWIRE_*`, which wins.

    Raises `SettingsError` with one sentence for an unknown name, a wrong type, a value out of range or a bad file.
    """
    return settings_loading.load(Settings, environ, config)


def host_slug(host: str) -> str:
    """A host name as one topic level: its first label, other characters as `-`."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", host.split(".")[0])[:64] or "host"


def _check_names(settings: Settings) -> None:
    if not is_slug(settings.instance):
        raise ValueError(f"instance {settings.instance!r} must be letters, digits, '_' and '-', at most 64")
    if settings.log_level.lower() not in LOG_LEVELS:
        raise ValueError(f"log_level must be one of {', '.join(LOG_LEVELS)}")
    if not settings.data:
        raise ValueError("data must name a folder")


def _check_printers(settings: Settings) -> None:
    ids = [printer.id for printer in settings.printer]
    ports = [printer.port for printer in settings.printer if printer.port != "AUTO"]
    for what, values in (("id", ids), ("port", ports)):
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise ValueError(f"printer {what} {twice[0]!r} is used twice")


def _placed(settings: Settings) -> list[PrinterSettings]:
    """The printers with `VIRTUAL` replaced by the link, and names filled in."""
    printers = settings.printer or [PrinterSettings(id="virtual", name="Virtual printer", port="VIRTUAL")]
    link = str(settings.virtual_link)
    return [
        msgspec.structs.replace(
            printer, name=printer.name or printer.id, port=link if printer.port == "VIRTUAL" else printer.port
        )
        for printer in printers
    ]
