"""Notes of a session become rows and messages, in order, one transaction each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.printer_controller import analyses, journal, runs, states
from services.printer_controller.models import FileRow, PrinterRow
from services.printer_controller.notes import MadeSafe, Note, PrintEnded, PrintStep, Report, Unselected
from services.printer_controller.printers import Printer
from services.printer_controller.progress import Place
from services.printer_controller.view import Selection
from services.printer_controller.writing import Writing
from shared.contracts.runs import RunStatus
from shared.errors import JobError

LOG = logging.getLogger(__name__)

FIRST_PAUSE = 0.2  # seconds before a note is tried again; doubled up to the longest
LONGEST_PAUSE = 15.0
LATER = 0.01  # seconds that a note waits, so that the command that follows from it does not wait for the note

Effect = Callable[[], None]


async def keep_books(printer: Printer) -> None:
    """Write notes as they come, for ever.

    A database that is full or away is tried again without end: the print goes on meanwhile, and the notes have a bound.
    """
    pause = FIRST_PAUSE
    while True:
        await printer.notes.wait()
        await asyncio.sleep(LATER)
        try:
            async with printer.lock:
                await settle(printer)
            pause = FIRST_PAUSE
        except JobError as error:
            LOG.warning("%s: notes wait for the database (%s)", printer.id, error)
            await printer.shop.clock.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)


async def settle(printer: Printer) -> None:
    """Write all notes there are; the caller holds the printer's lock. A note that fails stays the first one."""
    while (note := printer.notes.first()) is not None:
        async with printer.shop.writing() as writing:
            effects = await _WRITERS[type(note)](writing, printer, note)
        printer.notes.done()
        for effect in effects:
            effect()


async def _print_step(writing: Writing, printer: Printer, note: PrintStep) -> list[Effect]:  # noqa: ARG001
    row = await runs.find(writing.tx, note.run)
    if row is None:
        return []
    if note.name == "print_started":
        await runs.begin(writing, row)
    elif (
        note.name != "print_cancelling" or not row.cancelling
    ):  # a commanded cancel was announced when it was committed
        await runs.step(writing, row, note.name, **note.data)
    return []


async def _print_ended(writing: Writing, printer: Printer, note: PrintEnded) -> list[Effect]:
    end = note.end
    row = await runs.find(writing.tx, end.run)
    if row is None:
        return []
    status, reason = runs.OUTCOMES[end.outcome], end.reason
    if row.cancelling and status is RunStatus.FAILED:
        status, reason = RunStatus.CANCELLED, f"cancelled; {reason}"
    elif printer.stopping and status is RunStatus.CANCELLED and not row.cancelling:
        status, reason = RunStatus.FAILED, "controller stopped"
    place = Place(end.line, end.position, row.size, end.print_time)
    if not await runs.end(writing, row, status, place, reason):
        return []
    await journal.note(writing, printer.id, end.run, place, printer.session.modal if printer.session else None)
    effects: list[Effect] = []
    if end.outcome == "failed":
        await set_unsafe(writing.tx, printer.id, True)
        effects.append(lambda: _needs_care(printer))
    file = await writing.tx.get(FileRow, row.file_key)
    if file is not None and printer.selection is not None and printer.selection.key == file.key:
        counted = await analyses.selection_of(writing.tx, file, printer.selection.user)
        effects.append(lambda: _recount(printer, counted))
    return effects


async def _report(writing: Writing, printer: Printer, note: Report) -> list[Effect]:
    await writing.event(note.name, printer.id, {"printer": printer.id, **note.data})
    return []


async def _unselected(writing: Writing, printer: Printer, note: Unselected) -> list[Effect]:  # noqa: ARG001
    await set_selected(writing.tx, printer.id, None, None)
    return []


async def _made_safe(writing: Writing, printer: Printer, note: MadeSafe) -> list[Effect]:  # noqa: ARG001
    await set_unsafe(writing.tx, printer.id, False)
    await writing.event("printer_made_safe", printer.id, {"printer": printer.id})
    return []


_WRITERS: dict[type[Note], Callable[[Writing, Printer, Any], Awaitable[list[Effect]]]] = {
    PrintStep: _print_step,
    PrintEnded: _print_ended,
    Report: _report,
    Unselected: _unselected,
    MadeSafe: _made_safe,
}


async def set_selected(tx: AsyncSession, printer: str, key: str | None, user: str | None) -> None:
    """Remember the selected file."""
    await tx.execute(update(PrinterRow).where(col(PrinterRow.id) == printer).values(selected=key, selected_by=user))


async def set_unsafe(tx: AsyncSession, printer: str, unsafe: bool) -> None:
    """Remember whether the printer still has to be made safe."""
    await tx.execute(update(PrinterRow).where(col(PrinterRow.id) == printer).values(unsafe=unsafe))


def _needs_care(printer: Printer) -> None:
    printer.unsafe = True
    if printer.status in states.OPERATIONAL and printer.run is None:
        printer.make_safe()


def _recount(printer: Printer, counted: Selection) -> None:
    if printer.selection is not None and printer.selection.key == counted.key:
        printer.selection = counted
        printer.publishing.job_changed()
