"""Ids and answers of messages that were decided by a state in memory: a repeat gets the same answer and does nothing.

They are kept in a file that only grows, one line each, written at once: it outlives this process however that ends, but
not a power cut, and by then the state is gone as well. What a broker or an asker repeats is seconds old; of more than
`keep` messages the oldest are forgotten.
"""

from __future__ import annotations

import errno
import logging
import os
from datetime import datetime
from pathlib import Path

import msgspec

from shared import inbox
from shared.errors import JobError, OutOfSpace, Unavailable
from shared.inbox import Recorded

LOG = logging.getLogger(__name__)

KEEP = 20_000
_FULL = (errno.ENOSPC, errno.EDQUOT)


class _Line(msgspec.Struct):
    """One line: `answer` as the inbox has it."""

    id: str
    refused: bool
    at: datetime
    answer: msgspec.Raw = msgspec.Raw(b"null")


class Answered:
    """One process's own; `path` is the file, beside it stands the one before. Nothing is opened before it is needed."""

    def __init__(self, path: Path, keep: int = KEEP) -> None:
        self._path = path
        self._before = path.with_suffix(".before" + path.suffix)
        self._half = max(1, keep // 2)
        self._newer: dict[str, Recorded] = {}
        self._older: dict[str, Recorded] = {}
        self._file: int | None = None
        self._size = 0

    def find(self, message_id: str | None) -> Recorded | None:
        """What was answered to this message; None for a new one, and for one without an id. Raises as `note`."""
        if message_id is None:
            return None
        if self._file is None:
            try:
                self._open()
            except OSError as error:
                raise _said(error) from error
        return self._newer.get(message_id) or self._older.get(message_id)

    def note(self, message_id: str, answer: msgspec.Struct | JobError | None, now: datetime) -> None:
        """Keep the answer to a message. Raises `OutOfSpace` or `Unavailable`; then it is not kept."""
        row = inbox.row(message_id, answer, now)
        recorded = Recorded(row["answer"], row["refused"])
        line = _Line(message_id, recorded.refused, now, msgspec.Raw(recorded.answer or b"null"))
        self._append(msgspec.json.encode(line) + b"\n")
        self._newer[message_id] = recorded

    def _append(self, line: bytes) -> None:
        try:
            if self._file is None or len(self._newer) >= self._half:
                self._open()
            assert self._file is not None
            written = os.write(self._file, line)
            if written < len(line):
                os.ftruncate(self._file, self._size)
                raise OSError(errno.ENOSPC, "a line was cut short")
        except OSError as error:
            raise _said(error) from error
        self._size += written

    def _open(self) -> None:
        """Read what an earlier process left, or turn the page."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._older, self._newer = _read(self._before), _read(self._path)
        if len(self._newer) >= self._half:
            if self._file is not None:
                os.close(self._file)
                self._file = None
            self._path.replace(self._before)
            self._older, self._newer = self._newer, {}
        if self._file is None:
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            self._size = os.fstat(self._file).st_size


def _said(error: OSError) -> JobError:
    if error.errno in _FULL:
        return OutOfSpace("the disk is full; nothing was stored")
    return Unavailable(f"the file of answers cannot be used: {error.strerror}", code="answers_unusable")


def _read(path: Path) -> dict[str, Recorded]:
    """The answers in a file. A line cut short by a power cut is left out, and cut off, so that none is added to it."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        os.truncate(path, len(whole))
    decoder, found = msgspec.json.Decoder(_Line), {}
    for line in whole.splitlines():
        try:
            read = decoder.decode(line)
        except (msgspec.MsgspecError, ValueError):
            LOG.warning("%s: a line cannot be understood", path.name)
            continue
        answer = bytes(read.answer)
        found[read.id] = Recorded(None if answer == b"null" else answer, read.refused)
    return found
