"""The rows of files, folders, downloads and pictures; bodies as OctoPrint 1.11.8 sends them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from services.gateway.callers.roles import Permission
from services.gateway.dialects.octoprint import wire_files
from services.gateway.openapi.operations import (
    BYTES,
    DONE,
    FORM,
    KEY,
    PRINTER,
    READS_FORM,
    READS_JSON,
    STATE,
    TEXT,
    TRUTH,
    WHOLE,
    WORD,
    Answer,
    Body,
    Operation,
    Operations,
    Query,
    command,
    each,
    found,
    made,
    members,
)

_NO_SPACE = frozenset({507})
_ENTRY = {"anyOf": [wire_files.FileEntry, wire_files.FolderEntry]}
_REFERENCES = {
    "download": "http://host:8080/downloads/files/local/parts/ring.gcode",
    "resource": "http://host:8080/api/files/local/parts/ring.gcode",
}
_PLACE = {"name": "ring.gcode", "origin": "local", "path": "parts/ring.gcode", "refs": _REFERENCES}
_FILE: dict[str, Any] = {
    **_PLACE, "date": 1795329835, "display": "ring.gcode", "hash": "2b40214821bc200a4e7fc1e76a86f3f744290d54",
    "size": 219483, "type": "machinecode", "typePath": ["machinecode", "gcode"], "user": "admin",
    "gcodeAnalysis": {"estimatedPrintTime": 636.5, "filament": {"tool0": {"length": 399.12162, "volume": 0.96}}},
    "prints": {
        "failure": 0, "last": {"date": 1795329847.7447991, "printTime": 640.2, "success": True}, "success": 1,
    },
    "statistics": {"averagePrintTime": {"_default": 640.2}, "lastPrintTime": {"_default": 640.2}},
}  # fmt: skip
_UPLOADED = {"done": True, "effectivePrint": False, "effectiveSelect": False, "files": {"local": _PLACE}}
_FOLDER_MADE = {
    "done": True,
    "folder": {
        "name": "parts",
        "path": "parts",
        "origin": "local",
        "refs": {"resource": "http://host:8080/api/files/local/parts"},
    },
}
_LISTING = members({"files": each(_ENTRY)}, free=WHOLE, total=WHOLE)
_LISTED = {
    "recursive": Query("Whether folders come with what is in them, all the way down.", WORD),
    "filter": Query("`machinecode`, or `model`, of which there are none."),
    "force": Query("Changes nothing: nothing is cached.", WORD),
}
_PICTURE = {200: Answer("The picture.", {"type": "string", "contentMediaType": "image/*"}, media="image/*")}
_FILE_PART = {"type": "string", "contentMediaType": BYTES}
_UPLOAD = members(
    file=_FILE_PART, path=TEXT, select=WORD, print=WORD, userdata=TEXT, filename=TEXT, noOverwrite=WORD,
    foldername=TEXT,
)  # fmt: skip
_PLACED: dict[int, Answer] = {
    **made(wire_files.Place, "Copied or moved.", placed=_PLACE),
    204: Answer("It is committed.", headers={"X-Run-Id": "the run that it touched, if any"}),
}

FILES: Operations = MappingProxyType(
    {
        "list_files": Operation(
            tag="files",
            needs=Permission.FILES_LIST,
            query=_LISTED,
            answers=found(_LISTING, one_file={"files": [_FILE], "free": 75401342976, "total": 270553174016}),
            errors=KEY | PRINTER,
        ),
        "list_location": Operation(
            tag="files",
            needs=Permission.FILES_LIST,
            query=_LISTED,
            answers=found(_LISTING, one_file={"files": [_FILE], "free": 75401342976, "total": 270553174016}),
            errors=KEY | PRINTER,
        ),
        "read_file": Operation(
            tag="files",
            needs=Permission.FILES_LIST,
            query=_LISTED,
            answers=found(_ENTRY, file=_FILE),
            errors=KEY | PRINTER | {400},
        ),
        "upload_file": Operation(
            tag="files",
            needs=Permission.FILES_UPLOAD,
            body=Body(
                {FORM: _UPLOAD},
                {
                    "file": {"filename": "ring.gcode", "path": "parts", "print": "true", "file": "G28\n"},
                    "folder": {"foldername": "parts"},
                },
            ),
            answers={
                201: Answer(
                    "Stored, and selected or printed as far as the flags say; or the folder is made.",
                    {"anyOf": [wire_files.Uploaded, wire_files.FolderMade]},
                    {"file": _UPLOADED, "folder": _FOLDER_MADE},
                    headers={
                        "Location": "the absolute address of what was made", "X-Run-Id": "the run of a started print",
                    },
                )
            },
            errors=KEY | PRINTER | READS_FORM | STATE | _NO_SPACE | {415},
        ),
        "command_file": Operation(
            tag="files",
            needs=Permission.FILES_SELECT,
            body=command(
                {
                    "select": {"print": TRUTH}, "unselect": {}, "copy": {"destination": TEXT},
                    "move": {"destination": TEXT}, "analyse": {}, "slice": {}, "uploadSd": {},
                },
                select={"command": "select"},
                select_and_print={"command": "select", "print": True},
                unselect={"command": "unselect"},
                copy={"command": "copy", "destination": "parts"},
                move={"command": "move", "destination": "parts/other.gcode"},
                analyse={"command": "analyse"},
            ),
            answers=_PLACED,
            errors=KEY | PRINTER | READS_JSON | STATE | _NO_SPACE,
        ),
        "delete_file": Operation(
            tag="files",
            needs=Permission.FILES_DELETE,
            answers=DONE,
            errors=KEY | PRINTER | STATE | {400},
        ),
        "download_file": Operation(
            tag="files",
            needs=Permission.FILES_DOWNLOAD,
            answers={
                200: Answer("The bytes as they were uploaded.", _FILE_PART, media=BYTES),
                206: Answer("The range that was asked for.", _FILE_PART, media=BYTES),
                304: Answer("They are what the client has."),
                416: Answer("There is no such range."),
            },
            errors=KEY | PRINTER | {400},
        ),
        "download_thumbnail": Operation(
            tag="files",
            needs=Permission.FILES_LIST,
            answers=_PICTURE,
            errors=KEY | PRINTER | {400},
        ),
        "plugin_thumbnail": Operation(
            tag="files",
            needs=Permission.FILES_LIST,
            answers=_PICTURE,
            errors=KEY | PRINTER | {400},
        ),
    }
)  # fmt: skip
