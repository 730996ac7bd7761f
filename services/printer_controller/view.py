"""What a printer shows of itself, as values; and the retained messages made from them, purely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.printer_controller import files, progress, states
from services.printer_controller.analysis.result import FileAnalysis
from services.printer_controller.line_health import Counters
from services.printer_controller.models import FileRow
from services.printer_controller.progress import Place, ShownLeft
from shared.contracts.printers import (
    Filament,
    Heater,
    JobFile,
    JobProgress,
    PrinterJob,
    PrinterState,
    PrinterStatus,
    PrinterTemperature,
    Volume,
)
from shared.settings import BuildVolume, PrinterSettings

UNDERWAY = states.BUSY - {PrinterStatus.CANCELLING}
CLOSED = states.FAILED | {PrinterStatus.OFFLINE}


@dataclass(frozen=True)
class Selection:
    """The selected file as it was when it was selected or last changed; `user` selected it.

    `by_admin`: an administrator uploaded it; `analysis` is there once it is known.
    """

    key: str
    digest: str
    file: JobFile
    user: str | None = None
    average: float | None = None
    last_print_time: float | None = None
    by_admin: bool = False
    analysis: FileAnalysis | None = None


@dataclass(frozen=True)
class View:
    """One look at a printer. `run`, `place`, `left` and `z` (mm) belong to the print under way.

    `rest` is shown without one.
    """

    status: PrinterStatus = PrinterStatus.OFFLINE
    error: str = ""
    port: str | None = None
    baudrate: int | None = None
    sd_ready: bool = False
    heaters: Mapping[str, Heater] = field(default_factory=dict)
    selection: Selection | None = None
    run: str | None = None
    place: Place | None = None
    left: ShownLeft | None = None
    rest: JobProgress = progress.NOTHING
    z: float | None = None
    counters: Counters = field(default_factory=Counters)


@dataclass(frozen=True)
class Stamp:
    """When a message was made, and its number: it grows strictly, also over restarts."""

    at: datetime
    version: int


def selection_of(row: FileRow, user: str | None, analysis: FileAnalysis | None = None) -> Selection:
    """The selection that this file makes."""
    file = JobFile(name=row.name, path=row.path, display=row.display, size=row.size, date=row.date)
    return Selection(
        row.key, row.digest, file, user, files.average(row), row.last_print_time, row.by_admin, analysis
    )  # fmt: skip


def state(settings: PrinterSettings, view: View, owner: str, default: bool, stamp: Stamp) -> PrinterState:
    """The message at `printer/<id>/state`."""
    return PrinterState(
        state=view.status, error=view.error, name=settings.name, owner=owner, port=view.port, baudrate=view.baudrate,
        sd_ready=view.sd_ready, default=default, tools=settings.tools, heated_bed=settings.heated_bed,
        heated_chamber=settings.heated_chamber, volume=volume(settings.volume),
        at=stamp.at, version=stamp.version,
    )  # fmt: skip


def volume(built: BuildVolume) -> Volume:
    """The build volume as it is shown."""
    return Volume(
        width=built.width, depth=built.depth, height=built.height, origin=built.origin, form_factor=built.form_factor
    )


def job(view: View, stamp: Stamp) -> PrinterJob:
    """The message at `printer/<id>/job`; while a print is being cancelled its progress is null, as recorded."""
    chosen = view.selection
    printing = view.status in UNDERWAY and view.place is not None
    shown = progress.NOTHING if view.status in states.BUSY else view.rest
    if printing and view.place is not None:
        shown = progress.underway(view.place, view.left)
    analysis = chosen.analysis if chosen else None
    return PrinterJob(
        file=chosen.file if chosen else None,
        estimated_print_time=analysis.estimated_print_time if analysis else None,
        filament=filament(analysis) if analysis else None,
        average_print_time=chosen.average if chosen else None,
        last_print_time=chosen.last_print_time if chosen else None,
        user=chosen.user if chosen else None,
        progress=shown,
        run=view.run,
        line=view.place.line if printing and view.place is not None else None,
        current_z=view.z if printing else None,
        transmitted=view.counters.lines,
        resends=view.counters.resends,
        at=stamp.at,
        version=stamp.version,
    )


def filament(analysis: FileAnalysis) -> dict[str, Filament] | None:
    """What each tool will use; null when the file uses none."""
    used = {tool: Filament(length=each.length, volume=each.volume) for tool, each in analysis.filament.items()}
    return used or None


def temperature(heaters: Mapping[str, Heater], stamp: Stamp) -> PrinterTemperature:
    """The message at `printer/<id>/temperature`."""
    return PrinterTemperature(heaters=dict(heaters), at=stamp.at, version=stamp.version)


def availability(status: PrinterStatus) -> str:
    """The word at `printer/<id>/available`: whether the printer can take commands."""
    return "online" if status in states.OPERATIONAL else "offline"
