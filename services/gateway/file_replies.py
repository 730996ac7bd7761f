"""Answers longer than what is kept in memory: files in pieces, and bodies that are made while they are sent."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from services.gateway.dispatcher import HEAD
from services.gateway.public_address import header
from services.gateway.ranges import Wanted, wanted
from services.gateway.replies import Header
from shared.errors import NotFound

_CHUNK = 32 * 1024
_PLAIN = re.compile(r"[^A-Za-z0-9._ -]")


def attachment(name: str) -> Header:
    """`Content-Disposition` for a name of any characters (RFC 6266): plain for old clients, and as it is."""
    plain = _PLAIN.sub("_", name)
    return b"content-disposition", f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}".encode()


class FileReply:
    """A file, or the range of it that was asked for, as fast as the client reads; `tag` changes with its content."""

    def __init__(self, path: Path, size: int, tag: str, headers: list[Header]) -> None:
        self._path = path
        self._size = size
        self._tag = f'"{tag}"'
        self._headers = headers

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG002
        part = wanted(
            size=self._size,
            tag=self._tag,
            if_none_match=header(scope, b"if-none-match"),
            range_header=header(scope, b"range"),
            if_range=header(scope, b"if-range"),
        )
        start = {"type": "http.response.start", "status": part.status, "headers": self._headers_of(part)}
        if part.start == part.end or scope.get(HEAD):
            await send(start)
        else:
            await self._send(start, part, send)
        await send({"type": "http.response.body", "body": b""})

    def _headers_of(self, part: Wanted) -> list[Header]:
        headers = [
            *(self._headers if part.status in (200, 206) else []),
            (b"etag", self._tag.encode()),
            (b"accept-ranges", b"bytes"),
            (b"cache-control", b"private, no-cache"),
        ]
        if part.status == 206:
            headers.append((b"content-range", b"bytes %d-%d/%d" % (part.start, part.end - 1, self._size)))
        elif part.status == 416:
            headers.append((b"content-range", b"bytes */%d" % self._size))
        if part.status != 304:
            headers.append((b"content-length", b"%d" % (part.end - part.start)))
        return headers

    async def _send(self, start: dict[str, Any], part: Wanted, send: Any) -> None:
        file = await asyncio.to_thread(self._open, part.start)
        try:
            await send(start)
            left = part.end - part.start
            while left > 0:
                chunk = await asyncio.to_thread(file.read, min(_CHUNK, left))
                if not chunk:
                    raise OSError(f"{self._path.name} is shorter than its record")
                left -= len(chunk)
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        finally:
            await asyncio.to_thread(file.close)

    def _open(self, start: int) -> BinaryIO:
        try:
            file = self._path.open("rb", buffering=0)
        except FileNotFoundError:
            raise NotFound("The content of this file is not here") from None
        file.seek(start)
        return file


class MadeReply:
    """A JSON body made piece by piece, sent as fast as the client reads.

    When the first piece cannot be made, the error is the answer; later the connection is cut, so that nobody takes half
    a body for a whole one.
    """

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces

    async def begin(self) -> MadeReply:
        """Make the first piece now. Raises what making it raises."""
        first = await anext(self._pieces, b"")
        rest = self._pieces

        async def all_pieces() -> AsyncIterator[bytes]:
            yield first
            async for piece in rest:
                yield piece

        self._pieces = all_pieces()
        return self

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG002
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        if not scope.get(HEAD):
            async for piece in self._pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
