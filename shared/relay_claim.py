"""Which process may send a database's outbox: a file lock on SQLite, a lease row on PostgreSQL."""

from __future__ import annotations

import fcntl
import logging
from pathlib import Path
from typing import IO, Protocol

from shared import leases
from shared.clock import Clock
from shared.store import Store

LOG = logging.getLogger(__name__)
LEASE_NAME = "outbox_relay"
LEASE_SECONDS = 15.0


class Claim(Protocol):
    """The right to send; to be asked before every batch."""

    async def held(self) -> bool:
        """Whether this process may send now, claiming the right when nobody has it."""
        ...

    async def release(self) -> None:
        """Give the right up."""
        ...


class FileClaim:
    """A lock on a file beside the database: it costs no write, and ends with the process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    async def held(self) -> bool:
        if self._file is not None:
            return True
        file = self._path.open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    async def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class RowClaim:
    """A lease in the database itself, renewed at a third of its time.

    A process that was stopped for longer than the lease claims it anew before it sends; should it still send one
    batch beside its successor, receivers recognise the repeats.
    """

    def __init__(self, store: Store, owner: str, clock: Clock) -> None:
        self._store = store
        self._owner = owner
        self._clock = clock
        self._lease: leases.Lease | None = None
        self._renew_at = 0.0

    async def held(self) -> bool:
        if self._lease is not None and self._clock.monotonic() < self._renew_at:
            return True
        started, now = self._clock.monotonic(), self._clock.now()
        async with self._store.transaction() as tx:
            lease = await leases.renew(tx, self._lease, now, LEASE_SECONDS) if self._lease else None
            self._lease = lease or await leases.acquire(tx, LEASE_NAME, self._owner, now, LEASE_SECONDS)
        self._renew_at = started + LEASE_SECONDS / 3
        return self._lease is not None

    async def release(self) -> None:
        if self._lease is not None:
            async with self._store.transaction() as tx:
                await leases.release(tx, self._lease, self._clock.now())
            self._lease = None


def claim_for(store: Store, owner: str, clock: Clock) -> Claim:
    """The claim that fits the store; `owner` names this instance."""
    if store.path is not None:
        return FileClaim(store.path.with_suffix(".relay"))
    return RowClaim(store, owner, clock)
