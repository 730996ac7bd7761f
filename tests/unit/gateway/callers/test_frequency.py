"""How often an address may ask: the windows, and that they are counted for each address alone."""

from __future__ import annotations

import pytest

from services.gateway.callers.frequency import ADDRESSES, Frequency, wait_for
from shared.errors import Refused
from tests.support.clock import ManualClock


@pytest.mark.parametrize(
    ("times", "now", "wait"),
    [
        ([], 0, 0),
        ([0, 1], 2, 0),
        ([0, 1, 2], 3, 57),
        ([0, 1, 2], 60, 0),
        ([0, 1, 2, 70, 140], 201, 399),
        ([0, 1, 2, 70, 140], 600, 0),
        ([0, 700, 1400, 2100, 2200, 2300, 2800, 2900, 3000, 3500], 3599, 1),
    ],
)
def test_each_window_lets_so_many_through_and_then_says_how_long(times: list[float], now: float, wait: float) -> None:
    assert wait_for(times, now) == wait


async def test_an_address_that_asks_too_often_waits_and_no_other_does() -> None:
    clock = ManualClock()
    frequency = Frequency(clock)
    for _ in range(3):
        frequency.count("192.0.2.1")
    for _ in range(5):
        with pytest.raises(Refused) as refused:
            frequency.count("192.0.2.1")
    assert (refused.value.code, refused.value.detail) == ("too_often", {"retry_after": 61})
    frequency.count("192.0.2.2")
    await clock.advance(61)
    frequency.count("192.0.2.1")


def test_an_ipv6_client_cannot_walk_through_its_own_network() -> None:
    frequency = Frequency(ManualClock())
    for number in range(3):
        frequency.count(f"2001:db8::{number}")
    with pytest.raises(Refused):
        frequency.count("2001:db8::ffff")


def test_many_addresses_take_bounded_memory() -> None:
    frequency = Frequency(ManualClock())
    for number in range(ADDRESSES + 50):
        frequency.count(f"address {number}")
    assert len(frequency._times) == ADDRESSES
