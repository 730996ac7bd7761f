"""Cuts a picture out of a print file, where its owner has found one."""

from __future__ import annotations

import binascii
from pathlib import Path
from types import MappingProxyType

from shared.contracts.files import FileThumbnail
from shared.errors import NotFound

MEDIA_TYPES = MappingProxyType({"png": "image/png", "jpg": "image/jpeg", "qoi": "image/qoi"})
LARGEST = 6 * 1024 * 1024  # bytes of text
_BEGINNINGS = MappingProxyType({"png": b"\x89PNG\r\n\x1a\n", "jpg": b"\xff\xd8\xff", "qoi": b"qoif"})


def read(path: Path, thumbnail: FileThumbnail) -> bytes:
    """The picture, from the comment lines that hold it in Base64. Raises `NotFound` for anything else there."""
    length = thumbnail.end - thumbnail.start
    if thumbnail.format not in MEDIA_TYPES or not 0 < length <= LARGEST:
        raise NotFound("There is no such picture")
    try:
        with path.open("rb") as stream:
            stream.seek(thumbnail.start)
            lines = stream.read(length).splitlines()
        picture = binascii.a2b_base64(b"".join(line.strip().lstrip(b";").strip() for line in lines), strict_mode=True)
    except (OSError, binascii.Error):
        raise NotFound("There is no such picture") from None
    if not picture.startswith(_BEGINNINGS[thumbnail.format]):
        raise NotFound("There is no such picture")
    return picture
