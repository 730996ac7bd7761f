"""Batches on their way to the disk: bounded, never written to a closed file, and their errors are not lost."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import blobs
from shared.blobs import BATCH, MOST_PIECES, BlobStore, BlobWriter
from shared.errors import OutOfSpace, TooLarge

WITHIN = 20.0


class Disk:
    """Holds the writing thread back until `goes_on`, and fails in it when told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.goes_on = threading.Event()
        self.reached = threading.Event()
        self.fails = False
        self.written_when_closed = False
        take = BlobWriter._take

        def held_back(writer: BlobWriter, batch: list[bytes]) -> None:
            self.reached.set()
            assert self.goes_on.wait(WITHIN)
            if self.fails:
                raise OutOfSpace("there is no space left for files")
            self.written_when_closed |= writer._file.closed
            take(writer, batch)

        monkeypatch.setattr(BlobWriter, "_take", held_back)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    disk = Disk(monkeypatch)
    yield disk
    disk.goes_on.set()


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def reached(disk: Disk) -> None:
    assert await asyncio.to_thread(disk.reached.wait, WITHIN)


async def test_no_more_than_two_batches_are_held_while_the_disk_is_slow(tmp_path: Path, disk: Disk) -> None:
    async with BlobStore(tmp_path).writer() as writer:
        await writer.write(bytes(BATCH))  # the thread has it
        waiting = asyncio.create_task(writer.write(bytes(BATCH)))
        await reached(disk)
        assert not (await asyncio.wait([waiting], timeout=0.05))[0]
        disk.goes_on.set()
        await asyncio.wait_for(waiting, WITHIN)
    assert writer.size == 2 * BATCH


async def test_many_tiny_pieces_do_not_wait_for_a_whole_batch(tmp_path: Path, disk: Disk) -> None:
    disk.goes_on.set()
    async with BlobStore(tmp_path).writer() as writer:
        for _ in range(MOST_PIECES):
            await writer.write(b"x")
        await reached(disk)


@pytest.mark.parametrize("more", [0, 1, 2], ids=["at the end", "at the next batch", "at the one after"])
async def test_what_goes_wrong_in_a_thread_is_raised_and_nothing_is_left(tmp_path: Path, disk: Disk, more: int) -> None:
    disk.fails = True
    disk.goes_on.set()
    with pytest.raises(OutOfSpace):  # noqa: PT012
        async with BlobStore(tmp_path).writer() as writer:
            for _ in range(1 + more):
                await writer.write(bytes(BATCH))
    assert files(tmp_path) == []


async def test_a_blob_whose_error_was_overheard_cannot_be_finished(tmp_path: Path, disk: Disk) -> None:
    disk.fails = True
    disk.goes_on.set()
    with pytest.raises(OutOfSpace):  # noqa: PT012
        async with BlobStore(tmp_path).writer() as writer:
            await writer.write(bytes(BATCH))
            with pytest.raises(OutOfSpace):
                await writer.write(bytes(BATCH))
            disk.fails = False
    assert files(tmp_path) == []


async def test_the_limit_is_known_before_the_disk_has_the_bytes(tmp_path: Path, disk: Disk) -> None:
    with pytest.raises(TooLarge):  # noqa: PT012
        async with BlobStore(tmp_path).writer(limit=BATCH) as writer:
            await writer.write(bytes(BATCH))
            await reached(disk)
            disk.goes_on.set()
            await writer.write(b"x")
    assert files(tmp_path) == []


@pytest.mark.parametrize("cancels", [1, 2])
async def test_a_cancel_waits_for_the_thread_and_leaves_nothing(tmp_path: Path, disk: Disk, cancels: int) -> None:
    async def upload() -> None:
        async with BlobStore(tmp_path).writer() as writer:
            for _ in range(3):
                await writer.write(bytes(BATCH))

    task = asyncio.create_task(upload())
    await reached(disk)
    for _ in range(cancels):
        task.cancel()
        await asyncio.wait([task], timeout=0.02)
    assert len(files(tmp_path)) == 1, "the thread still writes to it"
    disk.goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(WITHIN):
        while files(tmp_path):  # noqa: ASYNC110 (it waits for the disk)
            await asyncio.sleep(0.01)
    assert not disk.written_when_closed


async def test_a_long_blob_is_on_its_way_to_the_disk_before_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[tuple[int, int]] = []
    monkeypatch.setattr(blobs, "_start_writing", lambda _, start, size: begun.append((start, size)))
    async with BlobStore(tmp_path).writer() as writer:
        for _ in range(2 * blobs.ON_ITS_WAY // BATCH):
            await writer.write(bytes(BATCH))
    assert begun == [(0, blobs.ON_ITS_WAY), (blobs.ON_ITS_WAY, blobs.ON_ITS_WAY)]


def test_the_kernel_takes_the_wish_to_write_early(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    os.write(descriptor, bytes(BATCH))
    blobs._start_writing(descriptor, 0, BATCH)
    os.close(descriptor)
    if blobs._sync_file_range is not None:
        assert blobs._sync_file_range(-1, 0, BATCH, blobs._WRITE) == -1, "it is the real call: no such file"
