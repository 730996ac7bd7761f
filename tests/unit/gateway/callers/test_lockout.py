"""The rules of the lock-out: time is a value."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.gateway.callers import lockout
from services.gateway.callers.lockout import Guesses

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def guessed(count: int, now: datetime = NOW) -> Guesses:
    guesses = Guesses()
    for number in range(count):
        guesses = lockout.after_wrong(guesses, f"wrong {number}", now)
    return guesses


@pytest.mark.parametrize(
    ("count", "seconds"), [(0, 0), (1, 0), (9, 0), (10, 1), (11, 2), (12, 4), (19, 512), (20, 900), (10_000, 900)]
)
def test_the_tenth_different_guess_locks_and_each_further_one_twice_as_long(count: int, seconds: float) -> None:
    assert lockout.locked_for(guessed(count), NOW) == seconds


def test_the_same_wrong_key_again_is_an_old_client_and_not_a_guess() -> None:
    guesses = Guesses()
    for _ in range(10_000):
        guesses = lockout.after_wrong(guesses, "old key", NOW)
    assert guesses.count == 1
    assert lockout.locked_for(guesses, NOW) == 0


def test_a_lock_ends_and_the_next_guess_locks_longer() -> None:
    guesses = guessed(12)
    later = NOW + timedelta(seconds=4)
    assert lockout.locked_for(guesses, later) == 0
    assert lockout.locked_for(lockout.after_wrong(guesses, "another", later), later) == 8


def test_guesses_of_another_day_are_forgotten() -> None:
    tomorrow = NOW + timedelta(days=1)
    assert lockout.after_wrong(guessed(30), "another", tomorrow).count == 1


def test_a_clock_set_back_locks_nobody_for_longer_than_the_longest_delay() -> None:
    assert lockout.locked_for(guessed(30), NOW - timedelta(days=3)) == 900


def test_what_is_remembered_of_a_subject_is_bounded() -> None:
    assert len(guessed(10_000).seen) <= 64


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_an_ipv6_client_is_counted_by_its_network(address: str, network: str) -> None:
    assert lockout.network_of(address) == network


def test_a_subject_of_a_login_fits_its_column_whatever_the_user_name_is() -> None:
    subject = lockout.login_subject("\x00\n" + "ü" * 10_000, "2001:db8:1:2:3:4:5:6")
    assert len(subject) <= 200
    assert subject.isprintable()
