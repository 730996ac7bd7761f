"""Files by digest: a blob is complete and on the disk before anybody can see it, and the same bytes are kept once."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import re
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

from shared.errors import Invalid, OutOfSpace, TooLarge, Unavailable
from shared.identifiers import new_id

FLOOR = 64 * 1024 * 1024  # bytes that stay free for the databases, which must go on when uploads cannot
IN_THREAD = 64 * 1024  # bytes; smaller pieces are hashed faster than a thread is reached
STALE_PARTS = 24 * 3600.0  # seconds
_DIGEST = re.compile(r"[0-9a-f]{64}")
_FULL = (errno.ENOSPC, errno.EDQUOT)
_PARTS = "parts"


class BlobWriter:
    """Takes the pieces of one blob; `digest`, `sha1` (both hex) and `size` are valid after the block has ended."""

    def __init__(self, store: BlobStore, file: IO[bytes], part: Path, limit: int | None) -> None:
        self.digest = ""
        self.sha1 = ""
        self.size = 0
        self.existed = False
        self._store, self._file, self._part, self._limit = store, file, part, limit
        self._sha256, self._sha1 = hashlib.sha256(), hashlib.sha1(usedforsecurity=False)
        self._checked = 0

    async def write(self, piece: bytes) -> None:
        """Append. Raises `TooLarge` over the limit, `OutOfSpace` before the disk is full."""
        self.size += len(piece)
        if self._limit is not None and self.size > self._limit:
            raise TooLarge(f"the file is larger than {self._limit} bytes", detail={"limit": self._limit})
        if len(piece) < IN_THREAD:
            self._take(piece)
        else:
            await asyncio.to_thread(self._take, piece)

    def _take(self, piece: bytes) -> None:
        if self.size - self._checked >= FLOOR // 4:
            self._store.require_space(0)
            self._checked = self.size
        self._sha256.update(piece)
        self._sha1.update(piece)
        with _disk_errors():
            self._file.write(piece)

    def finish(self) -> None:
        """Make the blob safe, then visible. Called once by the store, in a thread."""
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
            await asyncio.to_thread(writer.finish)
        finally:
            with contextlib.suppress(OSError):
                file.close()
            part.unlink(missing_ok=True)

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


def _sync_folder(folder: Path) -> None:
    """A name is safe only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
