"""Outgoing messages are decided together with the rows they speak of: stored in the same transaction, sent afterwards.

`enqueue` collects; the store writes all messages of a transaction together with its commit (`shared.last_rows`), and
the relay (`shared.relay`) sends them in the order of their commits.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from shared import last_rows
from shared.common_tables import OUTBOX
from shared.contracts import topics
from shared.contracts.messages import Event, Message
from shared.contracts.topics import Topic
from shared.identifiers import new_id


class Outgoing(msgspec.Struct, frozen=True):
    """One message to send: a row of the outbox. `expiry_seconds` counts from `created_at`."""

    id: str
    topic: str
    payload: bytes
    qos: int
    retain: bool
    expiry_seconds: int | None
    created_at: datetime


async def enqueue(
    tx: AsyncSession,
    topic: Topic,
    payload: msgspec.Struct | str,
    *,
    base: str,
    now: datetime,
    expiry: int | None = None,
    message_id: str | None = None,
    **levels: str,
) -> str:
    """Send `payload` on `topic` once `tx` has committed; answers the id that receivers recognise repeats by.

    `expiry` in seconds overrides the catalogue's. Raises `Invalid` for a level that cannot be part of a topic.
    """
    if isinstance(payload, Message) and payload.id is None:
        payload = msgspec.structs.replace(payload, id=message_id or new_id(), time=now)
    own_id = payload.id if isinstance(payload, Message | Event) else None
    message = Outgoing(
        id=message_id or own_id or new_id(),
        topic=topic.build(base, **levels),
        payload=payload.encode() if isinstance(payload, str) else msgspec.json.encode(payload),
        qos=topic.qos,
        retain=topic.retain,
        expiry_seconds=topic.expiry if expiry is None else expiry,
        created_at=now,
    )
    await last_rows.add(tx, OUTBOX, msgspec.structs.asdict(message))
    return message.id


async def enqueue_event(
    tx: AsyncSession,
    *,
    service: str,
    name: str,
    subject: str | None,
    data: dict[str, Any],
    base: str,
    now: datetime,
    traceparent: str | None = None,
) -> str:
    """Announce that something happened; `name` in the past tense, `subject` what it happened to. Answers its id."""
    event = Event(
        id=new_id(),
        type=name,
        source=f"{base}/{service}",
        time=now,
        subject=subject,
        traceparent=traceparent,
        data=data,
    )
    return await enqueue(tx, topics.EVENT, event, base=base, now=now, service=service, name=name)


def collected(tx: AsyncSession) -> list[Outgoing]:
    """The messages of this transaction, in order."""
    return [Outgoing(**row) for row in last_rows.rows_of(tx, OUTBOX)]
