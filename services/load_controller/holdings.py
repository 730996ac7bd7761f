"""Which parts of the house this controller holds: shards of loads, and the house itself with its jobs.

On SQLite there is one controller and it holds all. On PostgreSQL each part is leased by one of any number of
controllers; they share the shards evenly, and what a dead one held is free when its leases have run out.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared import leases
from shared.clock import Clock
from shared.common_tables import LEASE
from shared.errors import JobError
from shared.pauses import pause
from shared.store import Store

LOG = logging.getLogger(__name__)

SHARDS = 16
HOUSE = "house"
TTL = 6.0  # seconds
RENEW_EVERY = 1.5  # seconds
STALE_AFTER = TTL - 1.0  # seconds since the last renewal: from here on somebody else may hold it
_INSTANCE = "instance/"


def shard_of(load: int) -> int:
    """The shard that a load belongs to."""
    return load % SHARDS


def part_of(load: int) -> str:
    """The name of the lease of a load's shard."""
    return f"loads/{load % SHARDS}"


def shards_of(parts: Iterable[str]) -> set[int]:
    """The numbers of the shards among these parts."""
    return {int(part.partition("/")[2]) for part in parts if part != HOUSE}


PARTS = (HOUSE, *(f"loads/{number}" for number in range(SHARDS)))
Changed = Callable[[set[str]], Awaitable[None]]
Heard = Callable[[Mapping[str, datetime]], Awaitable[None]]


class Holdings:
    """What is held. `gained` and `lost` are called with the parts that came and went, before anything else is done."""

    def __init__(self, store: Store, clock: Clock, owner: str) -> None:
        self.alone = store.dialect == "sqlite"
        self.renewals = 0
        self._store, self._clock, self._owner = store, clock, owner
        self._held: set[str] = set()
        self._renewed_at = clock.monotonic()
        self._gained: Changed = _nothing
        self._lost: Changed = _nothing
        self._heard: Heard = _unheard

    def when(self, gained: Changed, lost: Changed, heard: Heard) -> None:
        """`heard` is called after every look at the leases, with the parts of others and until when they hold them."""
        self._gained, self._lost, self._heard = gained, lost, heard

    def holds(self, part: str) -> bool:
        """Whether this controller acts for the part now."""
        return part in self._held and (self.alone or self._clock.monotonic() - self._renewed_at < STALE_AFTER)

    def holds_load(self, load: int) -> bool:
        """Whether this controller acts for the load now."""
        return self.holds(part_of(load))

    @property
    def held(self) -> frozenset[str]:
        """The parts held now."""
        return frozenset(part for part in self._held if self.holds(part))

    async def begin(self) -> None:
        """Take what can be had at once."""
        if self.alone:
            self._held = set(PARTS)
            await self._gained(set(PARTS))
        else:
            await self.turn()

    async def run(self, stopping: asyncio.Event) -> None:
        """Hold on, and share, until `stopping`; then give all up."""
        while not await pause(self._clock, stopping, RENEW_EVERY * random.uniform(0.9, 1.1)):  # noqa: S311 - jitter
            if not self.alone:
                await self.turn()
        await self._give_up(set(self._held))

    async def turn(self) -> None:
        """Renew what is held and take what is free; what could not be renewed in time is given up."""
        try:
            await self._renew_and_share()
        except JobError as error:
            LOG.warning("the leases cannot be renewed: %s", error)
        if self._held and self._clock.monotonic() - self._renewed_at >= STALE_AFTER:
            LOG.error("the leases have run out: %d parts are given up", len(self._held))
            await self._leave(set(self._held))

    async def _renew_and_share(self) -> None:
        started = self._clock.monotonic()
        async with self._store.transaction() as tx:
            now = self._clock.now()
            await leases.acquire(tx, _INSTANCE + self._owner, self._owner, now, TTL)
            kept = await _renew(tx, self._held, self._owner, now)
            seen = await _look(tx, self._owner, now)
            wanted = seen.wanted(kept)
            gained = {part for part in wanted if await leases.acquire(tx, part, self._owner, now, TTL)}
        self._renewed_at = started
        self.renewals += 1
        await self._leave(self._held - kept)
        self._held |= gained
        if gained:
            LOG.info("this controller now holds %s", ", ".join(sorted(gained)))
            await self._gained(gained)
        surplus = seen.surplus(self._held)
        if surplus is not None:
            await self._give_up({surplus})
        await self._heard(seen.others)

    async def _leave(self, parts: set[str]) -> None:
        self._held -= parts
        if parts:
            await self._lost(parts)

    async def _give_up(self, parts: set[str]) -> None:
        """First nothing is done for them any more, then others may take them."""
        await self._leave(parts)
        if self.alone or not parts:
            return
        try:
            async with self._store.transaction() as tx:
                now = self._clock.now()
                mine = (LEASE.c.owner == self._owner) & LEASE.c.name.in_([*parts, *self._own_row()])
                await tx.execute(update(LEASE).where(mine).values(until=now))
        except JobError as error:
            LOG.warning("%d leases could not be given up; they run out in %.0f s: %s", len(parts), TTL, error)

    def _own_row(self) -> list[str]:
        return [] if self._held else [_INSTANCE + self._owner]


@dataclass
class Seen:
    """The leases as they stand: the parts of others, and how many parts each living controller holds."""

    others: dict[str, datetime] = field(default_factory=dict)
    shards: dict[str, int] = field(default_factory=dict)

    def wanted(self, kept: set[str]) -> list[str]:
        """The free parts to take: the house, and shards up to an even share."""
        share = -(-SHARDS // (len(self.shards) + 1))
        free = [part for part in PARTS if part not in kept and part not in self.others]
        random.shuffle(free)
        room = max(0, share - len(_shards(kept)))
        return [part for part in free if part == HOUSE] + [part for part in free if part != HOUSE][:room]

    def surplus(self, held: set[str]) -> str | None:
        """A shard to give up, when this controller has more than its share and another has less."""
        if not self.shards:
            return None
        mine = _shards(held)
        return max(mine) if len(mine) > min(self.shards.values()) + 1 else None


def _shards(parts: Iterable[str]) -> list[str]:
    return [part for part in parts if part != HOUSE]


async def _renew(tx: AsyncSession, parts: set[str], owner: str, now: datetime) -> set[str]:
    mine = (LEASE.c.owner == owner) & (LEASE.c.until > now) & LEASE.c.name.in_(parts)
    until = now + timedelta(seconds=TTL)
    return set((await tx.execute(update(LEASE).where(mine).values(until=until).returning(LEASE.c.name))).scalars())


async def _look(tx: AsyncSession, owner: str, now: datetime) -> Seen:
    rows = await tx.execute(
        select(LEASE.c.name, LEASE.c.owner, LEASE.c.until).where(LEASE.c.until > now, LEASE.c.owner != owner)
    )
    seen = Seen()
    for name, other, until in rows:
        if name.startswith(_INSTANCE):
            seen.shards.setdefault(other, 0)
        elif name in PARTS:
            seen.others[name] = until
            if name != HOUSE:
                seen.shards[other] = seen.shards.get(other, 0) + 1
    return seen


async def still_holds(tx: AsyncSession, part: str, owner: str, now: datetime) -> bool:
    """To be asked in the transaction that acts on it, where several controllers share a database."""
    mine = (LEASE.c.name == part) & (LEASE.c.owner == owner) & (LEASE.c.until > now)
    return bool((await tx.execute(select(func.count()).select_from(LEASE).where(mine))).scalar_one())


async def _nothing(_parts: set[str]) -> None:
    return None


async def _unheard(_others: Mapping[str, datetime]) -> None:
    return None
