"""Bodies that lie, break off, never end or hide something: nothing partial is listed and no memory is filled."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from shared.contracts import topics
from shared.contracts.files import ListFiles
from shared.settings import GatewaySettings
from tests.support.database import Database
from tests.support.gateway import ADMIN_KEY, RunningGateway, running_gateway, served
from tests.support.real_files import real_files

MIB = 1024 * 1024
BOUNDARY = "xyz"
HEAD = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.gcode"\r\n\r\n'.encode()
END = f"\r\n--{BOUNDARY}--\r\n".encode()
FORM = HEAD + b"G28\n" + END


@pytest.fixture
async def files(gateway: RunningGateway) -> AsyncIterator[RunningGateway]:
    """A gateway whose files are kept by the controller's own code."""
    async with real_files(gateway):
        yield gateway


async def listed(gateway: RunningGateway) -> list[str]:
    answer = await gateway.gateway.bus.ask(topics.LIST_FILES, ListFiles())
    return [file.path for file in answer.files]


def parts_in(gateway: RunningGateway) -> list[Path]:
    return list((gateway.settings.data_folder / "blobs" / "parts").glob("*"))


def upload_head(framing: str) -> bytes:
    """The head of an upload whose body is framed so."""
    head = (
        f"POST /api/files/local HTTP/1.1\r\nHost: host\r\nX-Api-Key: {ADMIN_KEY}\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n{framing}\r\n"
    )
    return head.encode()


async def raw(address: tuple[str, int], framing: str, *pieces: bytes, cut: bool = False) -> bytes:
    """What a server answers to an upload sent byte for byte; `cut` leaves in the middle."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(upload_head(framing))
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    if cut:
        await asyncio.sleep(0.05)
        writer.close()
        return b""
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


@pytest.mark.parametrize(
    ("framing", "body", "status"),
    [
        (f"Content-Length: {len(FORM)}\r\n", FORM, b"201"),
        ("Transfer-Encoding: chunked\r\n", b"%x\r\n%b\r\n0\r\n\r\n" % (len(FORM), FORM), b"201"),
        ("", FORM, b"400"),
        (f"Content-Length: {len(FORM) - 10}\r\n", FORM, b"400"),
        ("Content-Length: 0\r\n", b"", b"400"),
        ("Content-Length: -5\r\n", FORM, b"400"),
        ("Content-Length: 5\r\nContent-Length: 7\r\n", FORM, b"400"),
        (f"Content-Length: {len(FORM)}\r\nTransfer-Encoding: chunked\r\n", FORM, b"400"),
        ("Content-Length: 99999999999999999999\r\n", FORM, b"400"),
        ("Content-Length: 3000000000\r\n", b"", b"413"),
        ("Transfer-Encoding: chunked\r\n", b"nonsense\r\n", b"400"),
    ],
    ids=[
        "a length", "in chunks", "no length", "too short", "empty", "negative", "two lengths", "both", "huge",
        "too large", "bad chunks",
    ],
)  # fmt: skip
async def test_a_body_is_what_its_framing_says(files: RunningGateway, framing: str, body: bytes, status: bytes) -> None:
    async with served(files) as address:
        answer = await raw(address, framing, body)
    assert answer.split(b" ", 2)[1] == status, answer
    assert await listed(files) == (["a.gcode"] if status == b"201" else [])
    assert parts_in(files) == []


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.999])
async def test_an_upload_that_breaks_off_is_never_listed(files: RunningGateway, kept: float) -> None:
    form = HEAD + b"G1 X1\n" * 100_000 + END
    async with served(files) as address:
        await raw(address, f"Content-Length: {len(form)}\r\n", form[: int(len(form) * kept)], cut=True)
        async with asyncio.timeout(5):
            while parts_in(files):  # noqa: ASYNC110 (it waits for the disk)
                await asyncio.sleep(0.01)
        assert await listed(files) == []
        assert (await raw(address, f"Content-Length: {len(FORM)}\r\n", FORM)).split(b" ", 2)[1] == b"201"


async def test_the_limit_holds_while_the_body_arrives(tmp_path: Path, database: Database) -> None:
    """413 within the limit and what the sockets hold, though no length was announced."""
    limits = GatewaySettings(max_upload=MIB)
    async with (
        running_gateway(tmp_path / "small", database=database, limits=limits) as gateway,
        real_files(gateway),
        served(gateway) as address,
    ):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(upload_head("Transfer-Encoding: chunked\r\n") + b"%x\r\n%b\r\n" % (len(HEAD), HEAD))
        answer, sent = asyncio.create_task(reader.readline()), 0
        while not answer.done() and sent < 100 * MIB:
            writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            with contextlib.suppress(ConnectionError):  # the gateway has answered and closed; the answer is there
                await asyncio.wait_for(writer.drain(), 5)
            sent += 65536
        assert (await answer).split(b" ")[1] == b"413"
        assert sent < 20 * MIB
        assert await listed(gateway) == []
        assert parts_in(gateway) == []
        writer.close()


def resident() -> int:
    """Bytes of memory this process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


async def test_a_large_upload_and_its_download_leave_the_memory_flat(files: RunningGateway) -> None:
    size, highest = 192 * MIB, 0
    line = b"G1 X1 Y1 E1 F1200\n"
    block = line * (MIB // len(line))

    async def body() -> AsyncIterator[bytes]:
        nonlocal highest
        yield HEAD
        for _ in range(size // MIB):
            yield block
            highest = max(highest, resident())
        yield END

    headers = {"X-Api-Key": ADMIN_KEY, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    gc.collect()
    before = resident()
    async with served(files) as (host, port), httpx.AsyncClient(base_url=f"http://{host}:{port}", timeout=60) as client:
        answer = await client.post("/api/files/local", content=body(), headers=headers)
        assert answer.status_code == 201
        assert highest - before < 40 * MIB, f"{(highest - before) // MIB} MiB more"
        read = 0
        async with client.stream("GET", "/downloads/files/local/a.gcode", headers=headers) as download:
            async for chunk in download.aiter_bytes(MIB):
                read += len(chunk)
                highest = max(highest, resident())
    assert read == len(block) * (size // MIB)
    assert highest - before < 40 * MIB, f"{(highest - before) // MIB} MiB more"


async def test_a_bomb_named_gcode_stays_as_small_as_it_came(files: RunningGateway) -> None:
    """Nothing is ever unpacked: a compressed upload is refused, and one that says it is encoded is no form."""
    bomb = zlib.compress(b"0" * 50 * MIB, 9)
    gzipped = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = gzipped.compress(b"0" * 50 * MIB) + gzipped.flush()
    answer = await files.client.post("/api/files/local", files={"file": ("a.gcode", body)})
    assert (answer.status_code, "compressed" in answer.json()["error"]) == (415, True)
    headers = {"Content-Encoding": "deflate", "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    assert (await files.client.post("/api/files/local", content=bomb, headers=headers)).status_code == 400
    assert await listed(files) == []


@pytest.mark.parametrize("name", ["a.bgcode", "plate.3mf", "job.ufp"])
async def test_other_formats_are_refused_with_a_sentence_before_they_are_stored(
    files: RunningGateway, name: str
) -> None:
    answer = await files.client.post("/api/files/local", files={"file": (name, b"GCDE" * 1000)})
    assert answer.status_code == 415
    assert answer.json()["error"].endswith(("upload it again.", "upload that."))
    assert not list((files.settings.data_folder / "blobs").rglob("*"))


@pytest.mark.parametrize(
    ("userdata", "status"),
    [
        (b'{"a": {"b": [1, 2.5, null, true, "\xc3\xbc"]}}', 201),
        (b"{}", 201),
        (b"{bad", 400),
        (b"", 400),
        (b"[1]", 400),
        (b"5", 400),
        (b"null", 400),
        (b'{"a": NaN}', 400),
        (b"[" * 4000, 400),
        (b'{"a":' * 1300, 400),
        (b'{"a": "' + b"x" * 9000 + b'"}', 413),
        (b'{"a": "\xff"}', 400),
    ],
)
async def test_userdata_is_a_json_object_of_bounded_size(files: RunningGateway, userdata: bytes, status: int) -> None:
    field = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="userdata"\r\n\r\n'.encode() + userdata + b"\r\n"
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    answer = await files.client.post("/api/files/local", content=field + FORM, headers=headers)
    assert answer.status_code == status
    if status == 400 and b"\xff" not in userdata:
        assert answer.json() == {"error": "userdata contains invalid JSON"}
    assert await listed(files) == (["a.gcode"] if status == 201 else [])


@pytest.mark.parametrize("where", ["before", "behind"])
@pytest.mark.parametrize("second", ["filename", "path", "print", "select", "foldername", "other"])
async def test_a_file_part_under_another_name_is_no_field(files: RunningGateway, second: str, where: str) -> None:
    """`requests.post(…, files={"file": …, "filename": "/tmp/b.gcode"})` is a common way to send the name twice."""
    part = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{second}"; filename="{second}"\r\n\r\n'
        "../../tmp/b.gcode\r\n"
    ).encode()
    body = part + FORM if where == "before" else FORM.replace(END, b"\r\n" + part + END[2:])
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    answer = await files.client.post("/api/files/local", content=body, headers=headers)
    assert answer.status_code == 201, answer.text
    assert await listed(files) == ["a.gcode"]


async def test_two_files_are_refused_and_neither_is_listed(files: RunningGateway) -> None:
    body = FORM.replace(END, b"\r\n" + HEAD.replace(b"a.gcode", b"b.gcode") + b"G1 X9\n" + END)
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    answer = await files.client.post("/api/files/local", content=body, headers=headers)
    assert (answer.status_code, answer.json()) == (400, {"error": "Only one file can be uploaded at once"})
    assert await listed(files) == []
