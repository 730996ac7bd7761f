"""GET /api/settings: the members that OctoPrint 1.11.8 shows (recorded), with what is true here in them. Pure.

Clients read `plugins.discovery.upnpUuid` (Home Assistant's unique id), `webcam`, `feature.sdSupport`,
`gcodeAnalysis.runAt` (Cura), `temperature.profiles` and `appearance.name` (mobile apps). What has no counterpart here
is there with OctoPrint's own empty or default value, because clients index without a look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Shown:
    """What differs between installations and printers: a UUID each, and the printer where it is known."""

    discovery: str
    tracking: str
    name: str = ""
    port: str | None = None
    baudrate: int | None = None


_SCRIPTS = (
    "afterPrinterConnected", "beforePrinterDisconnected", "beforePrintStarted", "afterPrintCancelled",
    "afterPrintDone", "beforePrintPaused", "afterPrintResumed", "beforeToolChange", "afterToolChange",
)  # fmt: skip
# As recorded, but for what we do not have: no SD card, no confirmations, no watched folder, an analysis at any time.
_FIXED: Mapping[str, Any] = MappingProxyType(
    {
        "accessControl": {"autologinLocal": False},
        "api": {"key": None, "allowCrossOrigin": False},
        "controls": [],
        "devel": {"pluginTimings": False},
        "feature": {
            "autoUppercaseBlacklist": ["M117", "M118", "M707", "M708"],
            "enableDragDropUpload": True,
            "fileDeleteConfirmation": True,
            "g90InfluencesExtruder": False,
            "keyboardControl": True,
            "modelSizeDetection": True,
            "pollWatched": False,
            "printCancelConfirmation": True,
            "printStartConfirmation": False,
            "rememberFileFolder": False,
            "sdSupport": False,
            "temperatureGraph": True,
            "uploadOverwriteConfirmation": True,
        },
        "folder": {"timelapse": "", "timelapseTmp": "", "uploads": "", "watched": ""},
        "gcodeAnalysis": {"bedZ": 0.0, "runAt": "always"},
        "scripts": {"gcode": {**dict.fromkeys(_SCRIPTS), "snippets": {}}},
        "server": {
            "allowFraming": False,
            "commands": {"serverRestartCommand": None, "systemRestartCommand": None, "systemShutdownCommand": None},
            "diskspace": {"critical": 200 * 1024**2, "warning": 500 * 1024**2},
            "onlineCheck": {"enabled": False, "host": None, "interval": 15, "name": None, "port": None},
            "pluginBlacklist": {"enabled": False, "ttl": 15, "url": None},
        },
        "slicing": {"defaultSlicer": None},
        "system": {"actions": [], "events": None},
        "temperature": {
            "cutoff": 30,
            "profiles": [
                {"bed": 100, "extruder": 210, "name": "ABS"},
                {"bed": 60, "extruder": 180, "name": "PLA"},
            ],
            "sendAutomatically": False,
            "sendAutomaticallyAfter": 1,
        },
        "terminalFilters": [],
        "webcam": {
            "bitrate": "10000k",
            "cacheBuster": False,
            "ffmpegPath": None,
            "ffmpegThreads": 1,
            "flipH": False,
            "flipV": False,
            "rotate90": False,
            "snapshotSslValidation": True,
            "snapshotTimeout": 5,
            "snapshotUrl": "",
            "streamRatio": "16:9",
            "streamTimeout": 5,
            "streamUrl": "",
            "streamWebrtcIceServers": [],
            "timelapseEnabled": False,
            "watermark": False,
            "webcamEnabled": False,
            "webcams": [],
        },
    }
)


def settings(shown: Shown) -> dict[str, Any]:
    """The whole answer."""
    return {
        **_FIXED,
        "appearance": {
            "closeModalsWithClick": True, "color": "default", "colorIcon": True, "colorTransparent": False,
            "defaultLanguage": "_default", "fuzzyTimes": True, "name": shown.name, "showFahrenheitAlso": False,
            "showInternalFilename": True,
        },
        "plugins": {
            "discovery": {
                "httpPassword": None, "httpUsername": None, "publicHost": None, "publicPort": None,
                "upnpUuid": shown.discovery,
            },
            "tracking": {"enabled": False, "unique_id": shown.tracking},
        },
        "serial": {"autoconnect": True, "baudrate": shown.baudrate, "port": shown.port},
    }  # fmt: skip


def first_change(current: Any, wanted: Any, path: str = "") -> str | None:
    """The dotted name of the first member in which `wanted` (a whole or partial tree) is not what holds, or None."""
    if not (isinstance(current, Mapping) and isinstance(wanted, Mapping)):
        return None if current == wanted else path
    for name, value in wanted.items():
        inner = f"{path}.{name}" if path else str(name)
        changed = first_change(current[name], value, inner) if name in current else inner
        if changed is not None:
            return changed
    return None
