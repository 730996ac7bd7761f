"""Fires what is due: claimed, noted, counted on and sent in one transaction, so that it happens once.

Any number of schedulers may do this on PostgreSQL: rows that another one has claimed are skipped, and a firing is
unique by its timer and due instant.
"""

from __future__ import annotations

import asyncio
import logging
import random
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.scheduler import timer_rules
from services.scheduler.models import FiringRow, TimerRow
from services.scheduler.timer_rules import Place
from shared import outbox
from shared.clock import Clock
from shared.contracts import load_topics
from shared.contracts.load_jobs import RunJob
from shared.contracts.messages import Caller
from shared.errors import JobError
from shared.pauses import first_of
from shared.store import Store

LOG = logging.getLogger(__name__)

LATE = timedelta(minutes=5)  # a timer that is noticed later than this has been missed: lights at midnight help nobody
GOOD_FOR = 60  # seconds: the run command's expiry
AT_ONCE = 100  # timers in one transaction
LONGEST_SLEEP = 5.0  # seconds: so long a jump of the clock goes unnoticed
KEPT = timedelta(days=30)
AGAIN_AFTER = 2.0  # seconds after a database error


class Firing:
    """The clock of the house. `changed()` when a timer was changed, so that the next one is looked up anew."""

    def __init__(self, store: Store, clock: Clock, place: Place, base: str) -> None:
        self._store = store
        self._clock = clock
        self._place = place
        self._base = base
        self._changed = asyncio.Event()

    def changed(self) -> None:
        """Look again."""
        self._changed.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`."""
        while not stopping.is_set():
            seconds = await self._turn()
            await first_of(self._changed.wait(), self._clock.sleep(seconds), stopping.wait())

    async def _turn(self) -> float:
        """Fire what is due; answers how many seconds to wait."""
        self._changed.clear()
        try:
            while await self.fire_due() == AT_ONCE:
                pass
            return await self._seconds_to_next()
        except JobError as error:
            LOG.warning("timers cannot be looked up: %s", error)
            return AGAIN_AFTER * random.uniform(0.8, 1.2)  # noqa: S311 - jitter

    async def fire_due(self) -> int:
        """One transaction; answers how many timers were due."""
        async with self._store.transaction() as tx:
            now = self._clock.now()
            due = list((await tx.execute(_due(now))).scalars())
            for row in due:
                await self._fire(tx, row, now)
            if due:
                await tx.execute(delete(FiringRow).where(col(FiringRow.at) < now - KEPT))
        return len(due)

    async def _fire(self, tx: AsyncSession, row: TimerRow, now: datetime) -> None:
        due_at = row.next_at
        assert due_at is not None
        missed = now - due_at > LATE
        data = {"timer": row.id, "job": row.job, "due_at": due_at.isoformat(), "late": (now - due_at).total_seconds()}
        tx.add(FiringRow(timer=row.id or 0, due_at=due_at, at=now, outcome="missed" if missed else "fired"))
        row.next_at = timer_rules.next_after(timer_rules.parse(row.when), max(now, due_at), self._place)
        if row.job is not None and not missed:
            await self._send(tx, row.id or 0, row.job, due_at, now)
        name = "timer_missed" if missed else "timer_fired"
        await outbox.enqueue_event(
            tx, service=load_topics.SCHEDULER, name=name, subject=str(row.id), data=data, base=self._base, now=now
        )

    async def _send(self, tx: AsyncSession, timer: int, job: int, due_at: datetime, now: datetime) -> None:
        """The message's id is made of timer and instant: whoever sees it twice acts once."""
        message_id = f"timer-{timer}-{due_at:%Y%m%dT%H%M%S}"
        command = RunJob(
            id=message_id,
            time=now,
            expires_at=now + timedelta(seconds=GOOD_FOR),
            caller=Caller(name=f"timer {timer}", via=load_topics.SCHEDULER, role="operator"),
            job=job,
            section="trigger",
            started_by=f"timer {timer}",
        )
        await outbox.enqueue(
            tx, load_topics.LOAD_JOB_RUN, command, base=self._base, now=now, expiry=GOOD_FOR, job=str(job)
        )

    async def _seconds_to_next(self) -> float:
        async with self._store.reading() as tx:
            next_at = (
                await tx.execute(select(func.min(TimerRow.next_at)).where(col(TimerRow.enabled)))
            ).scalar_one_or_none()
        if next_at is None:
            return LONGEST_SLEEP
        return min(max((next_at - self._clock.now()).total_seconds(), 0.0), LONGEST_SLEEP)


def _due(now: datetime) -> Select[TimerRow]:
    return (
        select(TimerRow)
        .where(col(TimerRow.enabled), col(TimerRow.next_at) <= now)
        .order_by(col(TimerRow.next_at), col(TimerRow.id))
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
