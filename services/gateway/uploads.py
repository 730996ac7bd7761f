"""Multipart uploads: the file streams into the blob store while it arrives, hashed on the way, never held in memory.

Nothing in a request names a file of ours: what was streamed is the file, and only the listed fields are looked at.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,
)

from shared.blobs import BlobStore
from shared.errors import Invalid, TooLarge

FIELDS = frozenset({"path", "select", "print", "userdata", "filename", "foldername", "noOverwrite"})
FILE = "file"
MOST_PARTS = 64
LARGEST_FIELD = 64 * 1024
_LARGEST_HEADER = 8 * 1024
_LONGEST_BOUNDARY = 200
_LONGEST_DELIMITER = _LONGEST_BOUNDARY + len("\r\n----\r\n")
_ENCODED_NAME = re.compile(r";\s*filename\*\s*=\s*([^;\s]+)", re.IGNORECASE)
_CHARSETS = {"utf-8": "utf-8", "iso-8859-1": "latin-1", "us-ascii": "ascii"}

NameCheck = Callable[[str], None]


@dataclass
class StoredBlob:
    """What came in as the file: its name as the client sent it, SHA-256 and SHA-1 in hex, bytes."""

    name: str
    digest: str
    sha1: str
    size: int


@dataclass
class Upload:
    """A form: the documented fields (the last of a name counts) and the file, if there was one."""

    fields: dict[str, str] = field(default_factory=dict)
    file: StoredBlob | None = None


def boundary_of(content_type: str) -> str:
    """The boundary of a multipart form, quoted or not. Raises `Invalid` when there is none."""
    media_type, options = parse_options_header(content_type)
    boundary = str(options.get("boundary", ""))
    if media_type != "multipart/form-data" or not 0 < len(boundary) <= _LONGEST_BOUNDARY or not boundary.isprintable():
        raise Invalid("The body must be a multipart form with a boundary", code="no_form")
    return boundary


async def receive(
    body: AsyncIterable[bytes], content_type: str, blobs: BlobStore, *, limit: int, check_name: NameCheck
) -> Upload:
    """Read a whole form. `check_name` may refuse the file's name before its bytes are stored.

    Raises `Invalid` for a broken or cut form or a second file, `TooLarge` over `limit` bytes of file; then nothing is
    left in the store but blobs nobody uses, which the sweep takes.
    """
    form = _Form(blobs, limit, check_name)
    async with AsyncExitStack() as stack:
        form.stack = stack
        with _parsing():
            parser = PushMultipartParser(
                boundary_of(content_type), max_header_size=_LARGEST_HEADER, max_segment_count=MOST_PARTS
            )
            holds_nothing = False  # of the chunk before, that the next one could complete to a boundary
            async for chunk in body:
                if holds_nothing and form.in_file and b"\r" not in chunk:
                    await form.take(chunk)  # a boundary begins with CR LF, and G-code mostly has none
                    continue
                for event in parser.parse(chunk):
                    await form.take(event)
                if parser.closed:
                    break
                holds_nothing = len(chunk) >= _LONGEST_DELIMITER and b"\r" not in chunk[-_LONGEST_DELIMITER:]
            parser.close()
    return form.upload


class _Form:
    """Sorts the parser's events: where the bytes of the part that is being read go."""

    def __init__(self, blobs: BlobStore, limit: int, check_name: NameCheck) -> None:
        self.upload = Upload()
        self.stack = AsyncExitStack()
        self._blobs = blobs
        self._limit = limit
        self._check_name = check_name
        self._field = ""
        self._text = bytearray()
        self._writer: Any = None
        self._file_name = ""
        self._file_stack: AsyncExitStack | None = None

    @property
    def in_file(self) -> bool:
        """Whether what comes next belongs to the file, up to the next boundary."""
        return self._writer is not None

    async def take(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        """A part begins, some bytes of it, or (None) it ends."""
        if event is None:
            await self._end()
        elif isinstance(event, MultipartSegment):
            await self._begin(event)
        elif self._writer is not None:
            await self._writer.write(bytes(event))
        elif self._field:
            self._text += event
            if len(self._text) > LARGEST_FIELD:
                raise TooLarge(f"A field can have at most {LARGEST_FIELD} bytes")

    async def _begin(self, part: MultipartSegment) -> None:
        self._text.clear()
        name = file_name(part)
        if part.name != FILE or name is None:
            # A file under another name is no field, as in OctoPrint: some clients send the name as a file `filename`.
            self._field = part.name if name is None and part.name in FIELDS else ""
            return
        if self.upload.file is not None:
            raise Invalid("Only one file can be uploaded at once", code="two_files")
        self._check_name(self.upload.fields.get("filename") or name)
        self._file_name = name
        self._file_stack = await self.stack.enter_async_context(AsyncExitStack())
        self._writer = await self._file_stack.enter_async_context(self._blobs.writer(limit=self._limit))

    async def _end(self) -> None:
        field_name, self._field = self._field, ""
        if self._file_stack is not None:
            writer, self._writer = self._writer, None
            stack, self._file_stack = self._file_stack, None
            await stack.aclose()
            self.upload.file = StoredBlob(self._file_name, writer.digest, writer.sha1, writer.size)
        elif field_name:
            self.upload.fields[field_name] = _text(bytes(self._text))


def file_name(part: MultipartSegment) -> str | None:
    """The name of an uploaded file: `filename*` (RFC 5987, as RFC 6266 prefers it), else `filename`."""
    match = _ENCODED_NAME.search(str(part.header("Content-Disposition") or ""))
    if match:
        charset, _, rest = match[1].strip('"').partition("'")
        encoded = rest.partition("'")[2]
        codec = _CHARSETS.get(charset.lower())
        if codec and encoded:
            try:
                return unquote_to_bytes(encoded).decode(codec)
            except UnicodeDecodeError:
                raise Invalid("The file name cannot be decoded", code="bad_name") from None
    plain: str | None = part.filename
    return plain


def is_true(fields: Mapping[str, str], name: str) -> bool:
    """Whether a form field says yes, in OctoPrint's words: true, yes, y and 1."""
    return fields.get(name, "").strip().lower() in {"true", "yes", "y", "1"}


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Invalid("A field is not UTF-8", code="bad_field") from None


@contextmanager
def _parsing() -> Iterator[None]:
    try:
        yield
    except MultipartError:
        raise Invalid("The form is broken or was cut off", code="bad_form") from None
