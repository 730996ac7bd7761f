"""What clients may do with timers, each in the transaction of its request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.scheduler import timer_rules
from services.scheduler.models import TimerRow
from services.scheduler.timer_rules import Place
from shared.contracts.timers import (
    AmendTimer,
    CreateTimer,
    DeleteTimer,
    ReadTimers,
    ReplaceTimer,
    Timer,
    TimerRequest,
    Timers,
    TimerWhen,
)
from shared.errors import Conflict, Invalid, NotFound

MOST = 1000
LARGEST_EXTRA = 4096  # bytes of JSON


class Asked(msgspec.Struct, frozen=True):
    """A request's transaction, its time, and where the house stands."""

    tx: AsyncSession
    now: datetime
    place: Place


async def create(asked: Asked, request: CreateTimer) -> list[TimerRow]:
    """A new timer; at most `MOST`."""
    count = (await asked.tx.execute(select(func.count()).select_from(TimerRow))).scalar_one()
    if count >= MOST:
        raise Conflict(f"there are {MOST} timers already", code="too_many_timers")
    row = TimerRow(when=request.when)
    asked.tx.add(row)
    _set(asked, row, request.enabled, request.job, request.when, request.extra)
    await asked.tx.flush()  # the database gives it its id
    return [row]


async def replace(asked: Asked, request: ReplaceTimer) -> list[TimerRow]:
    """What is not given goes back to its default."""
    row = await _find(asked, request.timer)
    _set(asked, row, request.enabled, request.job, request.when, request.extra)
    return [row]


async def amend(asked: Asked, request: AmendTimer) -> list[TimerRow]:
    """What is not given stays."""
    row = await _find(asked, request.timer)
    when = TimerWhen(every=_or(request.every, row.when.every), at=_or(request.at, row.when.at))
    extra = {**row.extra, **request.extra}
    _set(asked, row, _or(request.enabled, row.enabled), _or(request.job, row.job), when, extra)
    return [row]


async def delete(asked: Asked, request: DeleteTimer) -> list[TimerRow]:
    """It fires no more."""
    row = await _find(asked, request.timer)
    await asked.tx.delete(row)
    return [row]


async def read(asked: Asked, request: ReadTimers) -> list[TimerRow]:
    """By id."""
    if request.timer is not None:
        return [await _find(asked, request.timer)]
    return list((await asked.tx.execute(select(TimerRow).order_by(col(TimerRow.id)))).scalars())


REQUESTS: dict[type[TimerRequest], Callable[[Asked, Any], Awaitable[list[TimerRow]]]] = {
    CreateTimer: create,
    ReplaceTimer: replace,
    AmendTimer: amend,
    DeleteTimer: delete,
    ReadTimers: read,
}


def shown(rows: Sequence[TimerRow]) -> Timers:
    """Timers as they travel; `next_at` in Unix seconds."""
    return Timers(
        timers=[
            Timer(
                id=row.id or 0,
                enabled=row.enabled,
                job=row.job,
                when=row.when,
                extra=row.extra,
                next_at=row.next_at.timestamp() if row.next_at is not None else None,
            )
            for row in rows
        ]
    )


async def count_again(tx: AsyncSession, now: datetime, place: Place) -> None:
    """At the start: the place or its zone may have changed. What is overdue stays so; `firing` decides about it."""
    for row in (await tx.execute(select(TimerRow).where(col(TimerRow.enabled)))).scalars():
        if row.next_at is None or row.next_at > now:
            row.next_at = timer_rules.next_after(timer_rules.parse(row.when), now, place)


def _set(asked: Asked, row: TimerRow, enabled: bool, job: int | None, when: TimerWhen, extra: dict[str, Any]) -> None:
    if len(msgspec.json.encode(extra)) > LARGEST_EXTRA:
        raise Invalid(f"a timer holds at most {LARGEST_EXTRA} bytes of other keys", code="too_large")
    rule = timer_rules.parse(when)
    row.enabled, row.job, row.when, row.extra = enabled, job, when, extra
    row.next_at = timer_rules.next_after(rule, asked.now, asked.place) if enabled else None


async def _find(asked: Asked, timer: int) -> TimerRow:
    row = await asked.tx.get(TimerRow, timer) if 0 < timer < 2**63 else None
    if row is None:
        raise NotFound(f"timer {timer} not found", code="no_such_timer")
    return row


def _or(value: Any, otherwise: Any) -> Any:
    return otherwise if value is msgspec.UNSET else value
