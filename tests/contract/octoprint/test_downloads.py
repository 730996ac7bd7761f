"""/downloads: bytes in whole and in parts, their versions, and the pictures in files."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from shared.contracts import topics
from shared.contracts.files import FileRead, FileThumbnail, PrintFile
from shared.errors import NotFound
from tests.support.gateway import RunningGateway, served

CONTENT = bytes(range(256)) * 1000
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
PLUGIN = "/plugin/prusaslicerthumbnails/thumbnail"


async def stored(gateway: RunningGateway, content: bytes, path: str = "a.gcode", **changes: Any) -> PrintFile:
    """A file with that content, which the owner knows."""
    async with gateway.gateway.blobs.writer() as blob:
        await blob.write(content)
    name = path.rpartition("/")[2]
    file = PrintFile(
        path=path, name=name, display=name, size=len(content), date=7, hash=blob.sha1, digest=blob.digest, **changes
    )
    gateway.owner.answers[topics.READ_FILE] = lambda asked: (
        FileRead(file=file) if asked.path == path else NotFound("no such file")
    )
    return file


async def test_a_download_brings_the_bytes_that_the_record_names(gateway: RunningGateway) -> None:
    file = await stored(gateway, CONTENT, 'dir/ü "x".gcode')
    answer = await gateway.client.get('/downloads/files/local/dir/ü "x".gcode')
    assert answer.content == CONTENT
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"_ _x_.gcode\"; filename*=UTF-8''%C3%BC%20%22x%22.gcode"
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"] == f'"{file.digest}"'


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-10", slice(-10, None)),
        ("bytes=255990-9999999", slice(255990, None)),
        ("Bytes= 5-5 ", slice(5, 6)),
        ("bytes=-9999999", slice(0, None)),
    ],
)
async def test_a_range_is_answered_with_206(gateway: RunningGateway, asked: str, part: slice) -> None:
    await stored(gateway, CONTENT)
    answer = await gateway.client.get("/downloads/files/local/a.gcode", headers={"Range": asked})
    first, last, _ = part.indices(len(CONTENT))
    assert (answer.status_code, answer.content) == (206, CONTENT[part])
    assert answer.headers["content-range"] == f"bytes {first}-{last - 1}/{len(CONTENT)}"


@pytest.mark.parametrize("asked", ["bytes=256000-", "bytes=999999999999999999-", "bytes=-0"])
async def test_a_range_behind_the_end_is_a_416(gateway: RunningGateway, asked: str) -> None:
    await stored(gateway, CONTENT)
    answer = await gateway.client.get("/downloads/files/local/a.gcode", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == f"bytes */{len(CONTENT)}"


@pytest.mark.parametrize("asked", ["bytes=1-2,4-5", "bytes=9-1", "bytes=-", "lines=1-2", "bytes=a-b", "bytes=1-2x"])
async def test_what_is_no_single_range_is_answered_with_the_whole(gateway: RunningGateway, asked: str) -> None:
    await stored(gateway, CONTENT)
    answer = await gateway.client.get("/downloads/files/local/a.gcode", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, CONTENT)


async def test_the_version_a_client_has_is_not_sent_again(gateway: RunningGateway) -> None:
    file = await stored(gateway, CONTENT)
    path = "/downloads/files/local/a.gcode"
    for tag in (f'"{file.digest}"', f'W/"x", W/"{file.digest}"', "*"):
        answer = await gateway.client.get(path, headers={"If-None-Match": tag})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == f'"{file.digest}"'
    assert (await gateway.client.get(path, headers={"If-None-Match": '"other"'})).status_code == 200
    resumed = {"Range": "bytes=9-", "If-Range": f'"{file.digest}"'}
    assert (await gateway.client.get(path, headers=resumed)).status_code == 206
    assert (await gateway.client.get(path, headers={**resumed, "If-Range": '"other"'})).status_code == 200


async def test_head_says_the_length_and_reads_nothing(gateway: RunningGateway, monkeypatch: Any) -> None:
    file = await stored(gateway, CONTENT)
    gateway.gateway.blobs.delete(file.digest)
    headers = {"X-Api-Key": gateway.client.headers["x-api-key"]}
    async with served(gateway) as (host, port):
        answer = await gateway.client.head(f"http://{host}:{port}/downloads/files/local/a.gcode", headers=headers)
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, str(len(CONTENT)), b"")


async def test_an_empty_file_and_one_whose_content_is_lost(gateway: RunningGateway) -> None:
    file = await stored(gateway, b"")
    answer = await gateway.client.get("/downloads/files/local/a.gcode")
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")
    file = await stored(gateway, b"G28\n")
    gateway.gateway.blobs.delete(file.digest)
    assert (await gateway.client.get("/downloads/files/local/a.gcode")).status_code == 404


def pictured(picture: bytes, *, begin: bytes = b"; thumbnail begin 16x16 9\n") -> tuple[bytes, int, int]:
    """A file with a picture in its comments, and where its Base64 lines begin and end."""
    text = base64.b64encode(picture)
    lines = b"".join(b"; " + text[start : start + 78] + b"\n" for start in range(0, len(text), 78))
    return begin + lines + b"; thumbnail end\nG28\n", len(begin), len(begin) + len(lines)


def thumbnail(start: int, end: int, **changes: Any) -> FileThumbnail:
    given = {"width": 16, "height": 16, "format": "png", "size": len(PNG), **changes}
    return FileThumbnail(start=start, end=end, **given)


async def test_the_pictures_of_a_file_are_named_in_its_record_and_served(gateway: RunningGateway) -> None:
    content, start, end = pictured(PNG)
    small, large = thumbnail(start, end), thumbnail(start, end, width=220, height=124)
    await stored(gateway, content, "dir/a b.gcode", thumbnails=[small, large, thumbnail(0, 1, format="qoi", width=999)])
    record = (await gateway.client.get("/api/files/local/dir/a b.gcode")).json()
    assert record["thumbnail"] == "plugin/prusaslicerthumbnails/thumbnail/dir/a%20b.png?7"
    assert record["thumbnail_src"] == "prusaslicerthumbnails"
    assert record["thumbnails"][1] == {
        "format": "png",
        "height": 124,
        "refs": {"download": "http://host:8080/downloads/thumbnails/local/dir/a%20b.gcode/1.png"},
        "size": len(PNG),
        "width": 220,
    }
    for address in (record["thumbnails"][0]["refs"]["download"], f"http://host:8080/{record['thumbnail']}"):
        answer = await gateway.client.get(address)
        assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "image/png", PNG)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]


async def test_pictures_are_where_the_plugin_has_them_below_the_prefixes_too(gateway: RunningGateway) -> None:
    content, start, end = pictured(PNG)
    await stored(gateway, content, "a.gco", thumbnails=[thumbnail(start, end)])
    for prefix in ("", "/octoprint", "/octoprint/virtual"):
        assert (await gateway.client.get(f"{prefix}{PLUGIN}/a.png")).content == PNG


@pytest.mark.parametrize("name", ["1.png", "-1.png", "x.png", "", "99999999999999999999.png", "٠.png", "0/0.png"])
async def test_a_picture_that_is_not_there_is_a_404(gateway: RunningGateway, name: str) -> None:
    content, start, end = pictured(PNG)
    await stored(gateway, content, thumbnails=[thumbnail(start, end)])
    assert (await gateway.client.get(f"/downloads/thumbnails/local/a.gcode/{name}")).status_code == 404


async def test_a_file_without_a_picture_has_none(gateway: RunningGateway) -> None:
    await stored(gateway, b"G28\n")
    record = (await gateway.client.get("/api/files/local/a.gcode")).json()
    assert not {"thumbnail", "thumbnail_src", "thumbnails"} & record.keys()
    for path in (f"{PLUGIN}/a.png", f"{PLUGIN}/..png", f"{PLUGIN}/.", f"{PLUGIN}/nope.png"):
        assert (await gateway.client.get(path)).status_code == 404


@pytest.mark.parametrize("hostile", [b"<script>alert(1)</script>", b"GIF89a", b""])
async def test_only_pictures_leave_as_pictures(gateway: RunningGateway, hostile: bytes) -> None:
    content, start, end = pictured(hostile)
    await stored(gateway, content, thumbnails=[thumbnail(start, max(end, start + 1))])
    assert (await gateway.client.get("/downloads/thumbnails/local/a.gcode/0.png")).status_code == 404


async def test_a_place_that_holds_no_base64_is_a_404(gateway: RunningGateway) -> None:
    await stored(gateway, b"; \xff\xfe no base64\n" * 10, thumbnails=[thumbnail(0, 100), thumbnail(0, 10**12)])
    for number in (0, 1):
        answer = await gateway.client.get(f"/downloads/thumbnails/local/a.gcode/{number}.png")
        assert answer.status_code == 404
