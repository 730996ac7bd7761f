"""A message that comes twice has one effect and gets one answer, whatever that answer was."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared import outbox
from shared.bus import NOT_MINE, Delivery
from shared.common_tables import INBOX, OUTBOX
from shared.contracts import topics
from shared.contracts.printers import CommandDone, PrinterStatus, StartPrint
from shared.decide import decide_once
from shared.errors import Broken, Conflict, Unavailable
from shared.store import Store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def delivery(message_id: str | None = "m1") -> Delivery:
    message = StartPrint(printer="virtual", id=message_id)
    return Delivery(topics.COMMAND_PRINTER, {}, b"", message, id=message_id)


class Handler:
    """Writes an event and answers, or fails after writing."""

    def __init__(self, answer: Any = None, failure: Exception | None = None) -> None:
        self.calls = 0
        self.answer, self.failure = answer, failure

    async def __call__(self, tx: AsyncSession, message: StartPrint) -> Any:
        self.calls += 1
        await outbox.enqueue_event(
            tx, service="tested", name="started", subject=message.printer, data={}, base="jobwire", now=NOW
        )
        if self.failure:
            raise self.failure
        return self.answer


async def count(store: Store, table: Any) -> int:
    async with store.reading() as tx:
        return (await tx.execute(select(func.count()).select_from(table))).scalar_one()


async def test_a_repeat_gets_the_first_answer_and_does_nothing(store: Store) -> None:
    first, second = Handler(CommandDone(run="r1", state=PrinterStatus.PRINTING)), Handler(CommandDone(run="r2"))
    given = await decide_once(store, delivery(), first, now=NOW)
    undone: list[str] = []
    again = await decide_once(store, delivery(), second, now=NOW, undone=lambda: undone.append("second"))
    assert given == again == CommandDone(run="r1", state=PrinterStatus.PRINTING)
    assert (undone, await count(store, OUTBOX), await count(store, INBOX)) == (["second"], 1, 1)


async def test_a_refusal_undoes_what_was_written_and_is_repeated_even_when_it_would_succeed_now(store: Store) -> None:
    refused = Conflict("nothing is selected", code="no_file", detail={"printer": "virtual"})
    with pytest.raises(Conflict):
        await decide_once(store, delivery(), Handler(failure=refused), now=NOW)
    undone: list[str] = []
    with pytest.raises(Conflict) as repeated:
        await decide_once(store, delivery(), Handler(CommandDone()), now=NOW, undone=lambda: undone.append("willing"))
    assert repeated.value.body() == refused.body()
    assert (undone, await count(store, OUTBOX)) == (["willing"], 0)


async def test_a_repeat_that_would_be_refused_now_gets_the_first_answer_and_drops_the_refusal(store: Store) -> None:
    await decide_once(store, delivery(), Handler(CommandDone(run="r1")), now=NOW)
    undone: list[str] = []
    refusing = Handler(failure=Conflict("already printing"))
    again = await decide_once(store, delivery(), refusing, now=NOW, undone=lambda: undone.append("refusing"))
    assert (again, undone, await count(store, OUTBOX)) == (CommandDone(run="r1"), ["refusing"], 1)


@pytest.mark.parametrize("failure", [Unavailable("no printer", retry_after=7), Broken("ours")])
async def test_every_kind_of_job_error_is_final_for_its_message(store: Store, failure: Exception) -> None:
    for _ in range(2):
        with pytest.raises(type(failure)):
            await decide_once(store, delivery(), Handler(failure=failure), now=NOW)
    assert await count(store, INBOX) == 1


async def test_a_bug_records_nothing_so_that_the_message_can_come_again(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        await decide_once(store, delivery(), Handler(failure=ZeroDivisionError()), now=NOW)
    assert (await count(store, INBOX), await count(store, OUTBOX)) == (0, 0)
    assert await decide_once(store, delivery(), Handler(CommandDone()), now=NOW) == CommandDone()


async def test_a_message_without_an_id_is_handled_each_time(store: Store) -> None:
    handler = Handler(CommandDone())
    for _ in range(2):
        await decide_once(store, delivery(None), handler, now=NOW)
    with pytest.raises(Conflict):
        await decide_once(store, delivery(None), Handler(failure=Conflict("no")), now=NOW)
    assert (handler.calls, await count(store, INBOX)) == (2, 0)


async def test_a_message_for_another_owner_leaves_no_trace(store: Store) -> None:
    assert await decide_once(store, delivery(), Handler(NOT_MINE), now=NOW) is NOT_MINE
    assert (await count(store, INBOX), await count(store, OUTBOX)) == (0, 0)


async def test_an_answer_of_none_is_remembered_too(store: Store) -> None:
    undone: list[str] = []
    answers = [
        await decide_once(store, delivery(), handler, now=NOW, undone=lambda: undone.append("second"))
        for handler in (Handler(None), Handler(CommandDone()))
    ]
    assert (answers, undone) == ([None, None], ["second"])


async def test_twins_decided_at_the_same_time_have_one_effect_and_one_answer(store: Store) -> None:
    together = asyncio.Event()

    async def slow(tx: AsyncSession, message: StartPrint) -> CommandDone:
        await outbox.enqueue_event(tx, service="tested", name="started", subject=None, data={}, base="jobwire", now=NOW)
        if store.dialect == "postgresql":
            await asyncio.sleep(0.05)
        return CommandDone(run=f"r{len(asyncio.all_tasks())}-{together.is_set()}")

    answers = await asyncio.gather(*(decide_once(store, delivery(), slow, now=NOW) for _ in range(6)))
    assert len({answer.run for answer in answers}) == 1
    assert (await count(store, INBOX), await count(store, OUTBOX)) == (1, 1)
