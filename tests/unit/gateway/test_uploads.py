"""Forms cut anywhere: what is stored does not depend on where the chunks end."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from services.gateway import uploads
from shared.blobs import BlobStore
from shared.errors import Invalid

BOUNDARY = "b" * 70
LINES = b"G1 X10 Y10 E0.5\n" * 200
CONTENTS = {
    "no carriage return": LINES,
    "carriage returns": LINES.replace(b"\n", b"\r\n"),
    "almost a boundary": LINES + f"\r\n--{BOUNDARY[:-1]}c\n".encode() + LINES,
    "ends with a carriage return": LINES + b"\r",
}


def form(content: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.gcode"\r\n\r\n'
    tail = f'\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name="path"\r\n\r\nfolder\r\n--{BOUNDARY}--\r\n'
    return head.encode() + content + tail.encode()


async def chunks(body: bytes, sizes: Iterator[int]) -> AsyncIterator[bytes]:
    start = 0
    while start < len(body):
        end = start + next(sizes)
        yield body[start:end]
        start = end


def alternating(*sizes: int) -> Iterator[int]:
    while True:
        yield from sizes


async def stored(folder: Path, body: bytes, sizes: Iterator[int]) -> tuple[bytes, str]:
    store = BlobStore(folder)
    content_type = f"multipart/form-data; boundary={BOUNDARY}"
    upload = await uploads.receive(
        chunks(body, sizes), content_type, store, limit=10**7, check_name=lambda _: None
    )  # fmt: skip
    assert upload.file is not None
    return store.path(upload.file.digest).read_bytes(), upload.fields["path"]


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS.keys())
@pytest.mark.parametrize("sizes", [(1,), (7,), (300, 1), (300, 40), (1000, 3, 500), (10**6,)], ids=str)
async def test_a_file_is_stored_as_it_was_sent_however_it_is_cut(
    tmp_path: Path, content: bytes, sizes: tuple[int, ...]
) -> None:
    assert await stored(tmp_path, form(content), alternating(*sizes)) == (content, "folder")


async def test_the_boundary_is_found_wherever_a_chunk_ends_in_it(tmp_path: Path) -> None:
    body = form(LINES)
    boundary = body.index(b"\r\n--", len(LINES))
    for cut in range(boundary - 1, boundary + len(BOUNDARY) + 7):
        sizes = iter([boundary - 300, 299 + cut - boundary + 1, 1, 3, 10**6])
        assert await stored(tmp_path, body, sizes) == (LINES, "folder")


@pytest.mark.parametrize("at", [400, 3000])
async def test_a_form_that_is_cut_off_stores_nothing(tmp_path: Path, at: int) -> None:
    with pytest.raises(Invalid):
        await stored(tmp_path, form(LINES)[:at], alternating(300))
    assert list(BlobStore(tmp_path).digests()) == []
    assert os.listdir(tmp_path / "parts") == []
