"""Reads a file in blocks of whole lines, in bounded memory whatever the file holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

LONGEST_LINE = 1 << 16  # bytes; what is longer is neither G-code nor a comment that anybody reads
LARGEST_BLOCK = 1 << 18
SMALLEST_BLOCK = 1 << 12
BLOCKS = 256  # of a file of middling size


class WholeLines:
    """Iterates over (position, block): each block ends with a line feed and begins at that byte of the file.

    `overlong` counts the lines that were left out for their length; `ended` is the position behind the last byte read.
    """

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._block = min(max(size // BLOCKS, SMALLEST_BLOCK), LARGEST_BLOCK)
        self.overlong = 0
        self.ended = 0

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        begins = 0
        rest = b""
        inside_overlong = False
        while chunk := self._stream.read(self._block):
            self.ended += len(chunk)
            if inside_overlong:
                _, line_feed, chunk = chunk.partition(b"\n")
                begins = self.ended - len(chunk)
                inside_overlong = not line_feed
            block = rest + chunk
            end = block.rfind(b"\n") + 1
            if end:
                yield begins, block[:end]
                begins += end
            rest = block[end:]
            if len(rest) > LONGEST_LINE:
                self.overlong += 1
                inside_overlong, rest, begins = True, b"", self.ended
        if rest:
            yield begins, rest + b"\n"
