"""Durations as slicers write them."""

from __future__ import annotations

import pytest

from services.printer_controller.analysis.durations import seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1d 2h 3m 4s", 93_784.0),
        ("1h 15m 12s", 4_512.0),
        ("9m 46s ", 586.0),
        ("45s", 45.0),
        ("1 hour 2 minutes", 3_720.0),
        ("0 hours 34 minutes", 2_040.0),
        ("2 days 1 hour 0 minutes 5 seconds", 176_405.0),
        ("01:20:05", 4_805.0),
        ("12:34", 754.0),
        ("4512", 4_512.0),
        ("4512.7", 4_512.7),
        ("12s\r", 12.0),
    ],
)
def test_every_slicers_way_of_writing_a_time_is_read(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "0", "0s", "-5", "99999999999999", "9" * 10_000, "1e9", "inf", "nan"])
def test_what_is_no_time_that_a_print_could_take_is_none(text: str) -> None:
    assert seconds_of(text) is None
