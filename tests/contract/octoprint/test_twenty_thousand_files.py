"""Twenty thousand files are listed whole, page by page, in bounded memory."""

from __future__ import annotations

import gc
import time
from pathlib import Path

import httpx
import msgspec
from sqlalchemy import insert

from services.printer_controller import file_names
from services.printer_controller.models import FileRow, FolderRow
from tests.support.gateway import ADMIN_KEY, RunningGateway, served
from tests.support.real_files import real_files

COUNT = 20_000
FOLDERS = 50
MIB = 1024 * 1024
HEADERS = {"X-Api-Key": ADMIN_KEY}


def file_row(path: str) -> dict[str, object]:
    row = FileRow(
        key=file_names.key(path), path=path, folder_key=file_names.key(file_names.parent(path)),
        name=file_names.last(path), display=file_names.last(path), digest="a" * 64, size=1, sha1="b" * 40, date=1,
    )  # fmt: skip
    return row.model_dump()


def folder_row(path: str) -> dict[str, object]:
    return FolderRow(key=file_names.key(path), path=path, folder_key="", name=path, display=path, date=1).model_dump()


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def test_twenty_thousand_files_are_listed_flat_and_as_a_tree(gateway: RunningGateway) -> None:
    half = COUNT // 2
    async with real_files(gateway) as fleet, served(gateway) as (host, port):
        async with fleet.shop.store.transaction() as tx:
            await tx.execute(insert(FolderRow), [folder_row(f"folder {number:02}") for number in range(FOLDERS)])
            rows = [file_row(f"Part {number:05}.gcode") for number in range(half)]
            rows += [file_row(f"folder {number % FOLDERS:02}/Piece {number:05}.gcode") for number in range(half)]
            await tx.execute(insert(FileRow), rows)
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}", headers=HEADERS, timeout=60) as client:
            gc.collect()
            before, highest, took = resident(), 0, {}
            for recursive in ("true", "false"):
                began, body = time.monotonic(), bytearray()
                async with client.stream("GET", "/api/files", params={"recursive": recursive}) as answer:
                    async for chunk in answer.aiter_bytes():
                        body += chunk
                        highest = max(highest, resident() - len(body))
                took[recursive] = time.monotonic() - began
                listed = msgspec.json.decode(body)["files"]
                files = [entry for entry in listed if entry["type"] == "machinecode"]
                folders = [entry for entry in listed if entry["type"] == "folder"]
                assert (len(files), len(folders)) == (half, FOLDERS)
                assert {folder["size"] for folder in folders} == {half // FOLDERS}
                children = sum(len(folder["children"]) for folder in folders)
                assert children == (half if recursive == "true" else 0)
                del body, listed, files, folders
    assert highest - before < 48 * MIB, f"{(highest - before) // MIB} MiB more"
    assert max(took.values()) < 30, took
    print(f"listed in {took}")
