"""Ids of handled messages with their answers, so that a message that comes twice has one effect and the same answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared import last_rows
from shared.common_tables import INBOX
from shared.errors import ErrorBody, JobError, raised_from

_SEEN = select(INBOX.c.answer, INBOX.c.refused, INBOX.c.handled_at).where(INBOX.c.id == bindparam("message"))


class Recorded(msgspec.Struct, frozen=True):
    """What was answered: JSON of the answer struct or of an `ErrorBody`; `answer` is None when nobody was answered."""

    answer: bytes | None
    refused: bool
    at: datetime | None = None

    def error(self) -> JobError | None:
        """The refusal, when it was one."""
        if not self.refused or self.answer is None:
            return None
        return raised_from(msgspec.json.decode(self.answer, type=ErrorBody))


async def recorded(tx: AsyncSession, message_id: str) -> Recorded | None:
    """What was answered to this message, or None when it has not been handled."""
    row = (await tx.execute(_SEEN, {"message": message_id})).first()
    return None if row is None else Recorded(row.answer, row.refused, row.handled_at)


def row(message_id: str, answer: msgspec.Struct | JobError | None, now: datetime) -> dict[str, Any]:
    """What the inbox keeps of a handled message."""
    refused = isinstance(answer, JobError)
    body = answer.body() if isinstance(answer, JobError) else answer
    encoded = None if body is None else msgspec.json.encode(body)
    return {"id": message_id, "answer": encoded, "refused": refused, "handled_at": now}


async def record(tx: AsyncSession, message_id: str, answer: msgspec.Struct | JobError | None, now: datetime) -> None:
    """Note that the message has been handled.

    Raises IntegrityError at the commit when another transaction was first.
    """
    await last_rows.add(tx, INBOX, row(message_id, answer, now))


async def first_time(tx: AsyncSession, message_id: str, now: datetime) -> bool:
    """Whether this message comes for the first time; if so, it is noted as handled without an answer."""
    if await recorded(tx, message_id) is not None:
        return False
    await record(tx, message_id, None, now)
    return True


async def prune(tx: AsyncSession, before: datetime, limit: int) -> int:
    """Forget at most `limit` ids handled before that time; how many there were."""
    oldest = select(INBOX.c.id).where(INBOX.c.handled_at < before).limit(limit)
    gone = await tx.execute(delete(INBOX).where(INBOX.c.id.in_(oldest)).returning(INBOX.c.id))
    return len(gone.all())
