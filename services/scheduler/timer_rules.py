"""When a Wiser timer fires: days of the week at a time of day, or minutes from sunrise or sunset.

Pure: the time and the place come in as values. Times of day are those of the house's zone. One that the clocks skip in
spring fires as much later as they were put forward; one that comes twice in autumn fires the first time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from astral import Observer
from astral.sun import sunrise, sunset

from shared.contracts.timers import TimerWhen
from shared.errors import Invalid

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FURTHEST = 370  # days to look ahead: beyond a polar night
LARGEST_OFFSET = 720  # minutes

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_SUN = re.compile(r"(sr|ss):([+-]?\d{1,4})")
_EVENTS: dict[str, Callable[..., datetime]] = {"sr": sunrise, "ss": sunset}


class Place(msgspec.Struct, frozen=True):
    """Where the house stands: degrees, and its time zone."""

    latitude: float
    longitude: float
    zone: ZoneInfo


class TimerRule(msgspec.Struct, frozen=True):
    """Parsed `when`: weekdays (Monday is 0), and either a time of day or a sun event with an offset."""

    days: frozenset[int]
    at: time | None = None
    event: str | None = None
    offset: timedelta = timedelta()


def parse(when: TimerWhen) -> TimerRule:
    """Raises `Invalid` (`bad_when`) with a sentence for what cannot be understood."""
    days = frozenset(_day(name) for name in when.every.split(",") if name.strip())
    if not days:
        raise Invalid("when.every names no day: use Mon,Tue,Wed,Thu,Fri,Sat,Sun", code="bad_when")
    if clock := _CLOCK.fullmatch(when.at.strip()):
        return TimerRule(days, at=time(int(clock[1]), int(clock[2])))
    if (sun := _SUN.fullmatch(when.at.strip())) and abs(int(sun[2])) <= LARGEST_OFFSET:
        return TimerRule(days, event=sun[1], offset=timedelta(minutes=int(sun[2])))
    raise Invalid(
        f"when.at {when.at!r} must be HH:MM, or sr:<minutes> or ss:<minutes> with at most {LARGEST_OFFSET} minutes",
        code="bad_when",
    )


def next_after(rule: TimerRule, after: datetime, place: Place) -> datetime | None:
    """The first firing later than `after`, in UTC; None where the sun does not rise or set for a year."""
    return next((moment for moment in _moments(rule, after, place) if moment > after), None)


def _moments(rule: TimerRule, after: datetime, place: Place) -> Iterator[datetime]:
    first = after.astimezone(place.zone).date() - timedelta(days=1)  # an offset may reach into the next day
    for number in range(FURTHEST):
        day = first + timedelta(days=number)
        moment = _moment(rule, day, place) if day.weekday() in rule.days else None
        if moment is not None:
            yield moment


def _moment(rule: TimerRule, day: date, place: Place) -> datetime | None:
    if rule.at is not None:
        return datetime.combine(day, rule.at, place.zone).astimezone(UTC)
    event: Any = _EVENTS[rule.event or "sr"]
    try:
        moment: datetime = event(Observer(place.latitude, place.longitude), date=day, tzinfo=place.zone)
    except ValueError:  # the sun does not cross the horizon on this day
        return None
    return (moment + rule.offset).astimezone(UTC).replace(microsecond=0)


def _day(name: str) -> int:
    short = name.strip().lower()[:3]
    if short not in DAYS:
        raise Invalid(f"when.every: {name.strip()!r} is not a day: use Mon,Tue,Wed,Thu,Fri,Sat,Sun", code="bad_when")
    return DAYS.index(short)
