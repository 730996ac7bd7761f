"""Parts come and go: loads are driven from what was kept of them, and go on with what they still had to do."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.load_controller import filling, keeping, orders
from services.load_controller.controller import Controller
from services.load_controller.driving import Handed
from services.load_controller.holdings import HOUSE, shards_of
from services.load_controller.loads import Load
from services.load_controller.models import COMMAND, LoadRow, LoadStateRow
from services.load_controller.orders import SCRIPTS, Order
from services.load_controller.rules import receipts
from services.load_controller.script_runs import STOPPED
from shared.errors import Invalid, JobError

LOG = logging.getLogger(__name__)

LOOK_EVERY = 0.3  # seconds between looks for commands that another controller accepted for loads held here
REFRESH_EVERY = 5.0  # seconds between looks for loads that another controller's clients renamed
AGAIN_AFTER = 1.0  # seconds after the database failed
AT_ONCE = 500
_ROW = (COMMAND.c.run, COMMAND.c.number, COMMAND.c.load, COMMAND.c.command, COMMAND.c.sent, COMMAND.c.until)


class TakingOver:
    """Follows what is held. A part is served once it has been taken over completely."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._coming: set[str] = set()
        self._wake = asyncio.Event()
        self._refreshed_to: datetime | None = None
        self._refresh_at = 0.0

    async def gained(self, parts: set[str]) -> None:
        """These are held now."""
        self._coming |= parts
        self._wake.set()

    async def lost(self, parts: set[str]) -> None:
        """These are another controller's now: nothing is done for them any more."""
        controller = self._controller
        self._coming -= parts
        controller.serving -= parts
        left = [load for shard in shards_of(parts) for load in controller.loads.of_shard(shard)]
        for load in left:
            controller.publishing.forget(load)
        await controller.driving.leave(left)

    async def run(self, stopping: asyncio.Event) -> None:
        """Take over what comes, and do what others accepted for loads that are held here, until `stopping`."""
        alone = self._controller.holdings.alone
        while not stopping.is_set():
            pause = LOOK_EVERY
            try:
                await self.turn()
            except JobError as error:
                LOG.warning("what is to be done cannot be read: %s", error)
                pause = AGAIN_AFTER
            self._wake.clear()
            stop, woken = asyncio.ensure_future(stopping.wait()), asyncio.ensure_future(self._wake.wait())
            timeout = None if alone and not self._coming else pause
            await asyncio.wait((stop, woken), timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            stop.cancel()
            woken.cancel()

    async def turn(self) -> None:
        """What there is to do now."""
        coming = {part for part in self._coming if self._controller.holdings.holds(part)}
        if coming:
            await self._refresh()
            await self._take(coming)
        elif not self._controller.holdings.alone:
            await self._do_accepted_elsewhere()
            if self._controller.clock.monotonic() >= self._refresh_at:
                await self._refresh()

    # taking parts

    async def _take(self, parts: set[str]) -> None:
        if HOUSE in parts:
            await self._take_house()
        shards = shards_of(parts)
        await self._take_loads([load for shard in shards for load in self._controller.loads.of_shard(shard)])
        self._coming -= parts
        self._controller.serving |= parts
        await self._resume(shards)
        if HOUSE in parts:
            for order in await self._waiting({SCRIPTS}, sent=None):
                self._fail(order, receipts.REFUSED, STOPPED)
        for part in sorted(parts):
            await self._controller.parked.taken(part)

    async def _take_house(self) -> None:
        controller = self._controller
        async with controller.house.lock, controller.store.transaction() as tx:
            await controller.house.load(tx)
            await filling.fill(tx, controller.house, controller.settings)
        if controller.bus.connected:
            await controller.announce_house()

    async def _take_loads(self, loads: list[Load]) -> None:
        controller = self._controller
        async with controller.store.reading() as tx:
            states = await _states(tx, [load.id for load in loads])
        for load in loads:
            if load.id in states:
                load.state, load.at = states[load.id]
        controller.driving.take(loads, controller.make_driver)
        if controller.bus.connected:
            await controller.publishing.everything(loads)

    async def _resume(self, shards: set[int]) -> None:
        """What was accepted before, by whoever held the loads then."""
        for order in await self._waiting(shards, sent=None):
            self._again(order)

    def _again(self, order: Order) -> None:
        """A target that may have reached the device is set again; a step or a fade is not."""
        controller = self._controller
        load = controller.loads.get(order.load)
        if load is None or load.driver is None:
            self._fail(order, receipts.SKIPPED, "there is no such load any more")
        elif order.until <= controller.clock.now():
            self._fail(order, receipts.UNREACHABLE, "nobody drove this load in time")
        elif order.sent and order.command.once:
            self._fail(order, receipts.SILENT, "its controller stopped while it was on its way")
        else:
            try:
                handed = controller.driving.resolve(order)
            except Invalid as error:
                self._fail(order, receipts.SKIPPED, error.message)
            else:
                controller.driving.give(handed)

    def _fail(self, order: Order, outcome: str, reason: str) -> None:
        name, at = self._controller.loads.name_of(order.load), self._controller.clock.now()
        receipt = order.receipt(name, outcome, reason=reason, at=at)
        self._controller.outcomes.settle(order, receipt)

    # what others accepted

    async def _do_accepted_elsewhere(self) -> None:
        waiting = await self._waiting(shards_of(self._controller.serving), sent=False)
        if not waiting:
            return
        handed: list[Handed] = []
        for order in waiting:
            if order.until <= self._controller.clock.now():
                self._again(order)
                continue
            try:
                handed.append(self._controller.driving.resolve(order))
            except Invalid as error:
                self._fail(order, receipts.SKIPPED, error.message)
        await self._mark_sent([each.order for each in handed])
        for each in handed:
            self._controller.driving.give(each)

    async def _mark_sent(self, sent: list[Order]) -> None:
        async with self._controller.store.transaction(lasting=False) as tx:
            for order in sent:
                await orders.mark_sent(tx, order)

    async def _waiting(self, shards: set[int], *, sent: bool | None) -> list[Order]:
        if not shards:
            return []
        wanted = select(*_ROW).where(COMMAND.c.shard.in_(shards), COMMAND.c.receipt.is_(None))
        if sent is not None:
            wanted = wanted.where(COMMAND.c.sent == sent)
        async with self._controller.store.reading() as tx:
            rows = await tx.execute(wanted.order_by(COMMAND.c.run, COMMAND.c.number))
            return [orders.order_of(row) for row in rows]

    async def _refresh(self) -> None:
        """What clients changed about loads, here before or elsewhere since the last look."""
        controller = self._controller
        wanted = select(LoadRow)
        if self._refreshed_to is not None:
            wanted = wanted.where(keeping.key(LoadRow.changed_at) >= self._refreshed_to)
        async with controller.store.reading() as tx:
            rows = list((await tx.execute(wanted)).scalars())
        for row in rows:
            load = controller.loads.get(row.id)
            if load is not None and not controller.serves_load(row.id):
                load.changes = row.changes
                controller.renamed(load)
        self._refreshed_to = max([row.changed_at for row in rows], default=self._refreshed_to)
        self._refresh_at = controller.clock.monotonic() + REFRESH_EVERY


async def _states(tx: AsyncSession, loads: list[int]) -> dict[int, tuple[dict[str, object], datetime]]:
    found: dict[int, tuple[dict[str, object], datetime]] = {}
    wanted = (keeping.key(LoadStateRow.load), keeping.key(LoadStateRow.attributes), keeping.key(LoadStateRow.at))
    for start in range(0, len(loads), AT_ONCE):
        some = select(*wanted).where(wanted[0].in_(loads[start : start + AT_ONCE]))
        found.update({load: (attributes, at) for load, attributes, at in await tx.execute(some)})
    return found
