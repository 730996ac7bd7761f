"""Lines are read as Marlin reads them."""

from __future__ import annotations

from functools import reduce
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.printer_controller.virtual_printer.parser import (
    Command,
    Refusal,
    check,
    checksum,
    split_code,
    without_comment,
    words,
)


@given(st.binary(max_size=128))
def test_the_checksum_is_the_exclusive_or_of_all_bytes(text: bytes) -> None:
    assert checksum(text) == reduce(xor, text, 0)


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        (b"G1 X1 ; to the left", b"G1 X1 "),
        (b"G1 (a corner) X1", b"G1  X1"),
        (b"  M105", b"M105"),
        (b"; only a comment", b""),
        (b"(never closed G1", b""),
        (b"G1 " + b"X" * 200, b"G1 " + b"X" * 92),
    ],
)
def test_comments_and_what_is_too_long_fall_away(line: bytes, kept: bytes) -> None:
    assert without_comment(line) == kept


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (b"N8 G1 X5*93", Command(8, "G1 X5")),
        (b"N8G1X5*93", Command(8, "G1X5")),
        (b"N8 G1 X5*12", Refusal.CHECKSUM),
        (b"N8 G1 X5", Refusal.NO_CHECKSUM),
        (b"N9 G1 X5*92", Refusal.NUMBER),
        (b"N9 G1 X5*0", Refusal.NUMBER),  # the number is looked at first
        (b"N7 G1 X5*82", Refusal.REPEATED),
        (b"N6 G1 X5*83", Refusal.REPEATED),
        (b"N5 G1 X5*80", Refusal.NUMBER),
        (b"G1 X5", Command(None, "G1 X5")),
        (b"M105*36", Command(None, "M105")),
    ],
)
def test_a_line_is_taken_or_refused_for_one_reason(line: bytes, verdict: Command | Refusal) -> None:
    body = line.rpartition(b"*")[0]
    if isinstance(verdict, Command) and verdict.number is not None:
        line = body + b"*%d" % reduce(xor, body)
    assert check(line, last=7) == verdict


@pytest.mark.parametrize(
    ("body", "number"), [(b"N0 M110 N5", 5), (b"N41 M110", 41), (b"N-1 M110", -1), (b"N3 M110 N-1", -1)]
)
def test_m110_sets_the_number_and_may_name_it_twice(body: bytes, number: int) -> None:
    verdict = check(body + b"*%d" % reduce(xor, body), last=1000)
    assert isinstance(verdict, Command)
    assert verdict.number == number


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("G1 X5", ("G1", " X5")),
        ("G01X5", ("G1", "X5")),
        ("G 28", ("G28", "")),
        ("G28.1", ("G28.1", "")),
        ("T0", ("T0", "")),
        ("g1 X5", ("", "g1 X5")),
        ("X5", ("", "X5")),
    ],
)
def test_the_code_is_told_from_its_words(text: str, split: tuple[str, str]) -> None:
    assert split_code(text) == split


def test_words_are_letters_with_or_without_numbers() -> None:
    assert words(" X5 Y-.5 Z+1.25 E F3000.") == {"X": 5.0, "Y": -0.5, "Z": 1.25, "E": None, "F": 3000.0}
