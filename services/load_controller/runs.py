"""The run records of load jobs: made when a run is accepted, ended by the last receipt, announced with their rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import BindParameter, bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.load_controller.models import COMMAND, RUN
from services.load_controller.rules.run_ends import run_end
from shared import last_rows, outbox, run_states
from shared.contracts import load_topics, topics
from shared.contracts.loads import Receipt
from shared.contracts.messages import Caller
from shared.contracts.runs import Run, RunJob, RunStatus

LOAD_JOB = "load_job"
BLOCKED_EVENT, ENDED_EVENT = "load_job_blocked", "load_job_ended"

_OF: BindParameter[Any] = bindparam("runs", expanding=True)
_UNENDED = (
    select(RUN.c.id, RUN.c.record)
    .where(RUN.c.id.in_(_OF), RUN.c.ended_at.is_(None))
    .order_by(RUN.c.id)
    .with_for_update()
)
_COMMANDS = select(COMMAND.c.run, COMMAND.c.number, COMMAND.c.receipt).where(COMMAND.c.run.in_(_OF))
_ANSWERED = (
    update(COMMAND)
    .where(COMMAND.c.run == bindparam("of"), COMMAND.c.number == bindparam("at"))
    .values(receipt=bindparam("said"))
)
_DONE = delete(COMMAND).where(COMMAND.c.run == bindparam("of"), COMMAND.c.number == bindparam("at"))
_GONE = delete(COMMAND).where(COMMAND.c.run.in_(_OF))
_ENDED = update(RUN).where(RUN.c.id == bindparam("of")).values(record=bindparam("said"), ended_at=bindparam("when"))

_decode_run = msgspec.json.Decoder(Run).decode
_decode_receipt = msgspec.json.Decoder(Receipt).decode
Receipts = dict[int, Receipt]


class Telling(msgspec.Struct, frozen=True):
    """What it takes to announce something: the base of the topics, the time, and how long ended runs are shown."""

    base: str
    now: datetime
    shown_seconds: int

    async def run(self, tx: AsyncSession, run: Run) -> None:
        """The record; the broker forgets it a while after its end."""
        expiry = None
        if run.ended_at is not None:
            expiry = max(1, self.shown_seconds - int((self.now - run.ended_at).total_seconds()))
        await outbox.enqueue(tx, topics.RUN, run, base=self.base, now=self.now, expiry=expiry, run=run.id)

    async def event(self, tx: AsyncSession, name: str, subject: str, data: dict[str, Any]) -> None:
        """Something happened."""
        await outbox.enqueue_event(
            tx, service=load_topics.LOAD_CONTROLLER, name=name, subject=subject, data=data, base=self.base, now=self.now
        )


def accepted(run: str, job: int, caller: Caller, receipts: Sequence[Receipt], now: datetime) -> Run:
    """The record of a run whose commands are about to leave."""
    asked = Run(
        id=run,
        status=RunStatus.REQUESTED,
        job=RunJob(kind=LOAD_JOB, id=str(job), name=f"Job {job}"),
        version=0,
        started_by=caller,
        loads=list(dict.fromkeys(receipt.load for receipt in receipts if receipt.load is not None)),
        receipts=[msgspec.to_builtins(receipt) for receipt in receipts],
        requested_at=now,
    )
    return run_states.advance(run_states.advance(asked, RunStatus.ACCEPTED, now), RunStatus.RUNNING, now)


async def store(tx: AsyncSession, telling: Telling, run: Run) -> None:
    """Keep a new run and announce it."""
    row = {
        "id": run.id,
        "job": int(run.job.id),
        "record": msgspec.json.encode(run).decode(),
        "ended_at": run.ended_at,
        "announced": True,
    }
    await last_rows.add(tx, RUN, row)
    await telling.run(tx, run)
    if run.ended_at is not None:
        await telling.event(
            tx, BLOCKED_EVENT if run.status is RunStatus.BLOCKED else ENDED_EVENT, run.job.id, told(run)
        )


def ended(run: Run, receipts: Sequence[Receipt], now: datetime, script_error: str | None = None) -> Run:
    """The record with its end; the same record while a receipt is awaited."""
    end = run_end(receipts, script_error)
    shown = [msgspec.to_builtins(receipt) for receipt in receipts]
    if end is None:
        return run_states.changed(run, receipts=shown)
    return run_states.advance(run, end[0], now, reason=end[1], receipts=shown)


def told(run: Run) -> dict[str, Any]:
    """What the event of its end says."""
    wrong = [receipt for receipt in run.receipts if receipt.get("outcome") != "reported"]
    return {"run": run.id, "job": int(run.job.id), "status": run.status.value, "reason": run.reason, "receipts": wrong}


async def answer(tx: AsyncSession, telling: Telling, said: dict[str, Receipts], alone: set[tuple[str, int]]) -> None:
    """Note what loads said to runs; a run whose last command is answered ends. `alone` are commands of no run.

    A command that was answered already, by this controller or another, is left as it is.
    """
    if alone:
        await tx.execute(_DONE, [{"of": run, "at": number} for run, number in alone])
    names = [run for run in said if said[run]]
    if not names:
        return
    records = {row.id: _decode_run(row.record) for row in await tx.execute(_UNENDED, {"runs": names})}
    known: dict[str, Receipts] = {run: {} for run in records}
    open_: dict[str, set[int]] = {run: set() for run in records}
    for row in await tx.execute(_COMMANDS, {"runs": names}):
        if row.run in records and row.receipt is not None:
            known[row.run][row.number] = _decode_receipt(row.receipt)
        elif row.run in records:
            open_[row.run].add(row.number)
    answered, over = [], []
    for run, record in records.items():
        new = {number: receipt for number, receipt in said[run].items() if number in open_[run]}
        if open_[run] - new.keys():
            answered += [{"of": run, "at": number, "said": _text(receipt)} for number, receipt in new.items()]
        else:
            over.append(_whole(record, known[run] | new, telling.now))
    await _write(tx, telling, answered, over)


def _whole(record: Run, said: Receipts, now: datetime) -> Run:
    """The receipts of a record were numbered as they stand in it; those that were skipped were never commands."""
    receipts = [said.get(number) or msgspec.convert(each, Receipt) for number, each in enumerate(record.receipts)]
    return ended(record, receipts, now)


async def _write(tx: AsyncSession, telling: Telling, answered: list[dict[str, Any]], over: list[Run]) -> None:
    if answered:
        await tx.execute(_ANSWERED, answered)
    if over:
        await tx.execute(_GONE, {"runs": [run.id for run in over]})
        await tx.execute(_ENDED, [{"of": run.id, "said": _text(run), "when": run.ended_at} for run in over])
    for run in over:
        await telling.run(tx, run)
        await telling.event(tx, ENDED_EVENT, run.job.id, told(run))


def _text(struct: msgspec.Struct) -> str:
    return msgspec.json.encode(struct).decode()


async def shown(tx: AsyncSession, since: datetime, limit: int) -> list[Run]:
    """The newest runs that live, or ended after `since`."""
    alive = RUN.c.ended_at.is_(None) | (RUN.c.ended_at > since)
    rows = await tx.execute(select(RUN.c.record).where(alive).order_by(RUN.c.id.desc()).limit(limit))
    return [_decode_run(record) for record in rows.scalars()]


async def forget(tx: AsyncSession, now: datetime, *, days: int, limit: int) -> int:
    """Remove some runs that ended before that many days; answers how many."""
    old = select(RUN.c.id).where(RUN.c.ended_at < now - timedelta(days=days)).limit(limit)
    gone = await tx.execute(delete(RUN).where(RUN.c.id.in_(old)).returning(RUN.c.id))
    return len(gone.all())
