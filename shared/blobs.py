"""Files by digest: a blob is complete and on the disk before anybody can see it, and the same bytes are kept once."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import hashlib
import os
import re
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

from shared.errors import Invalid, OutOfSpace, TooLarge, Unavailable
from shared.identifiers import new_id

FLOOR = 64 * 1024 * 1024  # bytes that stay free for the databases, which must go on when uploads cannot
BATCH = 512 * 1024  # bytes that go to the threads at once: while those hash and write, the next ones arrive
ON_ITS_WAY = 8 * 1024 * 1024  # bytes after which the disk is set to work, so that the last sync has little left to do
MOST_PIECES = 1024  # in a batch, so that many tiny ones take no memory
STALE_PARTS = 24 * 3600.0  # seconds
_DIGEST = re.compile(r"[0-9a-f]{64}")
_FULL = (errno.ENOSPC, errno.EDQUOT)
_PARTS = "parts"
_sync_file_range: Any = getattr(ctypes.CDLL(None), "sync_file_range", None)
_WRITE = 2  # SYNC_FILE_RANGE_WRITE of sync_file_range(2): begin, do not wait
if _sync_file_range is not None:
    _sync_file_range.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)


class BlobWriter:
    """Takes the pieces of one blob; `digest`, `sha1` (both hex) and `size` are valid after the block has ended.

    Two threads take one batch of pieces, each for one of the hashes, while the next is collected: a writer holds two.
    """

    def __init__(self, store: BlobStore, file: IO[bytes], part: Path, limit: int | None) -> None:
        self.digest = ""
        self.sha1 = ""
        self.size = 0
        self.existed = False
        self._store, self._file, self._part, self._limit = store, file, part, limit
        self._sha256, self._sha1 = hashlib.sha256(), hashlib.sha1(usedforsecurity=False)
        self._taken = self._checked = self._on_its_way = 0
        self._waiting: list[bytes] = []
        self._waiting_size = 0
        self._in_threads: list[asyncio.Future[None]] = []

    async def write(self, piece: bytes) -> None:
        """Append. Raises `TooLarge` at the first byte over the limit; what is wrong with the disk, two batches later.

        That is `OutOfSpace` before the disk is full, else `Unavailable`; after either the blob cannot be finished.
        """
        self.size += len(piece)
        if self._limit is not None and self.size > self._limit:
            raise TooLarge(f"the file is larger than {self._limit} bytes", detail={"limit": self._limit})
        self._waiting.append(piece)
        self._waiting_size += len(piece)
        if self._waiting_size >= BATCH or len(self._waiting) >= MOST_PIECES:
            await self._hand_over()

    async def finish(self) -> None:
        """Make the blob safe, then visible. Called once, by the store."""
        await self._hand_over()
        await self._settled()
        self._start(self._complete)
        await self._settled()

    async def close(self) -> None:
        """Leave nothing of an unfinished blob; the file stays open until no thread writes to it."""
        if self._in_threads:
            await asyncio.gather(*self._in_threads, return_exceptions=True)
        with contextlib.suppress(OSError):
            self._file.close()
        self._part.unlink(missing_ok=True)

    async def _hand_over(self) -> None:
        """Give the threads what waits, as soon as they have ended with the batch before."""
        await self._settled()
        batch, self._waiting, self._waiting_size = self._waiting, [], 0
        self._start(partial(self._take, batch), partial(self._take_for_sha1, batch))

    async def _settled(self) -> None:
        """Wait for the threads and raise what went wrong there, also each time after; no cancel reaches them."""
        if self._in_threads:
            await asyncio.wait(self._in_threads)
            for each in self._in_threads:
                each.result()

    def _start(self, *work: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        self._in_threads = [loop.run_in_executor(None, each) for each in work]

    def _take_for_sha1(self, batch: list[bytes]) -> None:
        for piece in batch:
            self._sha1.update(piece)

    def _take(self, batch: list[bytes]) -> None:
        for piece in batch:
            self._taken += len(piece)
            if self._taken - self._checked >= FLOOR // 4:
                self._store.require_space(0)
                self._checked = self._taken
            self._sha256.update(piece)
            with _disk_errors():
                self._file.write(piece)
        if self._taken - self._on_its_way >= ON_ITS_WAY:
            with _disk_errors():
                self._file.flush()
                _start_writing(self._file.fileno(), self._on_its_way, self._taken - self._on_its_way)
            self._on_its_way = self._taken

    def _complete(self) -> None:
        self.digest, self.sha1 = self._sha256.hexdigest(), self._sha1.hexdigest()
        target = self._store.path(self.digest)
        with _disk_errors():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self.existed = target.exists()
            target.parent.mkdir(parents=True, exist_ok=True)
            self._part.replace(target)
            for folder in (target.parent, target.parent.parent, self._store.folder):
                _sync_folder(folder)


class BlobStore:
    """The blobs below `folder`, two levels deep by the first four digits of their SHA-256."""

    def __init__(self, folder: Path, *, floor: int = FLOOR) -> None:
        self.folder = folder
        self.floor = floor

    @asynccontextmanager
    async def writer(self, *, limit: int | None = None, expected: int = 0) -> AsyncIterator[BlobWriter]:
        """Take in one blob of at most `limit` bytes; nothing is left of it when the block raises.

        Raises `OutOfSpace` at once when `expected` bytes would not leave the floor free.
        """
        await asyncio.to_thread(self.require_space, expected)
        part = self.folder / _PARTS / f"{new_id()}.part"
        with _disk_errors():
            part.parent.mkdir(parents=True, exist_ok=True)
            file = part.open("wb")
        writer = BlobWriter(self, file, part, limit)
        try:
            yield writer
            await writer.finish()
        finally:
            await asyncio.shield(writer.close())

    def path(self, digest: str) -> Path:
        """Where the blob is or would be. Raises `Invalid` for anything but 64 lower-case hexadecimal digits."""
        if not _DIGEST.fullmatch(digest):
            raise Invalid("that is no SHA-256 digest", code="bad_digest")
        return self.folder / digest[:2] / digest[2:4] / digest

    def exists(self, digest: str) -> bool:
        """Whether the blob is here."""
        return self.path(digest).is_file()

    def delete(self, digest: str) -> bool:
        """Remove the blob; whether it was here. Who reads it at the moment reads on to its end."""
        path = self.path(digest)
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        _sync_folder(path.parent)
        return True

    def digests(self) -> Iterator[str]:
        """The digests of all blobs, in no order."""
        for path in self.folder.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*"):
            if _DIGEST.fullmatch(path.name):
                yield path.name

    def sweep(self, older_than: float = STALE_PARTS) -> int:
        """Remove what interrupted uploads left, when it is older than that many seconds; how many there were."""
        gone = 0
        for part in (self.folder / _PARTS).glob("*.part"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - part.stat().st_mtime > older_than:
                    part.unlink()
                    gone += 1
        return gone

    def space(self) -> tuple[int, int]:
        """Free and total bytes of the disk."""
        folder = next(each for each in (self.folder, *self.folder.absolute().parents) if each.exists())
        usage = shutil.disk_usage(folder)
        return usage.free, usage.total

    def require_space(self, size: int) -> None:
        """Raises `OutOfSpace` unless `size` bytes more would leave the floor free."""
        free, total = self.space()
        if free - size < min(self.floor, total // 20):
            raise OutOfSpace("there is no space left for files", detail={"free": free, "size": size})


@contextlib.contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise OutOfSpace("there is no space left for files") from error
        raise Unavailable(f"the file store failed: {error.strerror or error}", code="file_store_failed") from error


def _start_writing(descriptor: int, start: int, size: int) -> None:
    """Have the kernel write these bytes now, without waiting; where it has no such call (Linux has) they go later."""
    if _sync_file_range is not None:
        _sync_file_range(descriptor, start, size, _WRITE)


def _sync_folder(folder: Path) -> None:
    """A name is safe only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
