"""From the live view to the payloads of the push channel; pure, tested on the recorded session."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from services.gateway.dialects.octoprint import translate
from services.gateway.dialects.octoprint.push import filters, terminal, wire
from services.gateway.dialects.octoprint.push.commands import EVERYTHING, Subscription
from services.gateway.dialects.octoprint.push.frames import Message
from services.gateway.dialects.octoprint.push.terminal import Terminal
from shared.contracts.printers import Heater, PrinterJob, PrinterState, PrinterStatus, PrinterTemperature

_encoder = msgspec.json.Encoder()
_BUSY = translate.PRINTING | {PrinterStatus.PAUSED}
_ALWAYS_SHOWN = ("bed", "chamber")  # in every point of the chart, also where the printer has none


@dataclass(frozen=True, slots=True)
class Look:
    """One printer at one moment. `key` changes with everything but time; `readings` are its temperatures, old first.

    `terminal` alone goes on, and is to be read at that moment.
    """

    key: Any
    at: datetime
    state: PrinterState
    job: PrinterJob | None = None
    had_file: bool = False
    readings: Sequence[PrinterTemperature] = ()
    markings: Sequence[wire.Marking] = ()
    terminal: Terminal = field(default_factory=Terminal)

    @property
    def operational(self) -> bool:
        """Whether the printer is connected: then its listeners hear of it all the time."""
        return self.state.state in translate.OPERATIONAL

    @property
    def newest(self) -> datetime | None:
        """When the last temperature was read."""
        return self.readings[-1].at if self.readings else None


def unavailable(at: datetime, reason: str, *, had_file: bool) -> Look:
    """What is shown of a printer that nobody speaks for: offline, with the reason, and nothing that may be old."""
    state = PrinterState(state=PrinterStatus.OFFLINE, error=reason, name="", owner="", at=at, version=0)
    return Look(key=reason, at=at, state=state, had_file=had_file)


def message(kind: str, payload: Any) -> Message:
    """`{"<kind>": <payload>}`."""
    return Message(_encoder.encode({kind: payload}).decode())


def state_message(
    kind: str, look: Look, *, since: datetime | None, read: int = 0, wanted: Subscription = EVERYTHING
) -> Message:
    """`current` with the temperatures after `since` and the lines behind the first `read`.

    Or `history` with all of them (`since` None, `read` 0). Of the lines only those that are `wanted`.
    """
    information = translate.job_information(look.state, look.job, had_file=look.had_file)
    lines = look.terminal.after(read)
    payload = wire.State(
        state=translate.state_shown(look.state),
        job=information.job,
        progress=information.progress,
        offsets=_offsets(look.readings),
        current_z=look.job.current_z if look.job else None,
        resends=_resends(look.job),
        server_time=look.at.timestamp(),
        temps=[_point(reading) for reading in _after(look.readings, since)],
        busy_files=_busy_files(look),
        markings=list(look.markings),
        logs=filters.chosen(lines, wanted.logs),
        messages=filters.chosen(terminal.messages(lines), wanted.messages) if wanted.messages else [],
    )
    return message(kind, payload)


def _after(readings: Sequence[PrinterTemperature], since: datetime | None) -> Iterable[PrinterTemperature]:
    if since is None:
        return readings
    first = len(readings)
    while first and readings[first - 1].at > since:
        first -= 1
    return readings[first:]


def _point(reading: PrinterTemperature) -> dict[str, Any]:
    heaters = {**reading.heaters, **{name: Heater() for name in _ALWAYS_SHOWN if name not in reading.heaters}}
    point: dict[str, Any] = {name: {"actual": one.actual, "target": one.target} for name, one in heaters.items()}
    return {"time": int(reading.at.timestamp()), **point}


def _resends(job: PrinterJob | None) -> wire.Resends:
    count, transmitted = (job.resends, job.transmitted) if job is not None else (0, 0)
    return wire.Resends(count=count, transmitted=transmitted, ratio=100 * count // transmitted if transmitted else 0)


def _offsets(readings: Sequence[PrinterTemperature]) -> dict[str, float]:
    heaters = readings[-1].heaters if readings else {}
    return {name: heater.offset for name, heater in heaters.items() if heater.offset}


def _busy_files(look: Look) -> list[wire.BusyFile]:
    if look.job is None or look.job.file is None or look.state.state not in _BUSY:
        return []
    return [wire.BusyFile(origin=look.job.file.origin, path=look.job.file.path)]
