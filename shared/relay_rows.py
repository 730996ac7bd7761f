"""The statements of the outbox relay: what waits, what was sent, what is old enough to go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import bindparam, delete, func, select, update

from shared import inbox
from shared.common_tables import OUTBOX
from shared.outbox import Outgoing
from shared.store import Store

PRUNED_AT_ONCE = 500

_C = OUTBOX.c
_WAITING = (
    select(_C.id, _C.topic, _C.payload, _C.qos, _C.retain, _C.expiry_seconds, _C.created_at)
    .where(_C.published_at.is_(None))
    .order_by(_C.seq)
    .limit(bindparam("most"))
)
_MARK = (
    update(OUTBOX)
    .where(_C.id == bindparam("message"))
    .values(published_at=bindparam("at"), dropped=bindparam("was_dropped"))
)
_BACKLOG = select(func.count(), func.min(_C.created_at)).select_from(OUTBOX).where(_C.published_at.is_(None))


class Backlog(msgspec.Struct, frozen=True):
    """How many messages wait, and since when the oldest does."""

    count: int
    oldest: datetime | None


async def waiting(store: Store, most: int) -> list[Outgoing]:
    """The oldest messages without a mark; never "those after the last", since a smaller number may commit later."""
    async with store.reading() as tx:
        return [Outgoing(*row) for row in await tx.execute(_WAITING, {"most": most})]


async def mark(store: Store, done: Sequence[tuple[str, bool]], now: datetime) -> None:
    """Note for each id that it was published, or dropped when the flag says so."""
    async with store.transaction() as tx:
        await tx.execute(_MARK, [{"message": one, "at": now, "was_dropped": dropped} for one, dropped in done])


async def backlog(store: Store) -> Backlog:
    """What waits now."""
    async with store.reading() as tx:
        count, oldest = (await tx.execute(_BACKLOG)).one()
        return Backlog(count, oldest)


async def prune(store: Store, now: datetime, *, outbox_days: float, inbox_days: float) -> int:
    """Remove some old rows of outbox and inbox, in a short transaction; 0 when none is left."""
    before = now - timedelta(days=outbox_days)
    oldest = select(_C.seq).where(_C.published_at < before).order_by(_C.seq).limit(PRUNED_AT_ONCE)
    async with store.transaction() as tx:
        gone = await tx.execute(delete(OUTBOX).where(_C.seq.in_(oldest)).returning(_C.seq))
        return len(gone.all()) + await inbox.prune(tx, now - timedelta(days=inbox_days), PRUNED_AT_ONCE)
