"""The claim on a printer: one controller at a time, renewed while it is used, given up at the end."""

from __future__ import annotations

import logging
import random

from services.printer_controller.printers import Printer
from shared import leases
from shared.errors import JobError
from shared.leases import Lease

LOG = logging.getLogger(__name__)

TTL = 8.0  # seconds
RENEW_EVERY = 2.0  # seconds


def lease_name(printer: str) -> str:
    """The name of a printer's lease."""
    return f"printer/{printer}"


async def claim(printer: Printer) -> Lease:
    """Wait until this instance holds the printer; its own claim from before a crash it takes back at once."""
    shop, told = printer.shop, False
    while True:
        try:
            lease = await _acquire(printer)
        except JobError as error:
            LOG.warning("%s: the lease cannot be read: %s", printer.id, error)
        else:
            if lease is not None:
                return lease
            printer.claim_known.set()
            if not told:
                LOG.warning("%s: another controller holds this printer; waiting for it", printer.id)
                told = True
        await shop.clock.sleep(RENEW_EVERY * random.uniform(0.8, 1.2))  # noqa: S311 - jitter


async def hold(printer: Printer, lease: Lease) -> None:
    """Renew the lease, and return when another controller has it.

    A database that cannot be reached does not end a claim, nor does a wall clock that jumped: the printer hangs on
    this host's own port, and stopping a print for that would harm more than it saves.
    """
    shop = printer.shop
    while True:
        await shop.clock.sleep(RENEW_EVERY)
        try:
            async with shop.writing() as writing:
                renewed = await leases.renew(writing.tx, lease, writing.now, TTL)
            renewed = renewed or await _acquire(printer)
        except JobError as error:
            LOG.warning("%s: the lease cannot be renewed: %s", printer.id, error)
            continue
        if renewed is None:
            LOG.error("%s: another controller has taken this printer over", printer.id)
            return
        lease = renewed


async def give_up(printer: Printer) -> None:
    """Let another controller take the printer at once."""
    shop = printer.shop
    try:
        lease = await _acquire(printer)
        if lease is not None:
            async with shop.writing() as writing:
                await leases.release(writing.tx, lease, writing.now)
    except JobError as error:
        LOG.warning("%s: the lease could not be given up, it runs out in %.0f s: %s", printer.id, TTL, error)


async def _acquire(printer: Printer) -> Lease | None:
    async with printer.shop.writing() as writing:
        return await leases.acquire(writing.tx, lease_name(printer.id), printer.shop.owner, writing.now, TTL)
