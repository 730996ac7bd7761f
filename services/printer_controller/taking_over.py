"""What a controller does when a printer becomes its own: it ends what was left behind and remembers the rest."""

from __future__ import annotations

import logging

from services.printer_controller import analyses, journal, recovery, runs
from services.printer_controller.discovery import SavedConnection
from services.printer_controller.models import FileRow, PrinterRow
from services.printer_controller.printers import Printer
from services.printer_controller.progress import Place
from services.printer_controller.recovery import LeftRun
from services.printer_controller.view import Selection
from services.printer_controller.writing import Writing

LOG = logging.getLogger(__name__)


async def take_over(printer: Printer) -> None:
    """End the runs that a dead controller left, in one transaction, and restore selection and connection.

    Nothing is announced as the printer's state before that is committed.
    """
    async with printer.shop.writing() as writing:
        row = await _row(writing, printer)
        if await _end_left_runs(writing, printer.id):
            row.unsafe = True
        await journal.prepare(writing, printer.id)
        chosen = await _selection(writing, row)
        unsafe, saved = row.unsafe, SavedConnection(row.saved_port, row.saved_baudrate, row.saved_autoconnect)
    printer.selection, printer.saved, printer.unsafe, printer.run = chosen, saved, unsafe, None
    printer.publishing.muted = False
    printer.held = True
    printer.claim_known.set()


async def _row(writing: Writing, printer: Printer) -> PrinterRow:
    row = await writing.tx.get(PrinterRow, printer.id)
    if row is None:
        row = PrinterRow(id=printer.id, instance=printer.shop.owner)
        writing.tx.add(row)
    row.instance = printer.shop.owner
    return row


async def _end_left_runs(writing: Writing, printer: str) -> bool:
    """End every run without an end; whether the printer has to be made safe."""
    rows = {row.id: row for row in await runs.unended(writing.tx, printer)}
    left = [LeftRun(row.record, row.cancelling) for row in rows.values()]
    decided = recovery.decide(left, await journal.left(writing.tx, printer))
    for ending in decided.endings:
        row = rows[ending.run]
        LOG.warning("%s: run %s ends %s: %s", printer, ending.run, ending.status, ending.reason)
        started = row.record.started_at
        seconds = max(0.0, (writing.now - started).total_seconds()) if started is not None else 0.0
        place = Place(ending.line, ending.position, row.size, seconds)
        await runs.end(writing, row, ending.status, place, ending.reason)
    return decided.unsafe


async def _selection(writing: Writing, row: PrinterRow) -> Selection | None:
    file = await writing.tx.get(FileRow, row.selected) if row.selected is not None else None
    return await analyses.selection_of(writing.tx, file, row.selected_by) if file is not None else None
