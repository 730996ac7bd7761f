"""The bodies about files, field by field as OctoPrint 1.11.8 sends them (recorded from the real server)."""

from __future__ import annotations

from typing import Any

import msgspec

from services.gateway.dialects.octoprint.wire import FilamentUse, Sent


class References(Sent, kw_only=True, omit_defaults=True):
    """Absolute addresses; folders have no download, thumbnails nothing else."""

    download: str = ""
    resource: str = ""


class LastPrinted(Sent, kw_only=True):
    """`prints.last` of a file: Unix seconds, seconds."""

    date: float
    print_time: float | None = None
    success: bool


class Prints(Sent, kw_only=True, omit_defaults=True):
    """How often a file was printed; the counts are always there."""

    failure: int
    last: LastPrinted | None = None
    success: int


class Statistics(Sent, kw_only=True):
    """Seconds by printer profile."""

    average_print_time: dict[str, float]
    last_print_time: dict[str, float]


class Dimensions(Sent, kw_only=True):
    """In mm."""

    depth: float
    height: float
    width: float


class Area(Sent, kw_only=True):
    """In mm."""

    max_x: float
    max_y: float
    max_z: float
    min_x: float
    min_y: float
    min_z: float


class GcodeAnalysis(Sent, kw_only=True, omit_defaults=True):
    """What a file says of its print; absent is what it does not say."""

    dimensions: Dimensions | None = None
    estimated_print_time: float | None = None
    filament: dict[str, FilamentUse] = msgspec.field(default_factory=dict)
    printing_area: Area | None = None
    travel_area: Area | None = None
    travel_dimensions: Dimensions | None = None


class Thumbnail(Sent, kw_only=True):
    """A picture in the file's comments."""

    format: str
    height: int
    refs: References
    size: int
    width: int


class FileEntry(Sent, kw_only=True, omit_defaults=True):
    """A file in a listing or on its own; `prints` and `statistics` only once it was printed.

    `thumbnail` and `thumbnail_src` are those of the plug-in PrusaSlicer Thumbnails, whose routes are answered too.
    """

    date: int
    display: str
    gcode_analysis: GcodeAnalysis | None = None
    hash: str
    name: str
    origin: str
    path: str
    prints: Prints | None = None
    refs: References
    size: int
    statistics: Statistics | None = None
    thumbnail: str = ""
    thumbnail_src: str = msgspec.field(name="thumbnail_src", default="")
    thumbnails: list[Thumbnail] = msgspec.field(default_factory=list)
    type: str
    type_path: list[str]
    user: str | None
    userdata: dict[str, Any] | None = None


class FolderEntry(Sent, kw_only=True):
    """A folder with what is in it; `size` is the sum of the files below."""

    children: list[Any]
    date: int
    display: str
    name: str
    origin: str = "local"
    path: str
    prints: Prints
    refs: References
    size: int
    type: str = "folder"
    type_path: list[str]


class FileListing(Sent, kw_only=True, omit_defaults=True):
    """GET /api/files; the SD card has no `free` and `total`."""

    files: list[Any]
    free: int | None = None
    total: int | None = None


class Place(Sent, kw_only=True):
    """Where an uploaded, copied or moved file or a new folder is."""

    name: str
    origin: str = "local"
    path: str
    refs: References


class Uploaded(Sent, kw_only=True):
    """201 of an upload; the flags say what really happened."""

    done: bool = True
    effective_print: bool
    effective_select: bool
    files: dict[str, Place]


class FolderMade(Sent, kw_only=True):
    """201 of a new folder."""

    done: bool = True
    folder: Place
