"""How long a child that ended waits for its next start."""

from __future__ import annotations

import pytest

from services.cli.backoff import Restarts


def ended_often(times: int, lived: float = 0.1) -> Restarts:
    restarts = Restarts()
    for _ in range(times):
        restarts = restarts.ended(lived)
    return restarts


@pytest.mark.parametrize(
    ("times", "longest"), [(1, 0.2), (2, 0.4), (3, 0.8), (5, 3.2), (6, 6.4), (7, 10.0), (5000, 10.0)]
)
def test_the_delay_doubles_up_to_ten_seconds(times: int, longest: float) -> None:
    assert ended_often(times).delay(1.0) == pytest.approx(longest)
    assert ended_often(times).delay(0.0) == pytest.approx(longest / 2)


def test_half_a_minute_of_life_starts_the_count_again() -> None:
    assert ended_often(6).ended(29.9).delay(1.0) == 10.0
    assert ended_often(6).ended(30.0).delay(1.0) == 0.2
