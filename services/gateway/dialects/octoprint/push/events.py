"""From what the printers' owners publish to OctoPrint's events, by tables; pure.

Names and members are OctoPrint 1.11's. A member that our own event does not know is left out rather than guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from services.gateway.dialects.octoprint import translate
from services.gateway.dialects.octoprint.push import wire
from shared.contracts.messages import Event
from shared.contracts.printers import JobFile, PrinterJob, PrinterState, PrinterStatus

_S = PrinterStatus
_Data = Mapping[str, Any]


class Told(NamedTuple):
    """One OctoPrint event."""

    type: str
    payload: dict[str, Any] | None = None


_STATE_IDS = MappingProxyType(
    {
        _S.OFFLINE: "OFFLINE",
        _S.OPENING: "OPEN_SERIAL",
        _S.DETECTING: "DETECT_SERIAL",
        _S.OFFLINE_AFTER_ERROR: "CLOSED_WITH_ERROR",
    }
)  # for all others the id is the text in capitals
_CLOSED = frozenset({_S.OFFLINE, _S.ERROR, _S.OFFLINE_AFTER_ERROR})
_CONNECTING = frozenset({_S.OPENING, _S.DETECTING, _S.CONNECTING})
_MARKS = MappingProxyType(
    {
        "printer_connected": ("connected", "Connected"),
        "printer_disconnected": ("disconnected", "Disconnected"),
        "print_started": ("print", "Start"),
        "print_paused": ("pause", "Pause"),
        "print_resumed": ("resume", "Resume"),
        "print_cancelled": ("cancel", "Cancel"),
        "print_done": ("done", "Done"),
    }
)
_PRINT_MEMBERS = ("name", "path", "origin", "size", "owner", "user")
_PLACE_MEMBERS = (("at", "position"), ("position", "fileposition"), ("progress", "progress"), ("time", "time"))
_UPLOAD_MEMBERS = ("select", "print", "effective_select", "effective_print", "userdata")
_POSITION_MEMBERS = ("x", "y", "z", "e", "t", "f")
_FILE_TYPE = ["machinecode", "gcode"]
_UPDATED = Told("UpdatedFiles", {"type": "printables"})
_FILE_ENDINGS = (".gcode", ".gco", ".g")


def of_event(event: Event) -> tuple[Told, ...]:
    """What OctoPrint would tell when this happens; nothing for what it has no event for."""
    make = _EVENTS.get(event.type)
    return tuple(make(event.data)) if make else ()


def mark_of(event: Event) -> wire.Marking | None:
    """The mark that this sets into the chart."""
    mark = _MARKS.get(event.type)
    return wire.Marking(type=mark[0], label=mark[1], time=event.time.timestamp()) if mark else None


def of_state(before: PrinterState, now: PrinterState) -> tuple[Told, ...]:
    """What a change of state tells."""
    if before.state is now.state:
        return ()
    told = [Told("PrinterStateChanged", {"state_id": state_id(now.state), "state_string": str(now.state)})]
    if before.state in _CLOSED and now.state in _CONNECTING:
        told.insert(0, Told("Connecting"))
    if now.state in translate.FAILED and before.state not in translate.FAILED:
        reason = "firmware" if now.state is _S.ERROR else "connection"
        told.insert(0, Told("Error", {"error": now.error, "reason": reason}))
    return tuple(told)


def of_selection(before: JobFile | None, now: JobFile | None) -> tuple[Told, ...]:
    """What another selected file tells."""
    if (before.path if before else None) == (now.path if now else None):
        return ()
    if now is None:
        return (Told("FileDeselected"),)
    return (Told("FileSelected", {"name": now.name, "path": now.path, "origin": now.origin, "size": now.size}),)


def of_height(before: PrinterJob, now: PrinterJob) -> tuple[Told, ...]:
    """What another height of a print tells; clients look at it twice a second at most."""
    if now.current_z is None or now.current_z == before.current_z:
        return ()
    return (Told("ZChange", {"new": now.current_z, "old": before.current_z}),)


def state_id(status: PrinterStatus) -> str:
    """OctoPrint's id of a state."""
    return _STATE_IDS.get(status) or status.name


def _of_print(data: _Data, **more: Any) -> dict[str, Any]:
    payload = {name: data[name] for name in _PRINT_MEMBERS if name in data} | more
    for ours, theirs in _PLACE_MEMBERS:
        if data.get(ours) is not None:
            payload[theirs] = data[ours]
    return payload


def _printed(type_: str, mark: str) -> Callable[[_Data], Iterable[Told]]:
    def tell(data: _Data) -> Iterable[Told]:
        return Told(type_, _of_print(data)), _marked(mark)

    return tell


def _paused(data: _Data) -> Iterable[Told]:
    """Where the print has stopped is told for itself too, as recorded."""
    yield Told("PrintPaused", _of_print(data))
    yield _marked("print_paused")
    if isinstance(data.get("at"), Mapping):
        yield Told("PositionUpdate", {"reason": "pause", **data["at"]})


def _cancelled(data: _Data) -> Iterable[Told]:
    """A cancelled print is told as failed too, as recorded."""
    yield Told("PrintCancelled", _of_print(data))
    yield _marked("print_cancelled")
    yield _counted(data)
    yield Told("PrintFailed", _of_print(data, reason="cancelled"))


def _failed(data: _Data) -> Iterable[Told]:
    yield _counted(data)
    yield Told("PrintFailed", _of_print(data, reason="error", error=data.get("reason")))


def _done(data: _Data) -> Iterable[Told]:
    yield Told("PrintDone", _of_print(data))
    yield _marked("print_done")
    yield _counted(data)


def _connected(data: _Data) -> Iterable[Told]:
    yield Told("Connected", {"port": data.get("port"), "baudrate": data.get("baudrate")})
    yield _marked("printer_connected")


def _disconnected(_: _Data) -> Iterable[Told]:
    yield Told("Disconnected")
    yield _marked("printer_disconnected")


def _added(data: _Data) -> Iterable[Told]:
    path = _path(data, "path")
    yield _of_place("Added", path, "add", is_file=True)
    yield _UPDATED
    known = {name: data[name] for name in _UPLOAD_MEMBERS if data.get(name) is not None}
    yield Told("Upload", {"name": _name(path), "path": path, "target": "local", **known})


def _removed(data: _Data) -> Iterable[Told]:
    """One event says what was removed: a file, or a folder with all in it."""
    path = _path(data, "path")
    yield _of_place("Removed", path, "remove", is_file=_is_file(path) and data.get("files") == 1)
    yield _UPDATED


def _copied(data: _Data) -> Iterable[Told]:
    path = _path(data, "path")
    yield _of_place("Added", path, "copy", is_file=_is_file(path))
    yield _UPDATED


def _moved(data: _Data) -> Iterable[Told]:
    """As documented: gone there, come here, and then that it was moved."""
    source, path = _path(data, "source"), _path(data, "path")
    is_file = _is_file(path)
    yield _of_place("Removed", source, "move", is_file=is_file)
    yield _of_place("Added", path, "move", is_file=is_file)
    ends = {
        f"{end}_{member}": value
        for end, of_end in (("source", source), ("destination", path))
        for member, value in (("path", of_end), ("name", _name(of_end)), ("type", _FILE_TYPE))
        if is_file or member != "type"
    }
    yield Told("FileMoved" if is_file else "FolderMoved", {"storage": "local", **ends})
    yield _UPDATED


def _analysed(data: _Data) -> Iterable[Told]:
    if data.get("result") is not None:
        path = _path(data, "path")
        payload = {"name": _name(path), "path": path, "origin": "local", "result": data["result"]}
        yield Told("MetadataAnalysisFinished", payload)


def _folder_added(data: _Data) -> Iterable[Told]:
    yield _of_place("Added", _path(data, "path"), "add", is_file=False)
    yield _UPDATED


def _analysis_began(data: _Data) -> Iterable[Told]:
    path = _path(data, "path")
    yield Told("MetadataAnalysisStarted", {"name": _name(path), "path": path, "origin": "local", "type": "gcode"})


def _position(data: _Data) -> Iterable[Told]:
    yield Told("PositionUpdate", {"reason": None, **{axis: data.get(axis) for axis in _POSITION_MEMBERS}})


def _of_place(what: str, path: str, operation: str, *, is_file: bool) -> Told:
    if is_file:
        return Told(f"File{what}", {**_place(path), "type": _FILE_TYPE, "operation": operation})
    return Told(f"Folder{what}", _place(path))


def _is_file(path: str) -> bool:
    """Print files have one of these endings, folders hardly ever."""
    return path.lower().endswith(_FILE_ENDINGS)


def _path(data: _Data, member: str) -> str:
    return str(data.get(member, ""))


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _place(path: str) -> dict[str, Any]:
    return {"storage": "local", "path": path, "name": _name(path)}


def _marked(name: str) -> Told:
    kind, label = _MARKS[name]
    return Told("ChartMarked", {"type": kind, "label": label})


def _counted(data: _Data) -> Told:
    return Told("MetadataStatisticsUpdated", {"storage": "local", "path": data.get("path")})


_EVENTS: Mapping[str, Callable[[_Data], Iterable[Told]]] = MappingProxyType(
    {
        "print_started": _printed("PrintStarted", "print_started"),
        "print_paused": _paused,
        "print_resumed": _printed("PrintResumed", "print_resumed"),
        "print_cancelling": lambda data: (Told("PrintCancelling", _of_print(data)),),
        "print_cancelled": _cancelled,
        "print_failed": _failed,
        "print_done": _done,
        "printer_connected": _connected,
        "printer_disconnected": _disconnected,
        "position_reported": _position,
        "folder_added": _folder_added,
        "file_added": _added,
        "file_removed": _removed,
        "file_copied": _copied,
        "file_moved": _moved,
        "file_analysis_began": _analysis_began,
        "file_analysed": _analysed,
    }
)
