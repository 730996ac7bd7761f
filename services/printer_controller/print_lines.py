"""The lines of a print file, read in small chunks ahead of the print, so that no file is ever in memory as a whole."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from services.printer_controller import denied as deny
from services.printer_controller.gcode import LONGEST_COMMAND, BadLine, command_of

Entry = tuple[bytes, int, int]  # the command, its line in the file from 1, the position in bytes behind that line

CHUNK = 16 * 1024  # bytes: half a millisecond of work for the loop
AHEAD = 600  # lines: reading goes on when fewer are left
LONGEST_REST = 4096  # bytes of an unfinished line that are kept

_SAFE = bytes(range(0x20, 0x7F)) + b"\t\r\n"
_G = ord("G")


class Splitter:
    """Cuts chunks into commands. Lines that must not be sent end it: `error` then says why, with the line number.

    Such are lines that hold one of the commands `denied`, in their form of `denied.commands_in`.
    """

    def __init__(self, denied: frozenset[bytes] = deny.NOTHING) -> None:
        self.error: str | None = None
        self._denied = denied
        self._line = 0
        self._position = 0
        self._rest = b""
        self._left_out = 0  # bytes of the unfinished line that are not kept: a long comment, spaces

    def feed(self, chunk: bytes) -> list[Entry]:
        """The commands that became complete with `chunk`."""
        pieces = (self._rest + chunk).split(b"\n")
        safe = not chunk.translate(None, _SAFE) and not self._rest.translate(None, _SAFE)
        self._rest = pieces.pop()
        self._position += self._left_out if pieces else 0
        self._left_out = 0 if pieces else self._left_out
        entries = self._entries(pieces, safe)
        if len(self._rest) > LONGEST_REST and self.error is None:
            self._squeeze()
        return entries

    def finish(self) -> list[Entry]:
        """The command of a last line without newline."""
        pieces = [self._rest] if self._rest else []
        self._position += self._left_out - 1 if pieces else 0
        self._rest = b""
        return self._entries(pieces, safe=False) if self.error is None else []

    def _entries(self, pieces: list[bytes], safe: bool) -> list[Entry]:
        entries: list[Entry] = []
        line, position = self._line, self._position
        for piece in pieces:
            line += 1
            position += len(piece) + 1
            text = piece.partition(b";")[0].strip() if b";" in piece else piece.strip()
            if not text:
                continue
            if not safe or text[0] != _G or len(text) > LONGEST_COMMAND:
                try:
                    text = command_of(text)
                except BadLine as reason:
                    self.error = f"line {line} of the file cannot be printed: {reason}"
                    break
                if not text:
                    continue
            if self._denied and (text[0] != _G or b"M" in text or b"m" in text):
                found = deny.find(text, self._denied)
                if found is not None:
                    self.error = deny.in_file(line, found)
                    break
            entries.append((text, line, position))
        self._line, self._position = line, position
        return entries

    def _squeeze(self) -> None:
        """Forget what is not needed of a long unfinished line; a command that long is an error already now."""
        head, semicolon, _ = self._rest.partition(b";")
        kept = head.strip() + (semicolon or b" ")
        if len(kept) > LONGEST_COMMAND + 1:
            self.error = (
                f"line {self._line + 1} of the file cannot be printed: it is longer than {LONGEST_COMMAND} bytes"
            )
        self._left_out += len(self._rest) - len(kept)
        self._rest = kept


class PrintLines:
    """The commands of one file. `take` never waits: `on_more` is called when there are lines again, or the end.

    Made and used in a running event loop; the file is opened and read in its executor.
    """

    def __init__(self, path: Path, on_more: Callable[[], None], denied: frozenset[bytes] = deny.NOTHING) -> None:
        self.error: str | None = None
        self._path = path
        self._on_more = on_more
        self._splitter = Splitter(denied)
        self._ready: deque[Entry] = deque()
        self._file: BinaryIO | None = None
        self._reading: asyncio.Future[bytes] | None = None
        self._read_all = False
        self._closed = False
        self._read_on()

    def take(self) -> Entry | None:
        """The next command, or None: then it is `ended`, has an `error`, or `on_more` will be called."""
        ready = self._ready
        if len(ready) < AHEAD and self._reading is None and not self._read_all:
            self._read_on()
        return ready.popleft() if ready else None

    @property
    def ended(self) -> bool:
        """Whether every line was taken."""
        return self._read_all and not self._ready

    def close(self) -> None:
        """Read no further and close the file, at the latest when the read under way returns."""
        self._closed = self._read_all = True
        self._ready.clear()
        if self._reading is None:
            self._close_file()

    def _read_on(self) -> None:
        self._reading = asyncio.get_running_loop().run_in_executor(None, self._read)
        self._reading.add_done_callback(self._took)

    def _read(self) -> bytes:
        if self._file is None:
            self._file = self._path.open("rb", buffering=0)
        return self._file.read(CHUNK)

    def _took(self, reading: asyncio.Future[bytes]) -> None:
        self._reading = None
        if self._closed or reading.cancelled():
            self._close_file()
            return
        try:
            chunk = reading.result()
        except OSError as error:
            self._end(f"the file cannot be read: {error.strerror or error}")
        else:
            self._ready.extend(self._splitter.feed(chunk) if chunk else self._splitter.finish())
            if not chunk or self._splitter.error:
                self._end(self._splitter.error)
            elif not self._ready:
                self._read_on()
        if self._ready or self._read_all:
            self._on_more()

    def _end(self, error: str | None) -> None:
        self.error = error
        self._read_all = True
        self._close_file()

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
