"""Calls `onCronEvent` of the scripts that have a cron entry, at the minutes that it names."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from shared.clock import Clock
from shared.contracts.house import Script
from shared.errors import Invalid, JobError
from shared.pauses import pause

LOG = logging.getLogger(__name__)

ENTRY = "onCronEvent"
LONGEST_SLEEP = 20.0  # seconds
_NEVER = datetime.max.replace(tzinfo=UTC)  # the 30th of February
MISSED_AFTER = timedelta(minutes=2)  # a minute that is noticed later has been missed


def check(entry: str) -> None:
    """Raises `Invalid` with a sentence for what is no cron entry of five fields."""
    try:
        if len(entry.split()) != 5:
            raise CronSimError("not five fields")
        CronSim(entry, datetime(2026, 1, 1))  # noqa: DTZ001 - nothing is counted from it
    except CronSimError as error:
        raise Invalid(f"a cron entry has five fields, as in '*/5 * * * *' ({error})", code="bad_cron") from None


def due(scripts: Iterable[Script], after: datetime, now: datetime, zone: ZoneInfo) -> list[str]:
    """The scripts whose entry names a minute later than `after` and not later than `now`, each once."""
    begin = max(after, now - MISSED_AFTER).astimezone(zone)
    return [script.name for script in scripts if script.cron and next(CronSim(script.cron, begin), _NEVER) <= now]


class ScriptCron:
    """The loop. `scripts` answers what is stored, nothing while another controller holds the house."""

    def __init__(
        self,
        clock: Clock,
        zone: ZoneInfo,
        scripts: Callable[[], Iterable[Script]],
        call: Callable[[str], asyncio.Future[str | None]],
    ) -> None:
        self._clock, self._zone, self._scripts, self._call = clock, zone, scripts, call
        self._after = clock.now()
        self._calls: set[asyncio.Future[None]] = set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`."""
        try:
            self.turn()
            while not await pause(self._clock, stopping, _to_the_minute(self._clock.now())):
                self.turn()
        finally:
            for call in self._calls:
                call.cancel()

    def turn(self) -> None:
        """Begin what is due; nobody waits for it. A clock that was set back calls nothing twice."""
        now = self._clock.now()
        for name in due(self._scripts(), self._after, now, self._zone):
            call = asyncio.ensure_future(self._called(name))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)
        self._after = max(self._after, now) if now > self._after - timedelta(hours=2) else now

    async def _called(self, name: str) -> None:
        try:
            error = await self._call(name)
        except JobError as refused:
            error = refused.message
        if error is not None:
            LOG.warning("script %s: %s: %s", name, ENTRY, error)


def _to_the_minute(now: datetime) -> float:
    return min(60.05 - now.second - now.microsecond / 1_000_000, LONGEST_SLEEP)
