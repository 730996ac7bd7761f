"""Reports of heaters, as firmware prints them, become readings by OctoPrint's names: `tool0`…, `bed`, `chamber`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from services.printer_controller.wire import Report
from shared.contracts.printers import Heater
from shared.settings import PrinterSettings

_PLAIN = {"B": "bed", "C": "chamber"}


def heater_names(settings: PrinterSettings) -> frozenset[str]:
    """The heaters that this printer has."""
    tools = {f"tool{number}" for number in range(settings.tools)}
    others = {"bed": settings.heated_bed, "chamber": settings.heated_chamber}
    return frozenset(tools | {name for name, present in others.items() if present})


def readings(
    report: Report,
    before: Mapping[str, Heater],
    names: frozenset[str],
    tool: int,
    offsets: Mapping[str, float] = MappingProxyType({}),
) -> dict[str, Heater]:
    """The readings after `report`. A bare `T` is the tool in use, unless the tools are named one by one.

    A report without targets, as while heating, leaves the known ones. `offsets` are those of the targets in files.
    """
    now = dict(before)
    for key, (actual, target) in report.items():
        if key == "T" and any(name != "T" and name.startswith("T") for name in report):
            continue
        name = _PLAIN.get(key) or f"tool{key[1:] or tool}"
        if name in names:
            known = before.get(name)
            shown = target if target is not None else known.target if known else None
            now[name] = Heater(actual=actual, target=shown, offset=offsets.get(name, 0))
    return now


def with_offsets(heaters: Mapping[str, Heater], offsets: Mapping[str, float]) -> dict[str, Heater]:
    """The same readings with other offsets."""
    return {
        name: msgspec.structs.replace(heater, offset=offsets.get(name, heater.offset))
        for name, heater in heaters.items()
    }
