"""What a print file says, as one value: time, filament, room, layers, pictures, and how the time runs through it."""

from __future__ import annotations

from typing import Literal

import msgspec

VERSION = 1  # of the analysis: a stored result with another version is to be made again
DECIMALS = 4  # of positions in mm

Source = Literal["slicer", "own"]


class Filament(msgspec.Struct, frozen=True):
    """What one tool takes: `length` in mm, `volume` in cm³."""

    length: float
    volume: float


class Area(msgspec.Struct, frozen=True, rename="camel"):
    """The box around some positions, in mm."""

    min_x: float
    min_y: float
    min_z: float
    max_x: float
    max_y: float
    max_z: float

    def dimensions(self) -> Dimensions:
        """How large it is."""
        return Dimensions(
            width=round(self.max_x - self.min_x, DECIMALS),
            depth=round(self.max_y - self.min_y, DECIMALS),
            height=round(self.max_z - self.min_z, DECIMALS),
        )


class Dimensions(msgspec.Struct, frozen=True):
    """X, Y and Z size of a box, in mm."""

    width: float
    depth: float
    height: float


class Thumbnail(msgspec.Struct, frozen=True):
    """A picture in the comments: its Base64 lines are the bytes `start` to `end` of the file, `size` bytes decoded."""

    width: int
    height: int
    format: Literal["png", "jpg", "qoi"]
    start: int
    end: int
    size: int = 0


class Slicer(msgspec.Struct, frozen=True):
    """Which program made the file."""

    name: str
    version: str = ""


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """At `position` (byte) of the file, `left` seconds of printing remain. In JSON: `[position, left]`."""

    position: int
    left: float


class FileAnalysis(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Everything found in a file; as JSON its members carry the names of OctoPrint's `gcodeAnalysis`.

    `estimated_print_time` (s) is the slicer's own where it gave one, else the one computed from the moves, which is
    kept in `own_print_time` in any case. `marks` lead from the first to the end of the file by rising position.
    `filament` is by tool (`tool0`, …), `commands` are those beside moves with the first line of each. Null or empty:
    the file does not say.
    """

    version: int = VERSION
    estimated_print_time: float | None = None
    estimated_by: Source | None = None
    own_print_time: float | None = None
    filament: dict[str, Filament] = {}
    dimensions: Dimensions | None = None
    printing_area: Area | None = None
    travel_dimensions: Dimensions | None = None
    travel_area: Area | None = None
    layer_count: int | None = None
    thumbnails: tuple[Thumbnail, ...] = ()
    slicer: Slicer | None = None
    marks: tuple[Mark, ...] = ()
    marked_by: Source | None = None
    commands: dict[str, int] = {}
    warnings: tuple[str, ...] = ()
