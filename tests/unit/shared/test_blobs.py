"""Blobs: visible only when complete and safe, kept once, and never at the price of the disk's last bytes."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from shared import blobs
from shared.blobs import BlobStore
from shared.errors import Invalid, OutOfSpace, TooLarge, Unavailable

BODY = b"G28\nG1 X10\n" * 20_000


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def put(store: BlobStore, body: bytes = BODY, piece: int = 50_000, **options: Any) -> blobs.BlobWriter:
    async with store.writer(**options) as writer:
        for start in range(0, len(body), piece):
            await writer.write(body[start : start + piece])
    return writer


@pytest.mark.parametrize("piece", [1000, 50_000, 200_000])
async def test_a_blob_is_found_under_its_digest_with_size_and_both_hashes(tmp_path: Path, piece: int) -> None:
    store = BlobStore(tmp_path)
    written = await put(store, piece=piece)
    assert written.digest == hashlib.sha256(BODY).hexdigest()
    assert written.sha1 == hashlib.sha1(BODY, usedforsecurity=False).hexdigest()
    assert written.size == len(BODY)
    assert store.path(written.digest) == tmp_path / written.digest[:2] / written.digest[2:4] / written.digest
    assert store.path(written.digest).read_bytes() == BODY
    assert list(store.digests()) == [written.digest]


async def test_the_same_bytes_are_kept_once(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    first, second = await put(store), await put(store)
    assert (first.existed, second.existed) == (False, True)
    assert len(files(tmp_path)) == 1


async def test_nothing_is_visible_before_the_end_and_nothing_is_left_of_an_upload_that_failed(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    with pytest.raises(ConnectionResetError):  # noqa: PT012
        async with store.writer() as writer:
            await writer.write(BODY)
            assert list(store.digests()) == []
            raise ConnectionResetError
    assert files(tmp_path) == []


async def test_a_cancelled_upload_leaves_nothing(tmp_path: Path) -> None:
    store, begun = BlobStore(tmp_path), asyncio.Event()

    async def slow() -> None:
        async with store.writer() as writer:
            await writer.write(BODY)
            begun.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(slow())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert files(tmp_path) == []


async def test_one_byte_over_the_limit_is_too_large_and_the_limit_itself_is_not(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    with pytest.raises(TooLarge):
        await put(store, limit=len(BODY) - 1)
    assert files(tmp_path) == []
    assert (await put(store, limit=len(BODY))).size == len(BODY)


async def test_file_and_folders_are_synced_before_the_blob_has_its_name(tmp_path: Path, monkeypatch: Any) -> None:
    steps: list[str] = []
    sync, replace = os.fsync, Path.replace

    def noting_sync(descriptor: int) -> None:
        steps.append("folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file")
        sync(descriptor)

    def noting_replace(self: Path, target: Path) -> Path:
        steps.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", noting_sync)
    monkeypatch.setattr(Path, "replace", noting_replace)
    await put(BlobStore(tmp_path))
    assert steps == ["file", "rename", "folder", "folder", "folder"]


@pytest.mark.parametrize(
    ("number", "error"), [(errno.ENOSPC, OutOfSpace), (errno.EDQUOT, OutOfSpace), (errno.EIO, Unavailable)]
)
async def test_a_sync_that_fails_accepts_nothing(
    tmp_path: Path, monkeypatch: Any, number: int, error: type[Exception]
) -> None:
    def failing(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(error):
        await put(BlobStore(tmp_path))
    assert files(tmp_path) == []


async def test_an_upload_that_would_take_the_last_space_is_refused_before_it_begins(
    tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100 << 30, 0, 100 << 20))
    store = BlobStore(tmp_path)
    with pytest.raises(OutOfSpace):
        await put(store, expected=50 << 20)
    assert (await put(store, expected=30 << 20)).size == len(BODY)


async def test_a_disk_that_fills_up_meanwhile_stops_the_upload_at_the_floor(tmp_path: Path, monkeypatch: Any) -> None:
    free = [1 << 30, 1 << 30, 10 << 20]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100 << 30, 0, free.pop(0) if len(free) > 1 else free[0]))
    with pytest.raises(OutOfSpace):
        await put(BlobStore(tmp_path), body=bytes(blobs.FLOOR), piece=1 << 20)
    assert files(tmp_path) == []


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A disk of 2 MiB, or where none can be mounted a folder whose files cannot grow while `filler` is there."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(disk)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        opened = Path.open

        def opening(self: Path, *arguments: Any, **options: Any) -> Any:
            full = self.suffix == ".part" and (disk / "filler").exists()
            return opened(Path("/dev/full") if full else self, *arguments, **options)

        monkeypatch.setattr(Path, "open", opening)
        yield disk
        return
    yield disk
    subprocess.run(["umount", disk], check=True)


async def test_a_full_disk_refuses_the_upload_and_takes_the_next_one_when_there_is_space(small_disk: Path) -> None:
    store = BlobStore(small_disk / "blobs", floor=0)
    (small_disk / "filler").write_bytes(bytes(1536 * 1024))
    with pytest.raises(OutOfSpace):
        await put(store, body=bytes(range(256)) * 4096, piece=65536)
    assert files(small_disk) == [small_disk / "filler"]
    (small_disk / "filler").unlink()
    assert (await put(store)).size == len(BODY)


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n", "/" + "0" * 63])
def test_only_a_digest_becomes_a_path(tmp_path: Path, digest: str) -> None:
    with pytest.raises(Invalid):
        BlobStore(tmp_path).path(digest)


async def test_a_deleted_blob_is_gone_for_new_readers_only(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    digest = (await put(store)).digest
    with store.path(digest).open("rb") as reading:
        assert store.delete(digest)
        assert not store.exists(digest)
        assert reading.read() == BODY
    assert not store.delete(digest)


async def test_only_old_leftovers_are_swept(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    await put(store)
    old, new = tmp_path / "parts" / "old.part", tmp_path / "parts" / "new.part"
    for part in (old, new):
        part.write_bytes(b"x")
    os.utime(old, (1, 1))
    assert store.sweep() == 1
    assert (old.exists(), new.exists(), len(list(store.digests()))) == (False, True, 1)


def test_the_space_of_a_folder_that_does_not_exist_yet_is_known(tmp_path: Path) -> None:
    free, total = BlobStore(tmp_path / "a" / "b").space()
    assert 0 < free <= total
