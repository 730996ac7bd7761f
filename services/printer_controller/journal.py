"""Where a print is, written down once a second, so that a crash can say the line and a print can be continued."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.printer_controller.models import JournalRow
from services.printer_controller.progress import Place
from services.printer_controller.recovery import LeftJournal
from services.printer_controller.writing import Writing

EVERY = 1.0  # seconds between two entries of a print


async def prepare(writing: Writing, printer: str) -> None:
    """Make the printer's journal when it has none; one that a crash left stays until the next print writes."""
    if await writing.tx.get(JournalRow, printer) is None:
        writing.tx.add(JournalRow(printer=printer, run="", updated_at=writing.now))


async def note(writing: Writing, printer: str, run: str, place: Place, modal: Any) -> None:
    """Where the print is, in one UPDATE."""
    entry = {
        "run": run,
        "line": place.line,
        "position": place.position,
        "modal": msgspec.json.encode(modal).decode(),
        "updated_at": writing.now,
    }
    await writing.tx.execute(update(JournalRow).where(col(JournalRow.printer) == printer).values(**entry))


async def left(tx: AsyncSession, printer: str) -> LeftJournal | None:
    """The printer's journal as it was found."""
    row = await tx.get(JournalRow, printer)
    return None if row is None else LeftJournal(row.run, row.line, row.position)
