"""Whatever a file, folder or destination is called, through the real routes to the real rows: it is safe or refused.

The classes are those of the failure tests: `..`, absolute, drives, NUL, line ends, devices, direction marks, long and
deep names, encodings once and twice, twins in case and normal form, and ends changed by a rename.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from shared.contracts import topics
from shared.contracts.files import ListFiles
from tests.support.gateway import RunningGateway
from tests.support.real_files import real_files

ROOTS = [
    "..",
    "../..",
    "/etc",
    "//etc",
    "C:",
    "C:\\",
    "\\\\host\\share",
    "~",
    ".",
    "./..",
    "%2e%2e",
    "%252e%252e",
    "..%2f..",
]
STEMS = [
    "passwd", "a\x00b", "a\rb", "a\nb", "a\r\nSet-Cookie: x", "con", "PRN", "aux.x", "nul ", "com1", "LPT9", "COM¹",
    "\u202egpj", "\u200fa", "\u2066a", "\ufeffa", "a\u200bb", "\x7f", "\x1b[31m", "a" * 4096, "é" * 150, "a%00",
    "a%0d%0a", "a%2fb", "a%252fb", "a\\b", "a:b", "a*?\"<>|", " ", ".", "..", "...", "~", "-rf", "$(reboot)", "`id`",
    "<script>alert(1)</script>", "\ud800",
]  # fmt: skip
ENDS = [".gcode", ".GCODE", ".g", ".gco "]
OTHER_ENDS = ["", ".", ".exe", ".gcode.exe", ".gcode\x00.exe", ".gcode/", ".gcode\\", ".gcode:stream", ".gcode .py"]
NAMES = [f"{root}/{stem}{end}" for root, stem, end in itertools.product(ROOTS, STEMS[:13], ENDS[:2])]
NAMES += [stem + end for stem, end in itertools.product(STEMS, ENDS)]
NAMES += ["x" + end for end in OTHER_ENDS] + ["/".join("d" * 30) + "/x.gcode"]
BOUNDARY = "xyz"


@pytest.fixture
async def files(gateway: RunningGateway) -> AsyncIterator[RunningGateway]:
    """A gateway whose files are kept by the controller's own code."""
    async with real_files(gateway):
        yield gateway


async def upload(gateway: RunningGateway, name: str, folder: str = "", content: bytes = b"G28\n") -> httpx.Response:
    """A form with these bytes, as a hostile client makes it: nothing is escaped but what would end the header."""
    shown = name.replace("\\", "\\\\").replace('"', '\\"').encode("utf-8", "surrogatepass")
    parts = [
        b'Content-Disposition: form-data; name="path"\r\n\r\n' + folder.encode("utf-8", "surrogatepass"),
        b'Content-Disposition: form-data; name="file"; filename="' + shown + b'"\r\n\r\n' + content,
    ]
    body = b"".join(f"--{BOUNDARY}\r\n".encode() + part + b"\r\n" for part in parts) + f"--{BOUNDARY}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return await gateway.client.post("/api/files/local", content=body, headers=headers)


def outside(gateway: RunningGateway) -> set[Path]:
    """Every file of the data folder that is no blob by its digest and no database."""
    data = gateway.settings.data_folder
    kept = {path for path in data.rglob("*") if path.is_file()}
    return {
        path
        for path in kept
        if not (path.parts[-4] == "blobs" or path.name.split(".")[0].endswith(("gateway", "controller")))
    }


async def stored(gateway: RunningGateway) -> list[str]:
    listed = await gateway.gateway.bus.ask(topics.LIST_FILES, ListFiles(limit=500))
    assert listed.next is None
    assert all(file.path.rpartition(".")[2].lower() in ("gcode", "gco", "g") for file in listed.files)
    return [entry.path for entry in [*listed.files, *listed.folders]]


def check(path: str) -> None:
    """What every stored path promises."""
    assert all(part not in ("", ".", "..") for part in path.split("/")), path
    assert not any(unicodedata.category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp") for each in path), path
    assert not set(path) & set('\\:*?"<>|'), path
    assert len(path.encode()) <= 1000
    assert unicodedata.normalize("NFC", path) == path


async def test_five_hundred_hostile_names_are_safe_or_refused(files: RunningGateway) -> None:
    before, statuses = outside(files), set()
    for name in NAMES:
        answer = await upload(files, name)
        statuses.add(answer.status_code)
        assert answer.status_code in (201, 400, 409, 415), (name, answer.status_code, answer.text)
        if answer.status_code == 201:
            record = await files.client.get(answer.headers["location"])
            assert record.status_code == 200, (name, answer.headers["location"])
            assert record.json()["path"] == answer.json()["files"]["local"]["path"]
    assert len(NAMES) >= 500
    for path in await stored(files):
        check(path)
    assert outside(files) == before
    assert {201, 400, 415} <= statuses


@pytest.mark.parametrize(
    "folder", ["..", "../x", "a/../../b", "C:/x", "a\x00", "\u202ea", "x" * 300, "/".join("d" * 30), "a\\b"]
)
async def test_hostile_folders_are_safe_or_refused(files: RunningGateway, folder: str) -> None:
    answer = await upload(files, "x.gcode", folder)
    made = await files.client.post("/api/files/local", data={"foldername": folder}, files={"none": b""})
    assert answer.status_code in (201, 400)
    assert made.status_code in (201, 400)
    for path in await stored(files):
        check(path)


async def test_twins_in_case_and_normal_form_are_one_file_everywhere(files: RunningGateway) -> None:
    names = ["Würfel.gcode", unicodedata.normalize("NFD", "Würfel.gcode"), "WÜRFEL.GCODE", "wU\u0308rfel.gcode"]
    for number, name in enumerate(names):
        answer = await upload(files, name, "Ordner" if number % 2 else "ORDNER", b"G1 X%d\n" % number)
        assert answer.json()["files"]["local"]["path"] == "ORDNER/Würfel.gcode"
    assert sorted(await stored(files)) == ["ORDNER", "ORDNER/Würfel.gcode"]
    for name in names:
        answer = await files.client.get(f"/downloads/files/local/ordner/{quote(name)}")
        assert answer.content == b"G1 X3\n"


@pytest.mark.parametrize(
    "destination", ["x" + end for end in OTHER_ENDS if end not in (".gcode/",)] + ["../x.gcode", "/../x.gcode"]
)
@pytest.mark.parametrize("command", ["copy", "move"])
async def test_no_name_gets_past_the_rule_by_a_copy_or_a_move(
    files: RunningGateway, command: str, destination: str
) -> None:
    await upload(files, "a.gcode")
    answer = await files.client.post("/api/files/local/a.gcode", json={"command": command, "destination": destination})
    assert answer.status_code in (400, 415), (destination, answer.text)
    assert await stored(files) == ["a.gcode"]


@pytest.mark.parametrize(
    "path",
    [
        "../gateway.db",
        "..%2fgateway.db",
        "%2e%2e/gateway.db",
        "..%5cgateway.db",
        "a.gcode%00.png",
        "/etc/passwd",
        "a.gcode/%2e%2e",
        "%2e",
    ],
)
@pytest.mark.parametrize("place", ["/downloads/files/local", "/api/files/local", "/downloads/thumbnails/local"])
async def test_no_path_of_a_request_reaches_the_disk(files: RunningGateway, place: str, path: str) -> None:
    await upload(files, "a.gcode")
    answer = await files.client.get(f"{place}/{path}")
    assert answer.status_code in (400, 404)
    assert b"SQLite" not in answer.content


@pytest.mark.parametrize(
    "smuggled",
    [
        "file.path",
        "file_path",
        "file.name",
        "file_name",
        "file.size",
        "path[]",
        "file[path]",
        "Path",
        "PATH",
        "path ",
        "filename*",
    ],
)
async def test_a_smuggled_field_changes_nothing(files: RunningGateway, smuggled: str) -> None:
    secret = files.settings.data_folder / "secret"
    secret.write_bytes(b"kept")
    data: dict[str, Any] = {smuggled: str(secret)}
    answer = await files.client.post("/api/files/local", data=data, files={"file": ("a.gcode", b"G28\n")})
    assert answer.status_code == 201
    assert answer.json()["files"]["local"]["path"] == "a.gcode"
    assert (await files.client.get("/downloads/files/local/a.gcode")).content == b"G28\n"
    assert secret.read_bytes() == b"kept"
