"""One decision per message: checked against the inbox, decided, answered and recorded in a single transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from shared import inbox
from shared.answered import Answered
from shared.bus import Delivery
from shared.errors import JobError
from shared.patience import Patience
from shared.store import Store
from shared.store_errors import Passing

Handler = Callable[[AsyncSession, Any], Awaitable[Any]]


async def decide_once(
    store: Store,
    delivery: Delivery,
    handler: Handler,
    *,
    now: datetime,
    undone: Callable[[], None] | None = None,
    quickly: bool = False,
) -> Any:
    """What `handler(tx, message)` answered; a message that comes again gets the recorded answer and changes nothing.

    A repeat is rare, so it is found out by its id's second insert and not by looking first, which would cost every
    message a trip to the database: the handler may then have decided again. What it wrote is rolled back, and
    `undone` is called, so that the caller drops what was to follow.

    A `JobError` of the handler undoes what it wrote, is recorded, and is raised here and for every repeat: what was
    refused never acts later. An answer that is no struct (`bus.NOT_MINE`) undoes the transaction and is not recorded.
    A message without an id comes from outside and is handled each time. `quickly`: the handler writes last rows alone,
    and they must not outlive a power cut (`Store.quickly`).

    A database that goes away for a moment is waited for (`shared.patience`). Had it committed before that, the answer
    holds and what follows from it is done; else the message is decided again.
    """
    patience = Patience()
    while True:
        try:
            return await _decide_now(store, delivery, handler, now, undone, quickly)
        except Passing as error:
            if delivery.id is None:
                raise  # a repeat could not be told
            await patience.rest(error)
        found = await _recorded_lately(store, delivery, patience)
        if found is not None:
            return _again(delivery, found, None if found.at == now else undone)
        if undone is not None:
            undone()


async def _decide_now(
    store: Store,
    delivery: Delivery,
    handler: Handler,
    now: datetime,
    undone: Callable[[], None] | None,
    quickly: bool,
) -> Any:
    try:
        async with store.quickly() if quickly else store.transaction() as tx:
            return await _decide(tx, delivery, handler, now)
    except _NotRecorded as not_recorded:
        return not_recorded.answer
    except _Refused as refused:
        return await _refuse(store, delivery, refused.error, now, undone)
    except IntegrityError:
        found = await _recorded(store, delivery)
        if found is None:
            raise
        return _again(delivery, found, undone)


async def decide_by_state(
    answered: Answered, delivery: Delivery, handler: Callable[[None, Any], Awaitable[Any]], *, now: datetime
) -> Any:
    """The same for a decision by a state in memory, which reads and writes no row: `answered` keeps id and answer.

    They are kept through any end of the process, not through a power cut: with that the state is gone as well.
    """
    found = answered.find(delivery.id)
    if found is not None:
        return _again(delivery, found, None)
    try:
        answer = await handler(None, delivery.message)
    except JobError as error:
        if delivery.id is not None:
            answered.note(delivery.id, error, now)
        raise
    if delivery.id is not None and (answer is None or isinstance(answer, msgspec.Struct)):
        answered.note(delivery.id, answer, now)
    return answer


class _NotRecorded(Exception):
    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer


class _Refused(Exception):
    def __init__(self, error: JobError) -> None:
        super().__init__()
        self.error = error


async def _decide(tx: AsyncSession, delivery: Delivery, handler: Handler, now: datetime) -> Any:
    try:
        answer = await handler(tx, delivery.message)
    except JobError as error:
        raise _Refused(error) from error
    if answer is not None and not isinstance(answer, msgspec.Struct):
        raise _NotRecorded(answer)
    if delivery.id is not None:
        await inbox.record(tx, delivery.id, answer, now)
    return answer


async def _refuse(
    store: Store, delivery: Delivery, error: JobError, now: datetime, undone: Callable[[], None] | None
) -> Any:
    """Record the refusal; should the message have been decided before, that answer holds."""
    if delivery.id is None:
        raise error
    try:
        async with store.transaction() as tx:
            await inbox.record(tx, delivery.id, error, now)
    except IntegrityError:
        found = await _recorded(store, delivery)
        if found is not None:
            return _again(delivery, found, undone)
    raise error


async def _recorded(store: Store, delivery: Delivery) -> inbox.Recorded | None:
    if delivery.id is None:
        return None
    async with store.reading() as tx:
        return await inbox.recorded(tx, delivery.id)


async def _recorded_lately(store: Store, delivery: Delivery, patience: Patience) -> inbox.Recorded | None:
    """`_recorded`, as soon as the database answers again."""
    while True:
        try:
            return await _recorded(store, delivery)
        except Passing as error:
            await patience.rest(error)


def _again(delivery: Delivery, found: inbox.Recorded, undone: Callable[[], None] | None) -> Any:
    """The recorded answer as it was given the first time."""
    if undone is not None:
        undone()
    error = found.error()
    if error is not None:
        raise error
    return None if found.answer is None else msgspec.json.decode(found.answer, type=delivery.topic.answer)
