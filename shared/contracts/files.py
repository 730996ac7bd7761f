"""Print files on the bus. The bytes never travel here: a file is named by its digest in the blob store."""

from __future__ import annotations

import msgspec

from shared.contracts.messages import Message
from shared.contracts.printers import PrinterAsk


class LastPrint(msgspec.Struct, kw_only=True, rename="camel"):
    """How the newest print of a file ended: `date` in Unix seconds, `print_time` in seconds."""

    date: float
    print_time: float | None = None
    success: bool


class PrintFile(msgspec.Struct, kw_only=True, rename="camel"):
    """One stored file. `path` is relative, with `/`; `hash` is SHA-1 as OctoPrint shows it, `digest` SHA-256."""

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


class PrintFolder(msgspec.Struct, kw_only=True, rename="camel"):
    """A folder; its size is the sum of the files below it."""

    path: str
    name: str
    display: str
    date: int


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


class FileDeleted(msgspec.Struct, kw_only=True):
    """What was removed."""

    paths: list[str]


class ReadBlobUse(Message, kw_only=True):
    """Which of these digests does any file or running print still need? Asked before a blob is removed."""

    digests: list[str]


class BlobUse(msgspec.Struct, kw_only=True):
    """The digests that are in use."""

    in_use: list[str]
