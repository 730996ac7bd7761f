"""The life of one printer in this controller: claimed, served by a session, stopped in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Coroutine
from typing import Any

from services.printer_controller import bookkeeping, ownership, states, tending
from services.printer_controller.connecting import Connecting
from services.printer_controller.notes import Notes
from services.printer_controller.printers import Printer
from services.printer_controller.printing import PrintEnd
from services.printer_controller.taking_over import take_over
from shared.errors import JobError
from shared.leases import Lease

LOG = logging.getLogger(__name__)

CANCEL_WITHIN = 4.0  # seconds for the cancel script when the controller stops
CLOSE_WITHIN = 1.0  # seconds for the port
NOTE_WITHIN = 1.0  # seconds for the note that is being written
FIRST_PAUSE = 1.0  # seconds before a failed session is replaced; doubled up to the longest
LONGEST_PAUSE = 60.0
STEADY_AFTER = 120.0  # seconds of life after which a session's failure counts as the first one again


async def keep(printer: Printer, connecting: Connecting, stopping: asyncio.Event) -> None:
    """Own and serve the printer until `stopping`. Raises what no new session could mend."""
    stop = asyncio.create_task(stopping.wait())
    try:
        while not stopping.is_set():
            claiming = asyncio.create_task(ownership.claim(printer))
            await _first_of(claiming, stop)
            if not claiming.done():
                await _end(claiming)
                return
            await _serve(printer, connecting, claiming.result(), stop)
    finally:
        await _end(stop)


async def _serve(printer: Printer, connecting: Connecting, lease: Lease, stop: asyncio.Task[Any]) -> None:
    """Sessions one after another while the lease is ours."""
    await take_over(printer)
    holding = asyncio.create_task(ownership.hold(printer, lease))
    failures = 0
    try:
        while not stop.done() and not holding.done():
            began = printer.shop.clock.monotonic()
            error = await _one_session(printer, connecting, stop, holding)
            if error is None:
                continue
            steady = printer.shop.clock.monotonic() - began > STEADY_AFTER
            failures = 1 if steady else failures + 1
            LOG.error("%s: the session failed", printer.id, exc_info=error)
            await _pause(printer, failures, stop, holding)
    finally:
        lost = holding.done()
        await _end(holding)
        printer.held = False
        if lost:
            printer.notes = Notes(printer.id)  # the new holder writes this printer's rows now
        else:
            await ownership.give_up(printer)


async def _one_session(
    printer: Printer, connecting: Connecting, stop: asyncio.Task[Any], holding: asyncio.Task[Any]
) -> BaseException | None:
    """Serve until the controller stops, the lease is lost or the session fails; what it failed with."""
    session = printer.shop.make_session(printer.settings, printer.shop.clock, printer)
    printer.session = session
    printer.publishing.everything()
    living = asyncio.create_task(session.run(), name=f"{printer.id} session")
    work = [asyncio.create_task(each) for each in _work(printer, connecting)]
    try:
        await _first_of(living, stop, holding, *work)
        for task in work:
            if task.done():
                task.result()  # raises: this work never ends by itself
        if stop.done() and not living.done():
            await stop_safely(printer)
    finally:
        await _end_between_notes(printer, *work)
        printer.closing = True
        if holding.done():
            printer.publishing.hand_over()
        with contextlib.suppress(JobError, OSError, TimeoutError):
            await asyncio.wait_for(session.stop(), CLOSE_WITHIN)
        await _end(living)
        if not holding.done():
            await _close_books(printer, "controller stopped" if stop.done() else "the controller's session failed")
        printer.session, printer.closing = None, False
        printer.publishing.everything()
    return None if living.cancelled() else living.exception()


def _work(printer: Printer, connecting: Connecting) -> list[Coroutine[Any, Any, None]]:
    return [
        bookkeeping.keep_books(printer),
        tending.sample(printer),
        tending.publish_log(printer),
        tending.keep_journal(printer),
        tending.refresh_run(printer),
        tending.end_lost_runs(printer),
        connecting.keep(),
    ]


async def stop_safely(printer: Printer) -> None:
    """Cancel the print under way, so that its script switches everything off; at most four seconds."""
    printer.stopping = True
    session = printer.session
    if session is None or printer.run is None or printer.status not in states.OPERATIONAL:
        return
    LOG.warning("%s: the controller stops; cancelling run %s", printer.id, printer.run)
    with contextlib.suppress(JobError):
        session.cancel()
    deadline = printer.shop.clock.monotonic() + CANCEL_WITHIN
    while printer.run is not None and printer.shop.clock.monotonic() < deadline:
        await printer.shop.clock.sleep(0.05)


async def _close_books(printer: Printer, reason: str) -> None:
    """Give the print under way its end, and write what is left to write."""
    if printer.run is not None:
        at = printer.place
        line, position, seconds = (at.line, at.position, at.print_time) if at else (0, 0, 0.0)
        printer.print_ended(PrintEnd(printer.run, "failed", reason, line, position, seconds))
    try:
        async with printer.lock:
            await bookkeeping.settle(printer)
    except JobError as error:
        LOG.error("%s: the end of the print could not be written: %s", printer.id, error)


async def _pause(printer: Printer, failures: int, *unless: asyncio.Task[Any]) -> None:
    seconds = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 1)) * random.uniform(0.8, 1.2)  # noqa: S311
    sleeping = asyncio.create_task(printer.shop.clock.sleep(seconds))
    await _first_of(sleeping, *unless)
    await _end(sleeping)


async def _end_between_notes(printer: Printer, *work: asyncio.Task[Any]) -> None:
    """End the work while none of it is in the middle of a note, or the note would be written twice."""
    try:
        async with asyncio.timeout(NOTE_WITHIN), printer.lock:
            for task in work:
                task.cancel()
    except TimeoutError:
        LOG.warning("%s: a note is being written for long; giving up waiting for it", printer.id)
    finally:
        await _end(*work)


async def _first_of(*tasks: asyncio.Task[Any]) -> None:
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)


async def _end(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
