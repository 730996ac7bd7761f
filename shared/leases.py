"""Time-limited claims on named things, one holder at a time; the fence tells an old claim from a new one.

The time is the caller's wall clock. A holder goes by its own monotonic clock when it judges whether it still holds.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.columns import UtcDateTime

_TIMES = (bindparam("now", type_=UtcDateTime), bindparam("until", type_=UtcDateTime))
_ACQUIRE = text(
    "INSERT INTO lease (name, owner, fence, until) VALUES (:name, :owner, 1, :until)"
    " ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until, fence = lease.fence + 1"
    " WHERE lease.owner = excluded.owner OR lease.until <= :now RETURNING fence"
).bindparams(*_TIMES)
_RENEW = text(
    "UPDATE lease SET until = :until"
    " WHERE name = :name AND owner = :owner AND fence = :fence AND until > :now RETURNING fence"
).bindparams(*_TIMES)
_RELEASE = text(
    "UPDATE lease SET until = :now WHERE name = :name AND owner = :owner AND fence = :fence AND until > :now"
).bindparams(_TIMES[0])
_HELD = text(
    "SELECT fence FROM lease WHERE name = :name AND owner = :owner AND fence = :fence AND until > :now"
).bindparams(_TIMES[0])


class Lease(msgspec.Struct, frozen=True):
    """A claim: `until` in UTC."""

    name: str
    owner: str
    fence: int
    until: datetime


async def acquire(tx: AsyncSession, name: str, owner: str, now: datetime, ttl: float) -> Lease | None:
    """Claim `name` for `ttl` seconds; None while another owner holds it.

    The same owner may claim again at any time (it was restarted): its earlier claim is void, the fence has grown.
    """
    until = now + timedelta(seconds=ttl)
    row = (await tx.execute(_ACQUIRE, {"name": name, "owner": owner, "now": now, "until": until})).first()
    return None if row is None else Lease(name, owner, row.fence, until)


async def renew(tx: AsyncSession, lease: Lease, now: datetime, ttl: float) -> Lease | None:
    """Hold on for `ttl` seconds from `now`; None when the claim has been lost or has run out."""
    until = now + timedelta(seconds=ttl)
    row = (await tx.execute(_RENEW, {**_key(lease), "now": now, "until": until})).first()
    return None if row is None else msgspec.structs.replace(lease, until=until)


async def release(tx: AsyncSession, lease: Lease, now: datetime) -> None:
    """Give it up, so that another owner need not wait; nothing happens when it is lost already."""
    await tx.execute(_RELEASE, {**_key(lease), "now": now})


async def holds(tx: AsyncSession, lease: Lease, now: datetime) -> bool:
    """Whether the claim stands: to be asked in the transaction that acts on it."""
    return (await tx.execute(_HELD, {**_key(lease), "now": now})).first() is not None


def _key(lease: Lease) -> dict[str, object]:
    return {"name": lease.name, "owner": lease.owner, "fence": lease.fence}
