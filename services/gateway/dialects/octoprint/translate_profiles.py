"""A printer's state as OctoPrint's printer profile. Pure."""

from __future__ import annotations

from types import MappingProxyType

from services.gateway.dialects.octoprint import wire
from services.gateway.dialects.octoprint.wire_profiles import Axis, BuildVolume, Extruder, PrinterProfile
from shared.contracts.printers import PrinterState, Volume

CURRENT = wire.Profile()  # the profile of the printer behind an address, by the name /api/connection gives it
SPEEDS = MappingProxyType({"e": 300, "x": 6000, "y": 6000, "z": 200})  # mm/min; those of a new OctoPrint


def profile(state: PrinterState, base: str, *, id: str = CURRENT.id, current: bool = True) -> PrinterProfile:
    """The profile of a printer, as the current one of an address or by its own id; `base` is the public address."""
    volume = state.volume or Volume()
    return PrinterProfile(
        axes={axis: Axis(speed=speed) for axis, speed in SPEEDS.items()},
        current=current, default=id == CURRENT.id,
        extruder=Extruder(count=state.tools, offsets=[(0.0, 0.0)] * state.tools),
        heated_bed=state.heated_bed, heated_chamber=state.heated_chamber, id=id, model=state.name,
        name=CURRENT.name if id == CURRENT.id else state.name,
        resource=f"{base}/api/printerprofiles/{id}",
        volume=BuildVolume(
            depth=volume.depth, form_factor=volume.form_factor, height=volume.height, origin=volume.origin,
            width=volume.width,
        ),
    )  # fmt: skip
