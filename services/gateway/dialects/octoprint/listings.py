"""Listings made page by page while they are sent, so that no number of files fills the memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec

from services.gateway.dialects.octoprint import translate_files
from shared.contracts.files import FileList, ListFiles, PrintFile, PrintFolder

AskPage = Callable[[ListFiles], Awaitable[FileList]]

_LIMIT = 500
_NO_CHILDREN = b'{"children":[]'
_encoder = msgspec.json.Encoder()


class Listing:
    """The entries of folders as JSON. `ask` asks the owner for a page; `base` is the public address of the mount."""

    def __init__(self, ask: AskPage, base: str, *, recursive: bool, files: bool = True) -> None:
        self._ask = ask
        self._base = base
        self._recursive = recursive
        self._files = files

    async def whole(self, free: int, total: int) -> AsyncIterator[bytes]:
        """The body of a listing of everything."""
        async for piece in _enclosed(b'{"files":[', self._entries(""), b'],"free":%d,"total":%d}' % (free, total)):
            yield piece

    async def folder(self, folder: PrintFolder) -> AsyncIterator[bytes]:
        """One folder, with its children when the listing is recursive."""
        record = _encoder.encode(translate_files.folder_entry(folder, self._base))
        if not self._recursive:
            yield record
            return
        children = self._entries(folder.path)
        async for piece in _enclosed(_NO_CHILDREN[:-1], children, record[len(_NO_CHILDREN) - 1 :]):
            yield piece

    async def _entries(self, folder: str) -> AsyncIterator[bytes]:
        """What is directly in `folder`, separated by commas; a page's files are one piece."""
        after: str | None = ""
        separator = b""
        while after is not None:
            page = await self._ask(ListFiles(folder=folder, recursive=False, after=after, limit=_LIMIT))
            for entries in self._in_order(page):
                if isinstance(entries, PrintFolder):
                    yield separator
                    async for piece in self.folder(entries):
                        yield piece
                else:
                    yield separator + b",".join(entries)
                separator = b","
            after = page.next

    def _in_order(self, page: FileList) -> list[PrintFolder | list[bytes]]:
        """Folders alone and runs of files together, by name."""
        entries: list[PrintFile | PrintFolder] = [*page.folders, *(page.files if self._files else [])]
        ordered: list[PrintFolder | list[bytes]] = []
        for entry in sorted(entries, key=lambda entry: entry.path.casefold()):
            if isinstance(entry, PrintFolder):
                ordered.append(entry)
                continue
            if not ordered or not isinstance(ordered[-1], list):
                ordered.append([])
            run = ordered[-1]
            assert isinstance(run, list)
            run.append(_encoder.encode(translate_files.file_entry(entry, self._base)))
        return ordered


async def _enclosed(head: bytes, pieces: AsyncIterator[bytes], tail: bytes) -> AsyncIterator[bytes]:
    """The pieces with a head and a tail; the head does not come before there is something behind it."""
    async for piece in pieces:
        yield head + piece
        head = b""
    yield head + tail
