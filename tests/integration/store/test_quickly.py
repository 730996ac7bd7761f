"""Transactions that need not outlive a power cut are as whole as all others, and their messages go out the same way."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from shared import inbox, outbox
from shared.common_tables import INBOX, OUTBOX
from shared.store import Store
from tests.support.clock import START


async def say(tx: AsyncSession, message: str) -> None:
    await inbox.record(tx, message, None, START)
    await outbox.enqueue_event(
        tx, service="tested", name="said", subject=message, data={}, base="jobwire", now=START
    )  # fmt: skip


async def say_and_fail(store: Store) -> None:
    async with store.quickly() as tx:
        await say(tx, "a")
        raise RuntimeError("no")


async def kept(store: Store) -> tuple[list[str], int]:
    async with store.reading() as tx:
        ids = list((await tx.execute(select(INBOX.c.id))).scalars())
        return ids, len(list(await tx.execute(select(OUTBOX.c.id))))


async def test_a_quick_transaction_is_kept_and_told_to_the_relay(store: Store) -> None:
    told: list[int] = []
    store.on_commit(lambda tx: told.append(len(outbox.collected(tx))))
    async with store.quickly() as tx:
        await say(tx, "a")
    assert (await kept(store), told) == ((["a"], 1), [1])


async def test_of_a_quick_transaction_that_repeats_an_id_nothing_is_kept(store: Store) -> None:
    async with store.quickly() as tx:
        await say(tx, "a")
    with pytest.raises(IntegrityError):
        async with store.quickly() as tx:
            await say(tx, "a")
    assert await kept(store) == (["a"], 1)


async def test_of_a_quick_transaction_that_raises_nothing_is_kept(store: Store) -> None:
    with pytest.raises(RuntimeError):
        await say_and_fail(store)
    assert await kept(store) == ([], 0)


async def test_one_that_need_not_last_takes_turns_with_those_that_must(store: Store) -> None:
    async with store.transaction(lasting=False) as tx:
        await say(tx, "a")
        found = (await tx.execute(select(INBOX.c.id))).scalars()
        assert list(found) == []  # last rows come with the commit
    async with store.transaction() as tx:
        assert list((await tx.execute(select(INBOX.c.id))).scalars()) == ["a"]
