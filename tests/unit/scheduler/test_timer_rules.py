"""When timers fire: weekdays, times of day, the sun, and the two nights a year when the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.scheduler.timer_rules import Place, TimerRule, next_after, parse
from shared.contracts.timers import TimerWhen
from shared.errors import Invalid

ZURICH = Place(47.38, 8.54, ZoneInfo("Europe/Zurich"))
TROMSO = Place(69.65, 18.96, ZoneInfo("Europe/Oslo"))
EVERY_DAY = "Mon,Tue,Wed,Thu,Fri,Sat,Sun"


def rule(at: str, every: str = EVERY_DAY) -> TimerRule:
    return parse(TimerWhen(every=every, at=at))


def local(text: str, place: Place = ZURICH) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=place.zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("at", "every", "after", "expected"),
    [
        ("07:30", EVERY_DAY, "2026-06-01T07:29:59", "2026-06-01T07:30"),
        ("07:30", EVERY_DAY, "2026-06-01T07:30", "2026-06-02T07:30"),
        ("7:30", "Sat, sun", "2026-06-01T00:00", "2026-06-06T07:30"),
        ("23:59", "Monday", "2026-06-01T23:59", "2026-06-08T23:59"),
        ("00:00", EVERY_DAY, "2026-12-31T12:00", "2027-01-01T00:00"),
        ("02:30", EVERY_DAY, "2026-03-28T12:00", "2026-03-29T03:30"),  # 02:30 does not exist that night
        ("02:30", EVERY_DAY, "2026-03-29T04:00", "2026-03-30T02:30"),
    ],
)
def test_a_time_of_day_is_that_of_the_house(at: str, every: str, after: str, expected: str) -> None:
    assert next_after(rule(at, every), local(after), ZURICH) == local(expected)


def test_an_hour_that_comes_twice_fires_once() -> None:
    first = next_after(rule("02:30"), local("2026-10-25T00:00"), ZURICH)
    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # still summer time
    assert next_after(rule("02:30"), first, ZURICH) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("event", "about"),
    [("sr", datetime(2026, 6, 21, 3, 29, tzinfo=UTC)), ("ss", datetime(2026, 6, 21, 19, 26, tzinfo=UTC))],
)
def test_the_sun_of_the_house_is_within_minutes_of_the_almanac(event: str, about: datetime) -> None:
    found = next_after(rule(f"{event}:0"), local("2026-06-21T00:30"), ZURICH)
    assert found is not None
    assert abs(found - about) < timedelta(minutes=4)


def test_offsets_are_minutes_from_the_sun() -> None:
    after = local("2026-06-21T00:30")
    plain = next_after(rule("ss:0"), after, ZURICH)
    assert plain is not None
    assert next_after(rule("ss:-30"), after, ZURICH) == plain - timedelta(minutes=30)
    assert next_after(rule("ss:+90"), after, ZURICH) == plain + timedelta(minutes=90)


def test_an_offset_over_midnight_is_not_lost() -> None:
    sunset = next_after(rule("ss:0"), local("2026-06-20T12:00"), ZURICH)
    assert sunset is not None
    late = sunset + timedelta(minutes=400)  # the morning after
    assert next_after(rule("ss:400"), late - timedelta(seconds=1), ZURICH) == late


def test_a_polar_night_has_no_sunrise_until_it_ends() -> None:
    found = next_after(rule("sr:0"), local("2026-12-01T12:00", TROMSO), TROMSO)
    assert found is not None
    assert datetime(2027, 1, 10, tzinfo=UTC) < found < datetime(2027, 1, 25, tzinfo=UTC)


def test_at_the_pole_a_weekday_may_have_to_wait_for_months() -> None:
    pole = Place(90.0, 0.0, ZoneInfo("UTC"))
    found = next_after(rule("sr:0"), datetime(2026, 12, 1, tzinfo=UTC), pole)
    assert found is None or found.month in (3, 9)


@pytest.mark.parametrize(
    "at", ["", "7", "24:00", "07:60", "sr", "sr:", "sr:1.5", "ss:721", "noon", "-7:30", "07:30:00"]
)
def test_what_is_no_time_is_refused_with_a_sentence(at: str) -> None:
    with pytest.raises(Invalid, match="HH:MM") as caught:
        rule(at)
    assert caught.value.code == "bad_when"


@pytest.mark.parametrize("every", ["", ",", "Mon,Foo", "daily"])
def test_what_is_no_day_is_refused_with_a_sentence(every: str) -> None:
    with pytest.raises(Invalid, match="Mon,Tue"):
        rule("07:30", every)
