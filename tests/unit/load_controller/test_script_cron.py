"""Scripts with a cron entry are called at its minutes, once each, also when the clock is set."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.load_controller import script_cron
from services.load_controller.script_cron import ScriptCron
from shared.contracts.house import Script
from shared.errors import Invalid, Refused
from tests.support.clock import ManualClock, settle

ZURICH = ZoneInfo("Europe/Zurich")
NOON = datetime(2026, 6, 1, 10, 0, 30, tzinfo=UTC)


def script(name: str, cron: str | None) -> Script:
    return Script(name=name, size=1, cron=cron)


@pytest.mark.parametrize(
    ("cron", "minutes", "is_due"),
    [
        ("* * * * *", 1, True),
        ("1 12 * * *", 1, True),  # 12:01 in Zurich
        ("1 10 * * *", 1, False),
        ("*/5 * * * *", 1, False),
        ("*/5 * * * *", 5, True),
        (None, 5, False),
    ],
)
def test_an_entry_is_read_in_the_zone_of_the_house(cron: str | None, minutes: int, is_due: bool) -> None:
    now = NOON + timedelta(minutes=minutes)
    assert script_cron.due([script("one", cron)], NOON, now, ZURICH) == (["one"] if is_due else [])


def test_minutes_that_are_long_over_are_missed() -> None:
    assert script_cron.due([script("one", "5 12 * * *")], NOON, NOON + timedelta(minutes=30), ZURICH) == []


@pytest.mark.parametrize("entry", ["", "* * * *", "* * * * * *", "61 * * * *", "@daily", "0 0 30 2 *"])
def test_what_is_no_entry_is_refused_with_a_sentence(entry: str) -> None:
    with pytest.raises(Invalid, match="five fields"):
        script_cron.check(entry)


async def test_each_minute_calls_once_whatever_the_clock_does() -> None:
    clock, called = ManualClock(NOON), list[str]()

    async def call(name: str) -> str | None:
        called.append(name)
        raise Refused("scripts are off")

    cron = ScriptCron(
        clock, ZURICH, lambda: [script("one", "* * * * *")], lambda name: asyncio.ensure_future(call(name))
    )
    stopping = asyncio.Event()
    running = asyncio.ensure_future(cron.run(stopping))
    await clock.until_asleep()
    await clock.advance(minutes=3)
    await settle()
    assert len(called) == 3
    clock.jump(-120)
    await clock.advance(minutes=1)
    assert len(called) == 3
    stopping.set()
    await asyncio.wait_for(running, 5)
