"""Counts wrong credentials in memory and writes them behind, so that guessing costs the guesser, not the database.

At most one transaction a second, of a bounded number of rows, however many requests come in.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.gateway.callers import lockout
from services.gateway.callers.lockout import Guesses
from services.gateway.callers.tables import GuessesRow, SessionRow, TrustedRow
from shared.clock import Clock
from shared.errors import Forbidden, JobError
from shared.pauses import pause
from shared.store import Store

_log = logging.getLogger(__name__)

SUBJECTS_IN_MEMORY = 10_000
ROWS_A_WRITE = 500
TRUSTED_FOR = timedelta(days=90)
_WRITE_EVERY = 1.0
_PRUNE_EVERY = 3600.0


class Guard:
    """The lock-out of one gateway: rules from `lockout`, memory first, the database behind."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._guesses: OrderedDict[str, Guesses] = OrderedDict()
        self._trusted: OrderedDict[tuple[str, str], datetime] = OrderedDict()
        self._changed: dict[str, None] = {}
        self._newly_trusted: dict[tuple[str, str], None] = {}

    async def check(self, *subjects: str) -> None:
        """Raises `Forbidden` (`locked_out`, `detail["retry_after"]` in seconds) while one of the subjects is locked."""
        now = self._clock.now()
        seconds = max([lockout.locked_for(await self._of(subject), now) for subject in subjects])
        if seconds > 0:
            wait = int(seconds) + 1
            raise Forbidden(
                f"Too many wrong keys or passwords from here: try again in {wait} s",
                code="locked_out",
                detail={"retry_after": wait},
            )

    async def wrong(self, fingerprint: str, *subjects: str) -> None:
        """Count a wrong credential for each of the subjects."""
        now = self._clock.now()
        for subject in subjects:
            before = await self._of(subject)
            after = lockout.after_wrong(before, fingerprint, now)
            if after is not before:
                self._put(subject, after)
                self._changed[subject] = None
                if lockout.locked_for(after, now) > 0:
                    _log.warning("locked out after %d different wrong credentials: %s", after.count, subject)

    def forget(self, subject: str) -> None:
        """The subject has proved itself: its count starts again."""
        if self._guesses.get(subject):
            self._put(subject, Guesses())
            self._changed[subject] = None

    async def trusts(self, digest: str, address: str) -> bool:
        """Whether this credential has succeeded from this address before."""
        place = (digest, lockout.network_of(address))
        if place in self._trusted:
            return True
        async with self._store.reading() as tx:
            return await tx.get(TrustedRow, place) is not None

    def trust(self, digest: str, address: str) -> None:
        """Remember that this credential has succeeded from this address."""
        place, now = (digest, lockout.network_of(address)), self._clock.now()
        known = self._trusted.get(place)
        if known is None or now - known > timedelta(days=1):
            self._trusted[place] = now
            self._newly_trusted[place] = None
            if len(self._trusted) > SUBJECTS_IN_MEMORY:
                self._trusted.popitem(last=False)

    async def run(self, stopping: asyncio.Event) -> None:
        """Write behind once a second, prune once an hour, and write once more when the service stops."""
        pruned_at = float("-inf")
        ends = False
        while not ends:
            ends = await pause(self._clock, stopping, _WRITE_EVERY)
            try:
                await self.write()
                if self._clock.monotonic() - pruned_at > _PRUNE_EVERY:
                    await self.prune()
                    pruned_at = self._clock.monotonic()
            except (JobError, SQLAlchemyError) as error:
                _log.warning("could not write the lock-out, trying again: %s", type(error).__name__)

    async def write(self) -> None:
        """Write what has changed, a bounded number of rows in one transaction; what fails is written the next time."""
        subjects = list(self._changed)[:ROWS_A_WRITE]
        places = list(self._newly_trusted)[:ROWS_A_WRITE]
        if not subjects and not places:
            return
        written = {subject: self._guesses.get(subject) for subject in subjects}
        async with self._store.transaction() as tx:
            for subject, guesses in written.items():
                await _write_guesses(tx, subject, guesses, self._clock.now())
            for digest, address in places:
                await tx.merge(TrustedRow(digest=digest, address=address, last_at=self._clock.now()))
        for subject, guesses in written.items():
            if self._guesses.get(subject) is guesses:
                self._changed.pop(subject, None)
        for place in places:
            self._newly_trusted.pop(place, None)

    async def prune(self) -> None:
        """Remove what is too old to matter: forgotten guesses, ended sessions, trust of a season ago."""
        now = self._clock.now()
        async with self._store.transaction() as tx:
            await tx.execute(delete(GuessesRow).where(col(GuessesRow.last_at) < now - lockout.FORGOTTEN_AFTER))
            await tx.execute(delete(SessionRow).where(col(SessionRow.expires_at) < now))
            await tx.execute(delete(TrustedRow).where(col(TrustedRow.last_at) < now - TRUSTED_FOR))

    async def _of(self, subject: str) -> Guesses:
        known = self._guesses.get(subject)
        if known is not None:
            return known
        async with self._store.reading() as tx:
            row = await tx.get(GuessesRow, subject)
            found = _read_guesses(row) if row else Guesses()
        known = self._guesses.get(subject)
        if known is not None:
            return known  # another request was faster, and may have counted already
        self._put(subject, found)
        return found

    def _put(self, subject: str, guesses: Guesses) -> None:
        self._guesses[subject] = guesses
        self._guesses.move_to_end(subject)
        while len(self._guesses) > SUBJECTS_IN_MEMORY:
            dropped, _ = self._guesses.popitem(last=False)
            self._changed.pop(dropped, None)


async def _write_guesses(tx: AsyncSession, subject: str, guesses: Guesses | None, now: datetime) -> None:
    if guesses is None or guesses.count == 0:
        await tx.execute(delete(GuessesRow).where(col(GuessesRow.subject) == subject))
        return
    await tx.merge(
        GuessesRow(
            subject=subject, count=guesses.count, seen=" ".join(guesses.seen),
            last_at=guesses.last_at or now, locked_until=guesses.locked_until,
        )
    )  # fmt: skip


def _read_guesses(row: GuessesRow) -> Guesses:
    return Guesses(count=row.count, seen=tuple(row.seen.split()), last_at=row.last_at, locked_until=row.locked_until)
