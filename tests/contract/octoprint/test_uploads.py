"""POST /api/files/local: what is stored, what is answered, and what hostile forms cannot do."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from shared.contracts import topics
from shared.contracts.files import AddFile, FileAdded, FolderCreated, PrintFile, PrintFolder
from shared.errors import Conflict, Invalid
from shared.settings import GatewaySettings
from tests.support.database import Database
from tests.support.gateway import ADMIN_KEY, RunningGateway, running_gateway, served

CONTENT = b"G28\nG1 X10\n"
BOUNDARY = "xyz"


def added(asked: AddFile, **changes: Any) -> FileAdded:
    path = f"{asked.folder}/{asked.name}" if asked.folder else asked.name
    file = PrintFile(
        path=path, name=asked.name, display=asked.name, size=asked.size, date=1, hash=asked.hash, digest=asked.digest
    )
    return FileAdded(file=file, effective_select=asked.select, effective_print=asked.print, **changes)


@pytest.fixture(autouse=True)
def _owner_adds(gateway: RunningGateway) -> None:
    gateway.owner.answers[topics.ADD_FILE] = added


def part(name: str, content: bytes, disposition: str = "") -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{disposition}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def file_part(name: str = "a.gcode", content: bytes = CONTENT) -> bytes:
    return part("file", content, f'; filename="{name}"')


END = f"--{BOUNDARY}--\r\n".encode()


async def upload(gateway: RunningGateway, *parts: bytes, boundary: str = BOUNDARY) -> Any:
    return await gateway.client.post(
        "/api/files/local",
        content=b"".join(parts),
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )


def blobs_in(gateway: RunningGateway) -> list[Path]:
    return [path for path in (gateway.settings.data_folder / "blobs").rglob("*") if path.is_file()]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 (it waits for the disk)
            await asyncio.sleep(0.01)


async def test_an_upload_is_answered_with_201_its_place_and_the_real_flags(gateway: RunningGateway) -> None:
    answer = await gateway.client.post("/api/files/local", files={"file": ("golden_long.gcode", CONTENT)})
    assert answer.status_code == 201
    assert answer.headers["location"] == "http://host:8080/api/files/local/golden_long.gcode"
    assert answer.json() == {
        "done": True,
        "effectivePrint": False,
        "effectiveSelect": False,
        "files": {
            "local": {
                "name": "golden_long.gcode",
                "origin": "local",
                "path": "golden_long.gcode",
                "refs": {
                    "download": "http://host:8080/downloads/files/local/golden_long.gcode",
                    "resource": "http://host:8080/api/files/local/golden_long.gcode",
                },
            }
        },
    }
    (asked,) = gateway.owner.commands()
    assert asked.digest == hashlib.sha256(CONTENT).hexdigest()
    assert asked.hash == hashlib.sha1(CONTENT).hexdigest()
    assert asked.size == len(CONTENT)
    assert gateway.gateway.blobs.path(asked.digest).read_bytes() == CONTENT


@pytest.mark.parametrize("word", ["true", "True", "yes", "y", "1"])
async def test_flags_and_folder_go_to_the_owner_in_one_question(gateway: RunningGateway, word: str) -> None:
    form = {"select": word, "print": word, "path": "sample_dir", "noOverwrite": word, "userdata": '{"a": 1}'}
    gateway.owner.answers[topics.ADD_FILE] = lambda asked: added(asked, run="run-7")
    answer = await gateway.client.post("/api/files/local", data=form, files={"file": ("s.gcode", CONTENT)})
    assert (answer.status_code, answer.headers["x-run-id"]) == (201, "run-7")
    (asked,) = gateway.owner.commands()
    assert (asked.select, asked.print, asked.folder, asked.no_overwrite) == (True, True, "sample_dir", True)
    assert answer.json()["effectivePrint"] is True


@pytest.mark.parametrize("word", ["false", "no", "0", "", "on"])
async def test_other_words_are_no(gateway: RunningGateway, word: str) -> None:
    await gateway.client.post("/api/files/local", data={"print": word}, files={"file": ("s.gcode", CONTENT)})
    assert gateway.owner.commands()[0].print is False


async def test_a_folder_can_be_made(gateway: RunningGateway) -> None:
    made = PrintFolder(path="a/sample_folder", name="sample_folder", display="sample_folder", date=1)
    gateway.owner.answers[topics.CREATE_FOLDER] = FolderCreated(folder=made)
    answer = await upload(gateway, part("foldername", b"sample_folder"), part("path", b"a"), END)
    assert (answer.status_code, answer.headers["location"]) == (
        201,
        "http://host:8080/api/files/local/a/sample_folder",
    )
    assert answer.json() == {
        "done": True,
        "folder": {
            "name": "sample_folder",
            "origin": "local",
            "path": "a/sample_folder",
            "refs": {"resource": "http://host:8080/api/files/local/a/sample_folder"},
        },
    }


async def test_the_recorded_refusals(gateway: RunningGateway) -> None:
    answer = await upload(gateway, file_part("golden.xyz"), END)
    assert (answer.status_code, answer.json()) == (415, {"error": "Could not upload file, invalid type"})
    answer = await upload(gateway, part("select", b"true"), END)
    assert (answer.status_code, answer.json()) == (400, {"error": "No file to upload and no folder to create"})
    answer = await upload(gateway, part("userdata", b"{bad"), file_part(), END)
    assert (answer.status_code, answer.json()) == (400, {"error": "userdata contains invalid JSON"})
    answer = await gateway.client.post("/api/files/nowhere", files={"file": ("a.gcode", CONTENT)})
    assert answer.status_code == 404
    assert gateway.owner.commands() == []


async def test_a_wrong_type_is_refused_before_its_bytes_are_stored(gateway: RunningGateway) -> None:
    for name in ("a.xyz", "a", ".gcode", "a.gcode.exe", "gcode"):
        assert (await upload(gateway, file_part(name), END)).status_code == 415
    assert blobs_in(gateway) == []


async def test_the_owner_refuses_what_is_being_printed_or_named_badly(gateway: RunningGateway) -> None:
    text = "Trying to overwrite file that is currently being printed"
    gateway.owner.answers[topics.ADD_FILE] = Conflict(text)
    answer = await upload(gateway, file_part(), END)
    assert (answer.status_code, answer.json()) == (409, {"error": text})
    gateway.owner.answers[topics.ADD_FILE] = Invalid("Could not upload file, invalid type", code="invalid_type")
    assert (await upload(gateway, file_part(), END)).status_code == 415


@pytest.mark.parametrize(
    "hostile",
    ["file.path", "file.name", "file.size", "files", "upload", "destination", "digest", "file.content_type"],
)
async def test_a_field_that_is_not_documented_changes_nothing(gateway: RunningGateway, hostile: str) -> None:
    answer = await upload(gateway, part(hostile, b"/etc/passwd"), file_part(), part(hostile, b"/etc/shadow"), END)
    assert answer.status_code == 201
    (asked,) = gateway.owner.commands()
    assert (asked.name, asked.folder, asked.size) == ("a.gcode", "", len(CONTENT))


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('; filename="quo\\"ted.gcode"', 'quo"ted.gcode'),
        ("; filename=plain.gcode", "plain.gcode"),
        ("; filename*=UTF-8''na%C3%AFve%20plan.gcode", "naïve plan.gcode"),
        ("; filename=\"x.gcode\"; filename*=utf-8'en'%e2%82%ac.gcode", "€.gcode"),
        ("; filename=\"x.gcode\"; filename*=KOI8-R''%e2.gcode", "x.gcode"),
        ('; filename="../../etc/x.gcode"', "../../etc/x.gcode"),
        ('; filename="a%00.gcode"', "a%00.gcode"),
    ],
)
async def test_the_name_goes_to_the_owner_as_it_was_sent(gateway: RunningGateway, disposition: str, name: str) -> None:
    assert (await upload(gateway, part("file", CONTENT, disposition), END)).status_code == 201
    assert gateway.owner.commands()[0].name == name


async def test_a_filename_field_wins_and_must_be_machine_code_too(gateway: RunningGateway) -> None:
    assert (await upload(gateway, part("filename", b"b.gcode"), file_part("blob"), END)).status_code == 201
    assert gateway.owner.commands()[0].name == "b.gcode"
    assert (await upload(gateway, part("filename", b"b.exe"), file_part(), END)).status_code == 415
    assert (await upload(gateway, file_part(), part("filename", b"b.exe"), END)).status_code == 415


async def test_quoted_boundaries_and_text_around_the_form_are_fine(gateway: RunningGateway) -> None:
    answer = await upload(gateway, b"preamble\r\n", file_part(), END, b"epilogue", boundary=f'"{BOUNDARY}"')
    assert answer.status_code == 201


@pytest.mark.parametrize(
    "form",
    [
        [file_part(), file_part("b.gcode"), END],
        [file_part()],
        [file_part()[:-20]],
        [b"no form at all"],
        [part("path", b"\xff\xfe"), file_part(), END],
        [part("file", CONTENT, "; filename*=UTF-8''%ff.gcode"), END],
        [f"--{BOUNDARY}\r\nnonsense\r\n\r\nx\r\n".encode(), END],
        [b"".join(part(f"f{number}", b"x") for number in range(100)), file_part(), END],
    ],
    ids=["two files", "no end", "cut in the file", "no form", "no UTF-8", "bad name", "bad header", "many parts"],
)
async def test_a_broken_or_cut_form_is_a_400_and_asks_nobody(gateway: RunningGateway, form: list[bytes]) -> None:
    assert (await upload(gateway, *form)).status_code == 400
    assert gateway.owner.commands() == []


@pytest.mark.parametrize("content_type", ["multipart/form-data", "text/plain", "application/json", ""])
async def test_what_is_no_form_is_a_400(gateway: RunningGateway, content_type: str) -> None:
    answer = await gateway.client.post("/api/files/local", content=b"{}", headers={"Content-Type": content_type})
    assert answer.status_code == 400


async def test_a_cut_upload_leaves_nothing(gateway: RunningGateway) -> None:
    form = file_part(content=b"x" * 500_000)[:-1000]
    head = (
        f"POST /api/files/local HTTP/1.1\r\nHost: host\r\nX-Api-Key: {ADMIN_KEY}\r\nContent-Length: 500200\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
    )
    async with served(gateway) as (host, port):
        _, writer = await asyncio.open_connection(host, port)
        writer.write(head.encode() + form)
        await writer.drain()
        await until(lambda: len(blobs_in(gateway)) == 1)
        writer.close()
        await until(lambda: blobs_in(gateway) == [])
    assert gateway.owner.commands() == []


async def test_a_field_that_is_too_long_is_a_413(gateway: RunningGateway) -> None:
    assert (await upload(gateway, part("path", b"x" * 100_000), file_part(), END)).status_code == 413


async def test_an_upload_over_the_limit_is_a_413_however_it_announces_itself(
    tmp_path: Path, database: Database
) -> None:
    limits = GatewaySettings(max_upload=100_000)
    async with running_gateway(tmp_path / "small", database=database, limits=limits) as gateway:
        gateway.owner.answers[topics.ADD_FILE] = added
        sent = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal sent
            yield file_part(content=b"")[:-2]
            for _ in range(1000):
                sent += 10_000
                yield b"x" * 10_000

        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        answer = await gateway.client.post("/api/files/local", content=endless(), headers=headers)
        assert (answer.status_code, answer.headers["connection"]) == (413, "close")
        assert sent <= 100_000 + 65_536
        answer = await gateway.client.post("/api/files/local", content=b"x" * 200_000, headers=headers)
        assert answer.status_code == 413
        assert blobs_in(gateway) == []
        assert (await upload(gateway, file_part(content=b"x" * 100_000), END)).status_code == 201


async def test_without_an_owner_nothing_is_stored(gateway: RunningGateway) -> None:
    await gateway.owner.presence("lost")
    answer = await upload(gateway, file_part(), END)
    assert answer.status_code == 503
    assert blobs_in(gateway) == []


async def test_the_location_uses_the_prefix(gateway: RunningGateway) -> None:
    answer = await gateway.client.post("/octoprint/virtual/api/files/local", files={"file": ("a.gcode", CONTENT)})
    assert answer.headers["location"] == "http://host:8080/octoprint/virtual/api/files/local/a.gcode"
