"""Print files on the bus. The bytes never travel here: a file is named by its digest in the blob store."""

from __future__ import annotations

from typing import Any

import msgspec

from shared.contracts.messages import Message
from shared.contracts.printers import Filament, PrinterAsk


class LastPrint(msgspec.Struct, kw_only=True, rename="camel"):
    """How the newest print of a file ended: `date` in Unix seconds, `print_time` in seconds."""

    date: float
    print_time: float | None = None
    success: bool


class Dimensions(msgspec.Struct, kw_only=True):
    """Size in mm along X (`width`), Y (`depth`) and Z (`height`)."""

    depth: float
    height: float
    width: float


class Area(msgspec.Struct, kw_only=True, rename="camel"):
    """The box around some positions, in mm."""

    max_x: float
    max_y: float
    max_z: float
    min_x: float
    min_y: float
    min_z: float


class GcodeAnalysis(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """What a file says of its print, in OctoPrint's words: seconds, mm, filament by tool; absent where it is unknown.

    `estimated_by` is `slicer` or `own`; `slicer` the program that made the file.
    """

    estimated_print_time: float | None = None
    estimated_by: str | None = None
    filament: dict[str, Filament] = {}
    dimensions: Dimensions | None = None
    printing_area: Area | None = None
    travel_dimensions: Dimensions | None = None
    travel_area: Area | None = None
    layer_count: int | None = None
    slicer: str | None = None


class FileThumbnail(msgspec.Struct, kw_only=True):
    """A picture in a file's comments: `size` bytes of `format` (`png`, `jpg`, `qoi`), in pixels.

    Its Base64 lines are the bytes `start` to `end` of the blob.
    """

    width: int
    height: int
    format: str
    size: int
    start: int
    end: int


class PrintFile(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """One stored file. `path` is relative, with `/`; `hash` is SHA-1 as OctoPrint shows it, `digest` SHA-256.

    `analysis` is there once the content was analysed; `not_analysed` says why it could not be. `userdata` is what its
    uploader gave along, a JSON object.
    """

    path: str
    name: str
    display: str
    size: int
    date: int
    hash: str
    digest: str
    user: str | None = None
    successes: int = 0
    failures: int = 0
    last: LastPrint | None = None
    average_print_time: float | None = None
    analysis: GcodeAnalysis | None = None
    not_analysed: str | None = None
    thumbnails: list[FileThumbnail] = []
    userdata: dict[str, Any] | None = None


class PrintFolder(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """A folder; `size` and the counts of prints are the sums of all files below it."""

    path: str
    name: str
    display: str
    date: int
    size: int = 0
    successes: int = 0
    failures: int = 0


class AddFile(PrinterAsk, kw_only=True):
    """A blob has been stored: make it a file. `name` is as the client sent it; the owner makes the path safe."""

    name: str
    folder: str = ""
    digest: str
    size: int
    hash: str
    select: bool = False
    print: bool = False
    no_overwrite: bool = False
    userdata: dict[str, Any] | None = None


class FileAdded(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """The file is stored; the flags say what really happened."""

    file: PrintFile
    effective_select: bool = False
    effective_print: bool = False
    run: str | None = None


class CreateFolder(PrinterAsk, kw_only=True):
    """Make an empty folder `name` in `folder`."""

    name: str
    folder: str = ""


class FolderCreated(msgspec.Struct, kw_only=True):
    """The folder as it is stored."""

    folder: PrintFolder


class ListFiles(PrinterAsk, kw_only=True):
    """A page of the files and folders below `folder`, sorted by path, after the path `after`."""

    folder: str = ""
    recursive: bool = True
    after: str = ""
    limit: int = 200


class FileList(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One page; `next` is the cursor of the following one, null at the end."""

    files: list[PrintFile] = []
    folders: list[PrintFolder] = []
    next: str | None = None


class ReadFile(PrinterAsk, kw_only=True):
    """Ask for one file or folder."""

    path: str


class FileRead(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Exactly one of the two."""

    file: PrintFile | None = None
    folder: PrintFolder | None = None


class DeleteFile(PrinterAsk, kw_only=True):
    """Remove a file, or a folder with all in it; refused while one of them is being printed."""

    path: str


class FileDeleted(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What was removed: `count` files and folders, the paths of the first hundred."""

    paths: list[str]
    count: int = 0


class CopyFile(PrinterAsk, kw_only=True):
    """Copy a file, or a folder with all in it. `destination` is a folder that exists, or the whole new path."""

    path: str
    destination: str


class MoveFile(PrinterAsk, kw_only=True):
    """Move or rename likewise; refused while one of the files is being printed."""

    path: str
    destination: str


class FilePlaced(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Where it is now: exactly one of `file` and `folder`. `name` is the name it had before."""

    name: str
    file: PrintFile | None = None
    folder: PrintFolder | None = None


class AnalyseFile(PrinterAsk, kw_only=True):
    """Analyse the file again, ahead of those that wait."""

    path: str


class AnalysisWanted(msgspec.Struct, kw_only=True):
    """The analysis has been ordered; its end is the event `file_analysed`."""

    digest: str


class ReadBlobUse(Message, kw_only=True):
    """Which of these digests does any file or running print of a controller still need?

    Asked of every controller before a blob is removed: `owner` is the instance that answers, all others stay silent.
    """

    digests: list[str]
    owner: str = ""


class BlobUse(msgspec.Struct, kw_only=True):
    """The digests that are in use."""

    in_use: list[str]
