"""The rows of the job, the printer, its connection and its profile; bodies as OctoPrint 1.11.8 sends them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from services.gateway.callers.roles import Permission
from services.gateway.dialects.octoprint import translate, wire, wire_profiles
from services.gateway.dialects.octoprint.openapi.by_hand import READINGS
from services.gateway.openapi.operations import (
    KEY,
    PRINTER,
    READS_JSON,
    STATE,
    TEXT,
    TOUCHED,
    TRUTH,
    WHOLE,
    WORD,
    Operation,
    Operations,
    Query,
    command,
    found,
    members,
)

_ACTION = {"type": "string", "enum": ["pause", "resume", "toggle"]}
_FILE = {
    "date": 1795329835, "display": "ring.gcode", "name": "ring.gcode", "origin": "local", "path": "ring.gcode",
    "size": 219483,
}  # fmt: skip
_PRINTING: dict[str, Any] = {
    "job": {
        "averagePrintTime": None, "estimatedPrintTime": 636.5, "file": _FILE, "lastPrintTime": None, "user": "admin",
        "filament": {"tool0": {"length": 399.12162, "volume": 0.96}},
    },
    "progress": {
        "completion": 4.680544734671933, "filepos": 10273, "printTime": 4, "printTimeLeft": 632,
        "printTimeLeftOrigin": "analysis",
    },
    "state": "Printing",
}  # fmt: skip
_NOTHING: dict[str, Any] = {
    "job": {
        "estimatedPrintTime": None, "filament": {"length": None, "volume": None}, "lastPrintTime": None, "user": None,
        "file": {"date": None, "name": None, "origin": None, "path": None, "size": None},
    },
    "progress": {
        "completion": None, "filepos": None, "printTime": None, "printTimeLeft": None, "printTimeLeftOrigin": None,
    },
    "state": "Operational",
}  # fmt: skip
_FLAGS = {
    "cancelling": False, "closedOrError": False, "error": False, "finishing": False, "operational": True,
    "paused": False, "pausing": False, "printing": True, "ready": False, "resuming": False, "sdReady": False,
}  # fmt: skip
_PRINTER = {
    "sd": {"ready": False},
    "state": {"error": "", "flags": _FLAGS, "text": "Printing"},
    "temperature": {
        "bed": {"actual": 60.1, "offset": 0, "target": 60.0},
        "tool0": {"actual": 214.8, "offset": 0, "target": 215.0},
    },
}
_CONNECTION = {
    "current": {"baudrate": 115200, "port": "/dev/ttyUSB0", "printerProfile": "_default", "state": "Operational"},
    "options": {
        "baudratePreference": 115200, "baudrates": [250000, 115200], "portPreference": "/dev/ttyUSB0",
        "ports": ["/dev/ttyUSB0"], "printerProfilePreference": "_default",
        "printerProfiles": [{"id": "_default", "name": "Default"}],
    },
}  # fmt: skip

PRINTING: Operations = MappingProxyType(
    {
        "read_job": Operation(
            tag="job",
            needs=Permission.STATUS,
            answers=found(wire.JobInformation, printing=_PRINTING, nothing_selected=_NOTHING),
            errors=KEY | PRINTER,
        ),
        "command_job": Operation(
            tag="job",
            needs=Permission.PRINT,
            body=command(
                {"start": {}, "cancel": {}, "restart": {}, "pause": {"action": _ACTION}},
                start={"command": "start"},
                cancel={"command": "cancel"},
                restart={"command": "restart"},
                pause={"command": "pause", "action": "pause"},
                resume={"command": "pause", "action": "resume"},
                toggle={"command": "pause", "action": "toggle"},
            ),
            answers=TOUCHED,
            errors=KEY | PRINTER | READS_JSON | STATE,
        ),
        "read_version": Operation(
            tag="server",
            needs=Permission.STATUS,
            answers=found(
                wire.Version,
                example={"api": "0.1", "server": translate.SERVER, "text": f"OctoPrint {translate.SERVER}"},
            ),
            errors=KEY | {404},
        ),
        "read_server": Operation(
            tag="server",
            needs=Permission.STATUS,
            answers=found(wire.Server, example={"safemode": None, "version": translate.SERVER}),
            errors=KEY | {404},
        ),
        "read_printer": Operation(
            tag="printer",
            needs=Permission.STATUS,
            query={
                "exclude": Query("What to leave out, with commas: temperature, sd, state."),
                "history": Query("Whether the latest temperatures come as well.", WORD),
                "limit": Query("How many of them.", {"type": "integer", "minimum": 1}),
            },
            answers=found(
                members(sd=members({"ready": TRUTH}), state=wire.StateShown, temperature=READINGS),
                printing=_PRINTER,
            ),
            errors=KEY | PRINTER | STATE,
        ),
        "read_connection": Operation(
            tag="connection",
            needs=Permission.STATUS,
            answers=found(members({"current": wire.Connection, "options": wire.ConnectionChoices}), open=_CONNECTION),
            errors=KEY | PRINTER,
        ),
        "read_early_connection": Operation(
            tag="connection",
            needs=Permission.STATUS,
            answers=found(members({"current": wire.EarlyConnection, "options": wire.EarlyConnectionChoices})),
            errors=KEY | PRINTER,
        ),
        "command_connection": Operation(
            tag="connection",
            needs=Permission.CONNECTION,
            body=command(
                {
                    "connect": {
                        "port": TEXT, "baudrate": WHOLE, "printerProfile": TEXT, "save": TRUTH, "autoconnect": TRUTH,
                    },
                    "disconnect": {},
                    "fake_ack": {},
                },
                connect={"command": "connect", "port": "/dev/ttyUSB0", "baudrate": 115200},
                connect_as_configured={"command": "connect"},
                disconnect={"command": "disconnect"},
            ),
            answers=TOUCHED,
            errors=KEY | PRINTER | READS_JSON | STATE,
        ),
        "list_profiles": Operation(
            tag="profiles",
            needs=Permission.SETTINGS_READ,
            answers=found(wire_profiles.Profiles),
            errors=KEY | PRINTER,
        ),
        "read_profile": Operation(
            tag="profiles",
            needs=Permission.SETTINGS_READ,
            answers=found(wire_profiles.PrinterProfile),
            errors=KEY | PRINTER,
        ),
    }
)  # fmt: skip
