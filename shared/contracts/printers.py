"""Printers on the bus: their state, job and temperatures in OctoPrint's words, and the commands they take."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from shared.contracts.messages import Message


class PrinterStatus(StrEnum):
    """The exact state strings of OctoPrint 1.11; clients match them by equality or prefix, so there are no others."""

    OFFLINE = "Offline"
    OPENING = "Opening serial connection"
    DETECTING = "Detecting serial connection"
    CONNECTING = "Connecting"
    OPERATIONAL = "Operational"
    STARTING = "Starting"
    PRINTING = "Printing"
    PAUSING = "Pausing"
    PAUSED = "Paused"
    RESUMING = "Resuming"
    FINISHING = "Finishing"
    CANCELLING = "Cancelling"
    ERROR = "Error"
    OFFLINE_AFTER_ERROR = "Offline after error"


class PrinterState(msgspec.Struct, kw_only=True, rename="camel"):
    """Retained at `printer/<id>/state`. `owner` is the controller instance that holds the printer's lease."""

    state: PrinterStatus
    error: str = ""
    name: str
    owner: str
    port: str | None = None
    baudrate: int | None = None
    sd_ready: bool = False
    default: bool = False
    tools: int = 1
    heated_bed: bool = True
    heated_chamber: bool = False
    volume: Volume | None = None
    at: datetime
    version: int


class Volume(msgspec.Struct, kw_only=True, rename="camel"):
    """The build volume in millimetres."""

    width: float = 200.0
    depth: float = 200.0
    height: float = 200.0
    origin: str = "lowerleft"
    form_factor: str = "rectangular"


class JobFile(msgspec.Struct, kw_only=True, rename="camel"):
    """The selected file: `size` in bytes, `date` in Unix seconds."""

    name: str
    path: str
    display: str
    origin: str = "local"
    size: int = 0
    date: int = 0


class Filament(msgspec.Struct, kw_only=True, rename="camel"):
    """What a tool will use: `length` in mm, `volume` in cm³."""

    length: float | None = None
    volume: float | None = None


class JobProgress(msgspec.Struct, kw_only=True, rename="camel"):
    """`completion` in percent 0..100, `filepos` in bytes, times in seconds."""

    completion: float | None = None
    filepos: int | None = None
    print_time: int | None = None
    print_time_left: int | None = None
    print_time_left_origin: str | None = None


class PrinterJob(msgspec.Struct, kw_only=True, rename="camel"):
    """Retained at `printer/<id>/job`, at most twice a second while printing.

    `current_z` is the height in mm that the print has come to. `transmitted` counts the lines that were sent since the
    printer was connected, `resends` how often it asked for one again.
    """

    file: JobFile | None = None
    estimated_print_time: float | None = None
    average_print_time: float | None = None
    last_print_time: float | None = None
    filament: dict[str, Filament] | None = None
    user: str | None = None
    progress: JobProgress
    run: str | None = None
    line: int | None = None
    current_z: float | None = None
    transmitted: int = 0
    resends: int = 0
    at: datetime
    version: int


class Heater(msgspec.Struct, kw_only=True):
    """Degrees Celsius; `actual` is null where the firmware reports nothing."""

    actual: float | None = None
    target: float | None = None
    offset: float = 0


class PrinterTemperature(msgspec.Struct, kw_only=True):
    """Retained at `printer/<id>/temperature`, at most once a second. Keys: `tool0`…, `bed`, `chamber`."""

    heaters: dict[str, Heater]
    at: datetime
    version: int


class PrinterLog(msgspec.Struct, kw_only=True):
    """At `printer/<id>/log`, at most twice a second and only while somebody asks for it: what went over the line.

    `lines` are the newest since the message before, at most 300, as `Send: N5 M105*35` and `Recv: ok`. Where older ones
    did not fit, the first is `[...]`.
    """

    lines: list[str]
    at: datetime


class PrinterAsk(Message, kw_only=True):
    """A request for the controller that holds `printer`; every other controller stays silent."""

    printer: str = ""


class StartPrint(PrinterAsk, kw_only=True, tag_field="command", tag="start"):
    """Print the selected file from its beginning."""


class CancelPrint(PrinterAsk, kw_only=True, tag_field="command", tag="cancel"):
    """End the print and run the cancel script."""


class RestartPrint(PrinterAsk, kw_only=True, tag_field="command", tag="restart"):
    """Start again from the beginning; only while paused."""


class PausePrint(PrinterAsk, kw_only=True, tag_field="command", tag="pause"):
    """`action` is `pause`, `resume` or `toggle`; the owner refuses another only after its state rules."""

    action: str = "toggle"


class ConnectPrinter(PrinterAsk, kw_only=True, tag_field="command", tag="connect"):
    """Open the serial line. Absent values mean the configured ones; `AUTO` and 0 mean: find out."""

    port: str | None = None
    baudrate: int | None = None
    save: bool = False
    autoconnect: bool | None = None


class DisconnectPrinter(PrinterAsk, kw_only=True, tag_field="command", tag="disconnect"):
    """Close the serial line; a running print ends `failed`."""


class SelectFile(PrinterAsk, kw_only=True, tag_field="command", tag="select"):
    """Make `path` the selected file, and print it when `print` is true."""

    path: str
    print: bool = False


class UnselectFile(PrinterAsk, kw_only=True, tag_field="command", tag="unselect"):
    """Select nothing."""

    path: str = "current"


class When(StrEnum):
    """In which states of an operational printer lines may be sent. A paused print is not `idle`, but not printing."""

    ALWAYS = "always"
    NOT_PRINTING = "not_printing"
    IDLE = "idle"


class SendGcode(PrinterAsk, kw_only=True, tag_field="command", tag="gcode"):
    """Send lines of G-code, in order, between the lines of a running print.

    `keep_modes`: afterwards units, absolute or relative positions, feed rate and the extruder's count are as before.
    """

    lines: list[str]
    when: When = When.ALWAYS
    keep_modes: bool = False


class OffsetTemperatures(PrinterAsk, kw_only=True, tag_field="command", tag="temperature_offsets"):
    """Add degrees, -50 to 50, to the targets in print files, by heater (`tool0`, `bed`); heaters not named stay.

    They end with the connection.
    """

    offsets: dict[str, float]


class FakeAck(PrinterAsk, kw_only=True, tag_field="command", tag="fake_ack"):
    """Somebody thinks that an `ok` was lost: the printer is asked at once what it has done."""


class StopEmergency(PrinterAsk, kw_only=True, tag_field="command", tag="emergency_stop"):
    """`M112` ahead of everything else."""


PrinterCommand = (
    StartPrint
    | CancelPrint
    | RestartPrint
    | PausePrint
    | ConnectPrinter
    | DisconnectPrinter
    | SelectFile
    | UnselectFile
    | SendGcode
    | OffsetTemperatures
    | FakeAck
    | StopEmergency
)


class CommandDone(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The owner has committed the command. `run` is the run it touched; `effect` false means: nothing to do.

    `shown` is what goes out at `printer/<id>/state` because of it, right behind this answer.
    """

    run: str | None = None
    effect: bool = True
    state: PrinterStatus | None = None
    shown: PrinterState | None = None


class ReadConnection(PrinterAsk, kw_only=True):
    """Ask for the ports and rates this printer could be connected with."""


class ConnectionOptions(msgspec.Struct, kw_only=True, rename="camel"):
    """What the controller's host offers now, and what is configured."""

    ports: list[str]
    baudrates: list[int]
    port_preference: str | None = None
    baudrate_preference: int | None = None
    autoconnect: bool = True


class Announce(Message, kw_only=True):
    """Publish all retained state again; asked by a gateway whose session is new."""


class Announced(msgspec.Struct, kw_only=True):
    """How many topics were published again."""

    topics: int


class FollowLog(PrinterAsk, kw_only=True):
    """Publish the printer's log for so many `seconds` from now, at most 60; ask again to go on listening."""

    seconds: float = 30.0


class LogFollowed(msgspec.Struct, kw_only=True):
    """The log comes for so many `seconds`."""

    seconds: float
