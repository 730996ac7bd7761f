"""A file of any kind and size is read in small pieces, and nothing of it but commands comes out."""

from __future__ import annotations

import asyncio
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.printer_controller.print_lines import AHEAD, PrintLines, Splitter


def split(content: bytes, chunk: int = 16384) -> tuple[list[tuple[bytes, int, int]], str | None]:
    splitter = Splitter()
    entries = []
    for at in range(0, len(content), chunk):
        if splitter.error is None:
            entries += splitter.feed(content[at : at + chunk])
    entries += splitter.finish()
    return entries, splitter.error


def test_commands_come_with_their_line_and_the_position_behind_it():
    assert split(b"; head\n\nG28\r\nG1 X1 ; move\n  M104 S1  \nG1 X2") == (
        [(b"G28", 3, 13), (b"G1 X1", 4, 26), (b"M104 S1", 5, 38), (b"G1 X2", 6, 43)],
        None,
    )


@given(
    st.lists(st.sampled_from([b"G1 X1", b"G28 ; c", b"", b"; c\xc3\xa9", b"M117 \xc3\xa9", b"N5 G1*3"])),
    st.integers(1, 40),
)
def test_the_size_of_the_chunks_makes_no_difference(lines, chunk):
    content = b"\n".join(lines)
    assert split(content, chunk) == split(content)


@given(st.binary(max_size=2000), st.integers(1, 100))
def test_whatever_a_file_holds_only_printable_commands_come_out(content, chunk):
    entries, _ = split(content, chunk)
    for text, line, position in entries:
        assert text
        assert len(text) <= 256
        assert all(0x20 <= byte < 0x7F or byte == 9 for byte in text)
        assert content[:position].count(b"\n") in (line, line - 1)


def test_a_line_of_ten_megabytes_is_an_error_and_never_kept():
    entries, error = split(b"G28\n" + b"G1 X" + b"1" * 10_000_000 + b"\nG1 X2\n")
    assert entries == [(b"G28", 1, 4)]
    assert error == "line 2 of the file cannot be printed: it is longer than 256 bytes"


def test_a_comment_of_ten_megabytes_is_only_a_comment():
    content = b"G28 ;" + b"x" * 10_000_000 + b"\nG1 X2\n"
    assert split(content) == ([(b"G28", 1, len(content) - 6), (b"G1 X2", 2, len(content))], None)
    assert split(b"G28 ;" + b"x" * 100_000) == ([(b"G28", 1, 100_005)], None)


def test_spaces_without_end_are_no_command():
    assert split(b" " * 100_000 + b"G28\n") == ([(b"G28", 1, 100_004)], None)


def test_control_bytes_end_the_file_with_the_line():
    entries, error = split(b"G28\nG1 X1\n\x00\x01\nG1 X2\n")
    assert [text for text, _, _ in entries] == [b"G28", b"G1 X1"]
    assert error == "line 3 of the file cannot be printed: it holds control bytes: this is not G-code"


async def _all(lines: PrintLines, more: asyncio.Event) -> list[bytes]:
    texts = []
    while True:
        entry = lines.take()
        if entry is not None:
            texts.append(entry[0])
        elif lines.ended or lines.error:
            return texts
        else:
            more.clear()
            await asyncio.wait_for(more.wait(), 5)


async def test_a_file_is_read_to_its_end(tmp_path):
    path = tmp_path / "file.gcode"
    path.write_bytes(b"".join(b"G1 X%d\n" % number for number in range(20_000)))
    more = asyncio.Event()
    assert await _all(PrintLines(path, more.set), more) == [b"G1 X%d" % number for number in range(20_000)]


async def test_memory_stays_flat_however_long_the_file_is(tmp_path):
    path = tmp_path / "file.gcode"
    with path.open("wb") as file:
        for _ in range(4):
            file.write(b"G1 X1.234 Y5.678 E0.123\n" * 43_690)
    more = asyncio.Event()
    lines = PrintLines(path, more.set)
    tracemalloc.start()
    count = 0
    while not lines.ended:
        if lines.take() is None:
            more.clear()
            await asyncio.wait_for(more.wait(), 5)
        count += 1
        assert len(lines._ready) < AHEAD + 16384 // 2
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count > 170_000
    assert peak < 2_000_000


async def test_a_missing_file_is_an_error(tmp_path):
    more = asyncio.Event()
    lines = PrintLines(tmp_path / "none", more.set)
    await asyncio.wait_for(more.wait(), 5)
    assert lines.error == "the file cannot be read: No such file or directory"
    assert lines.take() is None


async def test_a_closed_file_gives_nothing_more(tmp_path):
    path = tmp_path / "file.gcode"
    path.write_bytes(b"G28\n")
    lines = PrintLines(path, lambda: None)
    lines.close()
    await asyncio.sleep(0.05)
    assert lines.take() is None
    assert lines.ended


@pytest.mark.parametrize("content", [b"", b"\n\n\n", b"; only\n; comments"])
async def test_a_file_without_a_command_ends_at_once(tmp_path, content):
    path = tmp_path / "file.gcode"
    path.write_bytes(content)
    more = asyncio.Event()
    assert await _all(PrintLines(path, more.set), more) == []
