"""Print files and folders in OctoPrint's words: records, and the answers to uploads, copies and moves. Pure."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

import msgspec

from services.gateway.dialects.octoprint import wire, wire_files
from shared.contracts.files import FileAdded, FilePlaced, FileThumbnail, PrintFile, PrintFolder
from shared.errors import Invalid
from shared.print_files import MACHINE_CODE, refusal

LOCAL, SD_CARD = "local", "sdcard"
THUMBNAIL_PLUGIN = "prusaslicerthumbnails"
SHOWN_BY_BROWSERS = ("png", "jpg")
_PROFILE = wire.Profile().id
_FILE_TYPE = ["machinecode", "gcode"]


def check_type(name: str) -> None:
    """Raises `Invalid` (415) for a name that is no machine code: with a sentence where one helps, else OctoPrint's."""
    stem, dot, extension = name.strip(" .").rpartition(".")
    if not dot or not stem or extension.lower() not in MACHINE_CODE:
        raise Invalid(refusal(name) or "Could not upload file, invalid type", code="invalid_type")


def file_entry(file: PrintFile, base: str) -> wire_files.FileEntry:
    """One file; `base` is the public address of the mount."""
    thumbnail = thumbnail_path(file)
    return wire_files.FileEntry(
        date=file.date, display=file.display, gcode_analysis=_analysis(file), hash=file.hash, name=file.name,
        origin=LOCAL, path=file.path, prints=_prints(file), refs=references(file.path, base), size=file.size,
        statistics=_statistics(file), thumbnail=thumbnail, thumbnail_src=THUMBNAIL_PLUGIN if thumbnail else "",
        thumbnails=[_thumbnail(file, number, base) for number in range(len(file.thumbnails))],
        type=_FILE_TYPE[0], type_path=_FILE_TYPE, user=file.user, userdata=file.userdata,
    )  # fmt: skip


def folder_entry(folder: PrintFolder, base: str) -> wire_files.FolderEntry:
    """One folder, without its children; its sums cover everything below it."""
    return wire_files.FolderEntry(
        children=[],
        date=folder.date, display=folder.display, name=folder.name, path=folder.path,
        prints=wire_files.Prints(failure=folder.failures, success=folder.successes),
        refs=references(folder.path, base, download=False),
        size=folder.size, type_path=["folder"],
    )  # fmt: skip


def uploaded(added: FileAdded, base: str) -> wire_files.Uploaded:
    """201 of an upload."""
    place = _place(added.file, base)
    return wire_files.Uploaded(
        effective_print=added.effective_print, effective_select=added.effective_select, files={LOCAL: place}
    )


def folder_made(folder: PrintFolder, base: str) -> wire_files.FolderMade:
    """201 of a new folder."""
    return wire_files.FolderMade(folder=_place(folder, base))


def placed(answer: FilePlaced, base: str) -> wire_files.Place:
    """201 of a copy or a move; the name is the one it had before, as recorded."""
    entry = answer.file or answer.folder
    assert entry is not None
    place = _place(entry, base)
    place.name = answer.name
    return place


def references(path: str, base: str, *, download: bool = True) -> wire_files.References:
    """The absolute addresses of a file or folder."""
    place = f"{LOCAL}/{quote(path)}"
    return wire_files.References(
        download=f"{base}/downloads/files/{place}" if download else "", resource=f"{base}/api/files/{place}"
    )


def thumbnail_path(file: PrintFile) -> str:
    """Where the plug-in for thumbnails has a file's picture, below the mount; empty when there is none."""
    if main_thumbnail(file) is None:
        return ""
    return f"plugin/{THUMBNAIL_PLUGIN}/thumbnail/{quote(str(PurePosixPath(file.path).with_suffix('.png')))}?{file.date}"


def main_thumbnail(file: PrintFile) -> FileThumbnail | None:
    """The largest picture that every browser shows."""
    shown = [each for each in file.thumbnails if each.format in SHOWN_BY_BROWSERS]
    return max(shown, key=lambda each: each.width * each.height, default=None)


def names_of_picture(path: str) -> list[str]:
    """The files that the plug-in's picture at `path` may belong to."""
    if not PurePosixPath(path).name:
        return []
    return [str(PurePosixPath(path).with_suffix(f".{extension}")) for extension in MACHINE_CODE]


def _place(entry: PrintFile | PrintFolder, base: str) -> wire_files.Place:
    refs = references(entry.path, base, download=isinstance(entry, PrintFile))
    return wire_files.Place(name=entry.name, path=entry.path, refs=refs)


def _thumbnail(file: PrintFile, number: int, base: str) -> wire_files.Thumbnail:
    one = file.thumbnails[number]
    address = f"{base}/downloads/thumbnails/{LOCAL}/{quote(file.path)}/{number}.{one.format}"
    return wire_files.Thumbnail(
        format=one.format,
        height=one.height,
        width=one.width,
        size=one.size,
        refs=wire_files.References(download=address),
    )


def _analysis(file: PrintFile) -> wire_files.GcodeAnalysis | None:
    if file.analysis is None:
        return None
    analysis: Any = msgspec.convert(file.analysis, wire_files.GcodeAnalysis, from_attributes=True)
    return analysis  # type: ignore[no-any-return]


def _prints(file: PrintFile) -> wire_files.Prints | None:
    if file.last is None:
        return None
    last = wire_files.LastPrinted(date=file.last.date, print_time=file.last.print_time, success=file.last.success)
    return wire_files.Prints(failure=file.failures, last=last, success=file.successes)


def _statistics(file: PrintFile) -> wire_files.Statistics | None:
    if file.average_print_time is None:
        return None
    last = file.last.print_time if file.last and file.last.success else None
    return wire_files.Statistics(
        average_print_time={_PROFILE: file.average_print_time},
        last_print_time={_PROFILE: last} if last is not None else {},
    )
