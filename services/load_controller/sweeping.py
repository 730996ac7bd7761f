"""What grows old is removed: rows of runs after months, what is left of loads that are configured no more."""

from __future__ import annotations

import asyncio
import logging

from sqlalchemy import delete, select

from services.load_controller import keeping, runs
from services.load_controller.controller import Controller
from services.load_controller.holdings import HOUSE
from services.load_controller.models import LoadStateRow
from services.load_controller.publishing import OF_A_LOAD
from shared.errors import JobError
from shared.pauses import first_of, pause

LOG = logging.getLogger(__name__)

EVERY = 600.0  # seconds
AT_ONCE = 500


async def sweep(controller: Controller, stopping: asyncio.Event) -> None:
    """Sweep every few minutes until `stopping`; what fails is tried again the next time."""
    while not stopping.is_set():
        try:
            await first_of(controller.bus.wait_connected(60.0), stopping.wait())
            if controller.serves(HOUSE) and not stopping.is_set():
                await clear_gone_loads(controller)
                await _forget_runs(controller)
        except JobError as error:
            LOG.warning("sweeping has to wait: %s", error)
        await pause(controller.clock, stopping, EVERY)


async def clear_gone_loads(controller: Controller) -> None:
    """Remove the retained topics and the last state of loads that are not in the settings any more."""
    async with controller.store.reading() as tx:
        kept = list((await tx.execute(select(keeping.key(LoadStateRow.load)))).scalars())
    gone = [load for load in kept if controller.loads.get(load) is None]
    for load in gone:
        for topic in OF_A_LOAD:
            name = topic.build(controller.bus.base, load=str(load))
            await controller.bus.publish_raw(name, b"", qos=1, retain=True, expiry=None, message_id=None)
        async with controller.store.transaction() as tx:
            await tx.execute(delete(LoadStateRow).where(keeping.key(LoadStateRow.load) == load))


async def _forget_runs(controller: Controller) -> None:
    days = controller.settings.retention.runs_days
    while True:
        async with controller.store.transaction() as tx:
            if await runs.forget(tx, controller.clock.now(), days=days, limit=AT_ONCE) < AT_ONCE:
                return
