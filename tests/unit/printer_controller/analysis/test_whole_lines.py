"""Blocks of whole lines, whatever the file holds."""

from __future__ import annotations

import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.printer_controller.analysis.whole_lines import LONGEST_LINE, SMALLEST_BLOCK, WholeLines


class _Endless(io.RawIOBase):
    """A file of many bytes that are never in memory together."""

    def __init__(self, parts: list[tuple[bytes, int]]) -> None:
        self._parts = parts

    def read(self, size: int = -1) -> bytes:
        while self._parts and not self._parts[0][1]:
            self._parts.pop(0)
        if not self._parts:
            return b""
        byte, count = self._parts[0]
        part = byte * min(size, count)
        self._parts[0] = (byte, count - len(part))
        return part


@given(st.lists(st.binary(max_size=200).map(lambda text: text.replace(b"\n", b" ")), max_size=200))
def test_the_blocks_are_the_file_at_the_places_they_claim(lines: list[bytes]) -> None:
    content = b"\n".join(lines)
    at = 0
    for position, block in WholeLines(io.BytesIO(content), 0):
        assert position == at
        assert block.endswith(b"\n")
        assert content[at : at + len(block)] == block or (content + b"\n")[at:] == block
        at += len(block)
    assert at in (len(content), len(content) + 1)


def test_a_last_line_without_its_end_is_given_too() -> None:
    lines = WholeLines(io.BytesIO(b"G28\nG1 X1"), 9)
    assert list(lines) == [(0, b"G28\n"), (4, b"G1 X1\n")]
    assert lines.ended == 9


@pytest.mark.parametrize("length", [LONGEST_LINE + SMALLEST_BLOCK, 1_000_000, 3 * LONGEST_LINE + 1])
def test_an_overlong_line_is_left_out_and_the_next_one_is_at_its_place(length: int) -> None:
    content = b"G28\n" + b"x" * length + b"\nG1 X1\nG1 X2\n"
    lines = WholeLines(io.BytesIO(content), len(content))
    kept = list(lines)
    assert b"".join(block for _, block in kept).replace(b"x", b"") == b"G28\nG1 X1\nG1 X2\n"
    assert all(content[position : position + len(block)] == block for position, block in kept)
    assert lines.overlong == 1


def test_memory_stays_flat_over_a_line_that_never_ends() -> None:
    lines = WholeLines(_Endless([(b"x", 30_000_000), (b"\n", 2), (b"y", 30_000_000)]), 60_000_002)  # type: ignore[arg-type]
    tracemalloc.start()
    try:
        total = sum(len(block) for _, block in lines)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total < 10
    assert lines.overlong == 2
    assert lines.ended == 60_000_002
    assert peak < 3_000_000
