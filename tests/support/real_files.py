"""The printer controller's own handlers and tables behind a gateway's file routes, in one process without a broker.

`async with real_files(running) as fleet:` answers every question about files as a controller whose printer is off.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from services.printer_controller import handlers
from services.printer_controller.fleet import Fleet
from services.printer_controller.models import AnalysisRow, FileRow, FolderRow, JournalRow, PrinterRow, RunRow
from services.printer_controller.printers import Shop
from services.printer_controller.taking_over import take_over
from shared.contracts import topics
from tests.support.bus import MemoryBus
from tests.support.database import open_store
from tests.support.gateway import RunningGateway

TOPICS = (
    topics.ADD_FILE,
    topics.CREATE_FOLDER,
    topics.LIST_FILES,
    topics.READ_FILE,
    topics.DELETE_FILE,
    topics.COPY_FILE,
    topics.MOVE_FILE,
    topics.ANALYSE_FILE,
    topics.READ_BLOB_USE,
)


@asynccontextmanager
async def real_files(running: RunningGateway) -> AsyncIterator[Fleet]:
    """Answer what is asked about files from real rows, in the gateway's own data folder."""
    bus = MemoryBus(clock=running.clock)
    tables = (AnalysisRow, FileRow, FolderRow, JournalRow, PrinterRow, RunRow)
    store = await open_store(running.settings, "printer_controller", *tables)
    made: Any = {"bus": bus, "make_session": None, "ports": list}
    shop = Shop(settings=running.settings, store=store, blobs=running.gateway.blobs, clock=running.clock, **made)
    fleet = Fleet(shop)
    handlers.register(bus, fleet)  # type: ignore[arg-type]
    for printer in fleet:
        await take_over(printer)
    for topic in TOPICS:
        running.owner.answers[topic] = partial(bus.ask, topic)
    try:
        yield fleet
    finally:
        await store.close()
