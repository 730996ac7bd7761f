"""From what the printers publish to OctoPrint's bodies, and from its bodies to commands; pure, tested on records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from services.gateway.dialects.octoprint import wire
from shared.contracts.printers import (
    CancelPrint,
    ConnectionOptions,
    ConnectPrinter,
    DisconnectPrinter,
    FakeAck,
    Filament,
    PausePrint,
    PrinterAsk,
    PrinterJob,
    PrinterState,
    PrinterStatus,
    PrinterTemperature,
    RestartPrint,
    SelectFile,
    StartPrint,
    UnselectFile,
)
from shared.errors import Invalid

SERVER = "1.11.8"  # clients look at this version; the text has to begin with OctoPrint (PrusaSlicer)
VERSION = wire.Version(api="0.1", server=SERVER, text=f"OctoPrint {SERVER}")
SERVER_SHOWN = wire.Server(version=SERVER)

_S = PrinterStatus
PRINTING = frozenset({_S.STARTING, _S.PRINTING, _S.PAUSING, _S.RESUMING, _S.FINISHING, _S.CANCELLING})
OPERATIONAL = PRINTING | {_S.OPERATIONAL, _S.PAUSED}
FAILED = frozenset({_S.ERROR, _S.OFFLINE_AFTER_ERROR})
_FLAG_OF_STATUS = MappingProxyType(
    {
        _S.OPERATIONAL: "ready",
        _S.PAUSED: "paused",
        _S.PAUSING: "pausing",
        _S.RESUMING: "resuming",
        _S.FINISHING: "finishing",
        _S.CANCELLING: "cancelling",
    }
)
_LINE_CLOSED = (_S.OFFLINE, _S.OFFLINE_AFTER_ERROR)
_CLOSED = "Closed"  # /api/connection's word for what /api/job calls Offline

Body = Mapping[str, Any]


def job_information(state: PrinterState, job: PrinterJob | None, *, had_file: bool) -> wire.JobInformation:
    """GET /api/job. `had_file`: whether a file has ever been selected, which changes the shape."""
    return wire.JobInformation(
        job=_job(job, had_file=had_file), progress=_progress(job), state=str(state.state), error=state.error
    )


def flags(state: PrinterState) -> wire.Flags:
    """The eleven flags of a state, by the table seen at the real server."""
    shown = wire.Flags(
        operational=state.state in OPERATIONAL,
        printing=state.state in PRINTING,
        error=state.state in FAILED,
        closed_or_error=state.state in FAILED or state.state is _S.OFFLINE,
        sd_ready=state.sd_ready,
    )
    flag = _FLAG_OF_STATUS.get(state.state)
    if flag:
        setattr(shown, flag, True)
    return shown


def state_shown(state: PrinterState) -> wire.StateShown:
    """`state` of GET /api/printer."""
    return wire.StateShown(error=state.error, flags=flags(state), text=str(state.state))


def temperatures(state: PrinterState, reading: PrinterTemperature | None) -> dict[str, Any]:
    """`temperature` of GET /api/printer: the heaters that this printer has; empty right after a connect."""
    if reading is None:
        return {}
    return {
        name: wire.Temperature(actual=heater.actual, offset=_whole(heater.offset), target=heater.target)
        for name, heater in reading.heaters.items()
        if _has(state, name)
    }


def history_entry(state: PrinterState, reading: PrinterTemperature) -> dict[str, Any]:
    """One entry of `temperature.history`: whole Unix seconds, no offsets."""
    entry: dict[str, Any] = {
        name: {"actual": heater.actual, "target": heater.target}
        for name, heater in reading.heaters.items()
        if _has(state, name)
    }
    return {**entry, "time": int(reading.at.timestamp())}


def connection(state: PrinterState, options: ConnectionOptions) -> dict[str, Any]:
    """GET /api/connection."""
    return {
        "current": wire.Connection(**_line(state), state=connection_state(state)),
        "options": wire.ConnectionChoices(
            baudrate_preference=options.baudrate_preference,
            baudrates=options.baudrates,
            port_preference=options.port_preference,
            ports=options.ports,
        ),
    }


def _line(state: PrinterState) -> dict[str, Any]:
    """Port and rate; nothing while the line is closed."""
    closed = state.state in _LINE_CLOSED
    return {"baudrate": None if closed else state.baudrate, "port": None if closed else state.port}


def early_connection(state: PrinterState, options: ConnectionOptions) -> dict[str, Any]:
    """GET /api/control/connection, as it was in December 2013."""
    return {
        "current": wire.EarlyConnection(**_line(state), state=connection_state(state)),
        "options": wire.EarlyConnectionChoices(
            autoconnect=options.autoconnect,
            baudrate_preference=options.baudrate_preference,
            baudrates=options.baudrates,
            port_preference=options.port_preference,
            ports=options.ports,
        ),
    }


def connection_state(state: PrinterState) -> str:
    """The state in the words of /api/connection."""
    return _CLOSED if state.state is _S.OFFLINE else str(state.state)


def job_command(name: str, body: Body) -> PrinterAsk:
    """The command of POST /api/job, whose name was checked against `JOB_COMMANDS`.

    An unknown `action` travels as it is: the owner refuses it after its state rules, as OctoPrint does.
    """
    return JOB_COMMANDS[name](body)


def connection_command(name: str, body: Body) -> PrinterAsk:
    """The command of POST /api/connection. Raises `Invalid` for values of the wrong type."""
    return CONNECTION_COMMANDS[name](body)


def file_command(name: str, path: str, body: Body) -> PrinterAsk:
    """The command of POST /api/files/local/<path>."""
    return FILE_COMMANDS[name](path, body)


def is_true(value: Any) -> bool:
    """OctoPrint's true values in JSON and forms."""
    return value is True or str(value).lower() in {"true", "yes", "y", "1"}


def _pause(body: Body) -> PausePrint:
    action = body.get("action", "toggle")
    return PausePrint(action=action if isinstance(action, str) else "")


def _connect(body: Body) -> ConnectPrinter:
    port, baudrate = body.get("port"), body.get("baudrate")
    if port is not None and not isinstance(port, str):
        raise Invalid("port is invalid", code="bad_port")
    if baudrate is not None and (isinstance(baudrate, bool) or not isinstance(baudrate, int)):
        raise Invalid("baudrate is invalid", code="bad_baudrate")
    if body.get("printerProfile", wire.Profile().id) not in (None, wire.Profile().id):
        raise Invalid("printerProfile is invalid", code="bad_profile")
    autoconnect = body.get("autoconnect")
    return ConnectPrinter(
        port=port,
        baudrate=baudrate,
        save=is_true(body.get("save", False)),
        autoconnect=None if autoconnect is None else is_true(autoconnect),
    )


def _select(path: str, body: Body) -> SelectFile:
    return SelectFile(path=path, print=is_true(body.get("print", False)))


JOB_COMMANDS: Mapping[str, Callable[[Body], PrinterAsk]] = MappingProxyType(
    {
        "start": lambda _: StartPrint(),
        "restart": lambda _: RestartPrint(),
        "pause": _pause,
        "cancel": lambda _: CancelPrint(),
    }
)
CONNECTION_COMMANDS: Mapping[str, Callable[[Body], PrinterAsk]] = MappingProxyType(
    {"connect": _connect, "disconnect": lambda _: DisconnectPrinter(), "fake_ack": lambda _: FakeAck()}
)
FILE_COMMANDS: Mapping[str, Callable[[str, Body], PrinterAsk]] = MappingProxyType(
    {"select": _select, "unselect": lambda path, _: UnselectFile(path=path)}
)


def _job(job: PrinterJob | None, *, had_file: bool) -> wire.NoJob:
    if job is None or (job.file is None and not had_file):
        return wire.NoJob(filament=wire.FilamentUse(), file=wire.NoFile(), user=None)
    return wire.Job(
        average_print_time=job.average_print_time,
        estimated_print_time=job.estimated_print_time,
        filament=_filament(job.filament),
        file=_file(job),
        last_print_time=job.last_print_time,
        user=job.user,
    )


def _file(job: PrinterJob) -> wire.SelectedFile:
    if job.file is None:
        return wire.SelectedFile()
    return wire.SelectedFile(
        date=job.file.date, display=job.file.display, name=job.file.name, origin=job.file.origin,
        path=job.file.path, size=job.file.size,
    )  # fmt: skip


def _filament(tools: dict[str, Filament] | None) -> dict[str, wire.FilamentUse] | None:
    if not tools:
        return None
    return {tool: wire.FilamentUse(length=used.length, volume=used.volume) for tool, used in tools.items()}


def _progress(job: PrinterJob | None) -> wire.Progress:
    if job is None:
        return wire.Progress()
    shown = job.progress
    return wire.Progress(
        completion=shown.completion, filepos=shown.filepos, print_time=shown.print_time,
        print_time_left=shown.print_time_left, print_time_left_origin=shown.print_time_left_origin,
    )  # fmt: skip


def _whole(number: float) -> float:
    """OctoPrint writes an offset without decimals when it has none."""
    return int(number) if float(number).is_integer() else number


def _has(state: PrinterState, heater: str) -> bool:
    return (heater != "bed" or state.heated_bed) and (heater != "chamber" or state.heated_chamber)
