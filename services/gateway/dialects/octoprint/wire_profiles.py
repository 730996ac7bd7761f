"""The bodies of /api/printerprofiles, as OctoPrint 1.11.8 sends them (recorded)."""

from __future__ import annotations

import msgspec

from services.gateway.dialects.octoprint.wire import Sent


class Axis(Sent, kw_only=True):
    """`speed` in mm/min."""

    inverted: bool = False
    speed: int


class Extruder(Sent, kw_only=True):
    """Lengths in mm; an offset per tool."""

    count: int
    default_extrusion_length: int = 5
    nozzle_diameter: float = 0.4
    offsets: list[tuple[float, float]]
    shared_nozzle: bool = False


class BuildVolume(Sent, kw_only=True):
    """Millimetres."""

    custom_box: bool = msgspec.field(name="custom_box", default=False)
    depth: float
    form_factor: str
    height: float
    origin: str
    width: float


class PrinterProfile(Sent, kw_only=True):
    """One printer; `current` is the one behind this address."""

    axes: dict[str, Axis]
    color: str = "default"
    current: bool
    default: bool
    extruder: Extruder
    heated_bed: bool
    heated_chamber: bool
    id: str
    model: str
    name: str
    resource: str
    volume: BuildVolume


class Profiles(Sent, kw_only=True):
    """GET /api/printerprofiles."""

    profiles: dict[str, PrinterProfile]
