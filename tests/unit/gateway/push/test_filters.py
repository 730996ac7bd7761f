"""A listener's pattern chooses lines in time that grows with the line alone."""

from __future__ import annotations

import time

import pytest

from services.gateway.dialects.octoprint.push import filters

LINES = ["Send: N5 G1 X1*92", "Recv: ok", "Recv: echo:busy: processing", "Recv: Cap:EEPROM:1"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (True, LINES),
        (False, []),
        ("", LINES),
        ("^Recv", LINES[1:]),
        ("ok$", [LINES[1]]),
        ("ok|G1", LINES[:2]),
        ("^Recv: .*:.*1$", [LINES[3]]),
        ("Cap.*Recv", []),
        (r"N\d", [LINES[0]]),
        (r"[*]\d", [LINES[0]]),
        (r"\*9", [LINES[0]]),
        ("Recv: ..$", [LINES[1]]),
    ],
)
def test_a_pattern_chooses_lines(pattern: bool | str, found: list[str]) -> None:
    assert filters.chosen(LINES, filters.parse(pattern)) == found


@pytest.mark.parametrize("pattern", ["(a+)+", "a*", "a?", "a{3}", "[", "\\", r"\1", "x" * 201, 5, None, ["ok"]])
def test_what_could_take_for_ever_or_is_no_pattern_is_refused(pattern: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        filters.parse(pattern)


def test_the_same_text_is_the_same_filter() -> None:
    assert filters.parse("^Recv") == filters.parse("^Recv")
    assert len({filters.parse("^Recv"), filters.parse("^Recv"), filters.parse("^Send")}) == 2


def test_the_worst_pattern_is_done_in_no_time() -> None:
    worst = filters.parse(".*a" * 60 + "b")
    began = time.process_time()
    assert filters.chosen(["a" * 250] * 300, worst) == []
    assert time.process_time() - began < 1.0
