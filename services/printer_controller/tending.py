"""What is done for a printer at its own pace: samples on MQTT, the journal, the run's progress, lost runs."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from services.printer_controller import bookkeeping, journal, runs
from services.printer_controller.printers import Printer
from services.printer_controller.progress import Place
from shared.contracts import topics
from shared.contracts.printers import PrinterLog
from shared.contracts.runs import RunStatus
from shared.errors import JobError

LOG = logging.getLogger(__name__)

SAMPLE_EVERY = 0.25  # seconds while printing
LOG_EVERY = 0.5  # seconds
LOOK_EVERY = 1.0  # seconds while idle
REFRESH_EVERY = 5.0  # seconds between two versions of a run that only makes progress
LOST_EVERY = 30.0  # seconds


async def sample(printer: Printer) -> None:
    """Publish progress and temperatures, for ever."""
    while True:
        printer.publishing.sample()
        await printer.shop.clock.sleep(SAMPLE_EVERY if printer.run is not None else LOOK_EVERY)


async def publish_log(printer: Printer) -> None:
    """Publish what went over the line while somebody reads along, for ever."""
    shop, terminal = printer.shop, printer.terminal
    while True:
        await terminal.asked.wait()
        await shop.clock.sleep(LOG_EVERY)
        lines = terminal.take(shop.clock.monotonic())
        if lines:
            shop.bus.publish_latest(
                topics.PRINTER_LOG, PrinterLog(lines=lines, at=shop.clock.now()), printer=printer.id
            )


async def keep_journal(printer: Printer) -> None:
    """Write down each second where the print is, for ever."""
    written: tuple[str, Place] | None = None
    while True:
        await printer.shop.clock.sleep(journal.EVERY)
        run, place, session = printer.run, printer.place, printer.session
        if run is None or place is None or session is None or (run, place) == written:
            continue
        try:
            async with printer.shop.writing() as writing:
                await journal.note(writing, printer.id, run, place, session.modal)
            written = (run, place)
        except JobError as error:
            LOG.warning("%s: the journal could not be written: %s", printer.id, error)


async def refresh_run(printer: Printer) -> None:
    """Show the progress of the run under way every few seconds, for ever."""
    shown: Place | None = None
    while True:
        await printer.shop.clock.sleep(REFRESH_EVERY)
        place = printer.place
        if place is not None and place != shown and await _patiently(printer, _refresh):
            shown = place


async def end_lost_runs(printer: Printer) -> None:
    """End runs that nobody works on: a commit whose outcome never reached us, for ever."""
    while True:
        await printer.shop.clock.sleep(LOST_EVERY)
        if printer.run is None:
            await _patiently(printer, _end_lost)


async def _patiently(printer: Printer, write: Callable[[Printer], Awaitable[None]]) -> bool:
    try:
        async with printer.lock:
            await bookkeeping.settle(printer)
            await write(printer)
        return True
    except JobError as error:
        LOG.warning("%s: %s", printer.id, error)
        return False


async def _refresh(printer: Printer) -> None:
    run, place = printer.run, printer.place
    if run is None or place is None:
        return
    async with printer.shop.writing() as writing:
        row = await runs.find(writing.tx, run)
        if row is not None:
            await runs.refresh(writing, row, place)


async def _end_lost(printer: Printer) -> None:
    if printer.run is not None:
        return
    async with printer.shop.store.reading() as tx:
        if not await runs.unended(tx, printer.id):
            return
    async with printer.shop.writing() as writing:
        for row in await runs.unended(writing.tx, printer.id):
            LOG.error("%s: run %s was accepted and never began", printer.id, row.id)
            await runs.end(writing, row, RunStatus.FAILED, Place(0, 0, row.size, 0.0), "the print did not begin")
