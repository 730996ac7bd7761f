"""Pictures in comments: found while a file is read, cut out of it again when somebody wants to see one."""

from __future__ import annotations

import binascii
import re
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec

from services.printer_controller.analysis.findings import Findings
from services.printer_controller.analysis.result import Thumbnail
from shared.errors import Invalid

MOST_THUMBNAILS = 16
LARGEST = 4 * 1024 * 1024  # bytes of text
_BEGINS = re.compile(rb"(\d{1,4}) ?x ?(\d{1,4})")
_FORMATS: tuple[tuple[bytes, Literal["png", "jpg", "qoi"]], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"qoif", "qoi"),
)


def begin(found: Findings, words: bytes, start: int) -> None:
    """`; thumbnail begin 220x124 12345`, whose picture starts at byte `start`."""
    size = _BEGINS.match(words)
    if size and len(found.thumbnails) < MOST_THUMBNAILS:
        found.open_thumbnail = Thumbnail(int(size[1]), int(size[2]), "png", start, start)


def end(found: Findings, at: int) -> None:
    """`; thumbnail end`, a line that begins at byte `at`."""
    opened, found.open_thumbnail = found.open_thumbnail, None
    if opened is not None and opened.start < at <= opened.start + LARGEST:
        found.thumbnails.append(msgspec.structs.replace(opened, end=at))


def checked(stream: BinaryIO, found: list[Thumbnail]) -> list[Thumbnail]:
    """Those that are pictures indeed, with their true format and size."""
    good = []
    for thumbnail in found:
        try:
            picture = _cut(stream, thumbnail)
        except Invalid:
            continue
        good.append(msgspec.structs.replace(thumbnail, format=_format(picture), size=len(picture)))
    return good


def picture_of(path: Path, thumbnail: Thumbnail) -> bytes:
    """The picture itself. `Invalid` where the file at `path` no longer holds it there, `OSError` where it is gone."""
    with path.open("rb") as stream:
        return _cut(stream, thumbnail)


def _cut(stream: BinaryIO, thumbnail: Thumbnail) -> bytes:
    stream.seek(thumbnail.start)
    text = stream.read(min(thumbnail.end - thumbnail.start, LARGEST))
    lines = (line.strip().lstrip(b";").strip() for line in text.splitlines())
    try:
        picture = binascii.a2b_base64(b"".join(lines), strict_mode=True)
    except binascii.Error as error:
        raise Invalid("the thumbnail in this file is damaged", code="damaged_thumbnail") from error
    _format(picture)
    return picture


def _format(picture: bytes) -> Literal["png", "jpg", "qoi"]:
    for beginning, name in _FORMATS:
        if picture.startswith(beginning):
            return name
    raise Invalid("the thumbnail in this file is of no known format", code="damaged_thumbnail")
