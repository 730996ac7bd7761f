"""The run records of prints: made, moved along their life cycle, ended; each step announced in its transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.printer_controller import files
from services.printer_controller.models import RunRow
from services.printer_controller.progress import Place
from services.printer_controller.view import Selection
from services.printer_controller.writing import Writing
from shared import run_states
from shared.contracts.messages import Caller
from shared.contracts.runs import Run, RunJob, RunProgress, RunStatus
from shared.identifiers import new_id

_INSERT = insert(RunRow.__table__)  # type: ignore[attr-defined]  # the way to `Starting` is short: no unit of work
PRINT = "print"
RESTARTED = "restarted"  # a print that begins again counts once, as on OctoPrint
OUTCOMES = {"done": RunStatus.SUCCEEDED, "cancelled": RunStatus.CANCELLED, "failed": RunStatus.FAILED}
EVENTS = {
    RunStatus.SUCCEEDED: "print_done",
    RunStatus.CANCELLED: "print_cancelled",
    RunStatus.FAILED: "print_failed",
}


async def accept(writing: Writing, printer: str, chosen: Selection, caller: Caller) -> str:
    """A new run of the selected file: accepted, not yet running. Answers its id."""
    asked = Run(
        id=new_id(),
        status=RunStatus.REQUESTED,
        job=RunJob(kind=PRINT, id=chosen.file.path, name=chosen.file.display),
        version=0,
        started_by=caller,
        printer=printer,
        requested_at=writing.now,
    )
    record = run_states.advance(asked, RunStatus.ACCEPTED, writing.now)
    row = {
        "id": record.id,
        "printer": printer,
        "record": record,
        "file_key": chosen.key,
        "digest": chosen.digest,
        "size": chosen.file.size,
        "cancelling": False,
        "announced": True,
    }
    await writing.tx.execute(_INSERT, [row])
    await writing.run(record)
    return record.id


async def begin(writing: Writing, row: RunRow) -> None:
    """The printer has taken the first line."""
    if row.record.status is not RunStatus.ACCEPTED:
        return
    row.record = run_states.advance(row.record, RunStatus.RUNNING, writing.now)
    await writing.run(row.record)
    await step(writing, row, "print_started")


async def step(writing: Writing, row: RunRow, name: str, **data: Any) -> None:
    """Announce a step of the print that does not change its status."""
    await writing.event(name, row.printer, {**event_data(row), **data})


async def end(writing: Writing, row: RunRow, status: RunStatus, place: Place, reason: str | None) -> bool:
    """End the run, count the print, announce both; False when it had its end already."""
    if run_states.has_ended(row.record):
        return False
    if status is RunStatus.SUCCEEDED and row.record.status is RunStatus.ACCEPTED:
        await begin(writing, row)  # a file without a single line to send: it began and ended at once
    if status is RunStatus.SUCCEEDED:
        place = replace(place, position=row.size)
    row.record = run_states.advance(row.record, status, writing.now, reason=reason, progress=run_progress(place))
    row.ended_at = row.record.ended_at
    success = status is RunStatus.SUCCEEDED
    if reason != RESTARTED:
        await files.count_print(writing.tx, row.file_key, success=success, seconds=place.print_time, now=writing.now)
    await writing.run(row.record)
    details = {"time": place.print_time, "progress": int(place.completion), "line": place.line, "reason": reason}
    # OctoPrint tells nobody of a cancel when a paused print begins again.
    await step(writing, row, "print_restarted" if reason == RESTARTED else EVENTS[status], **details)
    return True


async def refresh(writing: Writing, row: RunRow, place: Place) -> None:
    """Show how far the run is."""
    if row.record.status is not RunStatus.RUNNING:
        return
    row.record = run_states.changed(row.record, progress=run_progress(place))
    await writing.run(row.record)


async def find(tx: AsyncSession, run: str) -> RunRow | None:
    """The run of that id."""
    return await tx.get(RunRow, run)


async def unended(tx: AsyncSession, printer: str) -> Sequence[RunRow]:
    """The printer's runs without an end, oldest first."""
    query = select(RunRow).where(col(RunRow.printer) == printer, col(RunRow.ended_at).is_(None))
    return (await tx.scalars(query.order_by(col(RunRow.id)))).all()


async def shown(tx: AsyncSession, since: datetime, limit: int) -> Sequence[RunRow]:
    """The newest runs that live, or ended after `since`: those whose record stands on the broker. They stay locked."""
    alive = col(RunRow.ended_at).is_(None) | (col(RunRow.ended_at) > since)
    query = select(RunRow).where(alive).order_by(col(RunRow.id).desc()).limit(limit)
    return (await tx.scalars(query.with_for_update())).all()


async def stale(tx: AsyncSession, before: datetime, limit: int) -> Sequence[RunRow]:
    """Runs that ended before that time and may still stand on the broker."""
    query = select(RunRow).where(col(RunRow.announced), col(RunRow.ended_at) < before)
    return (await tx.scalars(query.order_by(col(RunRow.ended_at)).limit(limit))).all()


async def cleared(tx: AsyncSession, ids: Sequence[str]) -> None:
    """The records of these runs do not stand on the broker any more."""
    await tx.execute(update(RunRow).where(col(RunRow.id).in_(ids)).values(announced=False))


async def forget(tx: AsyncSession, before: datetime, limit: int) -> None:
    """Remove at most `limit` rows of runs that ended before that time and are not shown any more."""
    old = select(col(RunRow.id)).where(~col(RunRow.announced), col(RunRow.ended_at) < before).limit(limit)
    await tx.execute(delete(RunRow).where(col(RunRow.id).in_(old)))


async def digests_in_use(tx: AsyncSession, digests: list[str]) -> set[str]:
    """Those of the digests that a print under way still needs."""
    query = select(col(RunRow.digest)).where(col(RunRow.digest).in_(digests), col(RunRow.ended_at).is_(None))
    return set(await tx.scalars(query))


async def prints_any(tx: AsyncSession, keys: Sequence[str]) -> bool:
    """Whether a print of one of the files of these keys is under way, on any printer."""
    printed = await tx.scalars(select(col(RunRow.file_key)).where(col(RunRow.ended_at).is_(None)))
    return not set(keys).isdisjoint(printed)


def run_progress(place: Place) -> RunProgress:
    """The progress as the run record shows it."""
    return RunProgress(completion=place.completion, line=place.line, position=place.position)


def event_data(row: RunRow) -> dict[str, Any]:
    """What every event of a print says, in the words of OctoPrint's events."""
    owner = row.record.started_by.name if row.record.started_by else None
    return {
        "printer": row.printer,
        "run": row.id,
        "name": row.record.job.name,
        "path": row.record.job.id,
        "origin": "local",
        "size": row.size,
        "owner": owner,
        "user": owner,
    }
