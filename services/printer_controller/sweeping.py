"""What grows old is removed: retained records of runs a day after their end, rows after months, printers that went."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from sqlalchemy import delete, select
from sqlmodel import col

from services.printer_controller import analyses, publishing, runs
from services.printer_controller.models import JournalRow, PrinterRow
from services.printer_controller.printers import Shop
from shared.contracts import topics
from shared.errors import JobError

LOG = logging.getLogger(__name__)

EVERY = 600.0  # seconds
AT_ONCE = 500  # rows in one transaction


async def sweep(shop: Shop, stopping: asyncio.Event) -> None:
    """Sweep now and every few minutes until `stopping`; what fails is tried again the next time."""
    stop = asyncio.create_task(stopping.wait())
    while not stopping.is_set():
        turn = asyncio.create_task(_turn(shop))
        await asyncio.wait((turn, stop), return_when=asyncio.FIRST_COMPLETED)
        if not turn.done():
            turn.cancel()
            await asyncio.gather(turn, return_exceptions=True)
        elif turn.exception() is not None:
            raise RuntimeError("sweeping failed") from turn.exception()


async def _turn(shop: Shop) -> None:
    try:
        await shop.bus.wait_connected(60.0)
        await clear_gone_printers(shop)
        await clear_old_runs(shop)
        async with shop.writing() as writing:
            await analyses.forget_unused(writing.tx)
    except JobError as error:
        LOG.warning("could not sweep: %s", error)
    await shop.clock.sleep(EVERY)


async def clear_old_runs(shop: Shop) -> None:
    """Clear the retained records that are older than their time, and forget rows that are older than theirs.

    The broker is not trusted with expiry, and one that was down when a record ran out has kept it.
    """
    keep = shop.settings.retention
    now = shop.clock.now()
    async with shop.store.reading() as tx:
        stale = await runs.stale(tx, now - timedelta(hours=keep.run_topic_hours), AT_ONCE)
    for row in stale:
        name = topics.RUN.build(shop.bus.base, run=row.id)
        await shop.bus.publish_raw(name, b"", qos=1, retain=True, expiry=None, message_id=None)
    async with shop.writing() as writing:
        await runs.cleared(writing.tx, [row.id for row in stale])
        await runs.forget(writing.tx, now - timedelta(days=keep.runs_days), AT_ONCE)


async def clear_gone_printers(shop: Shop) -> None:
    """Clear the retained topics of printers that this instance had and that are configured no more."""
    configured = [printer.id for printer in shop.settings.printer]
    ours = (col(PrinterRow.instance) == shop.owner) & col(PrinterRow.id).not_in(configured)
    async with shop.store.reading() as tx:
        gone = list(await tx.scalars(select(col(PrinterRow.id)).where(ours)))
    for printer in gone:
        LOG.info("printer %s is configured no more: clearing its topics", printer)
        await publishing.clear(shop.bus, printer)
        async with shop.writing() as writing:
            await writing.tx.execute(delete(PrinterRow).where(col(PrinterRow.id) == printer))
            await writing.tx.execute(delete(JournalRow).where(col(JournalRow.printer) == printer))
