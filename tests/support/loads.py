"""A load controller in the test's own process: a real store, virtual loads on a clock of the test, a bus in memory."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec
from prometheus_client import CollectorRegistry
from sqlalchemy import select

from services.load_controller import handlers, models, service
from services.load_controller.controller import Controller
from services.load_controller.drivers.house import Drivers
from services.load_controller.holdings import Holdings
from services.load_controller.taking_over import TakingOver
from shared.bus import Bus
from shared.common_tables import OUTBOX
from shared.contracts import topics
from shared.contracts.messages import Event
from shared.contracts.runs import Run
from shared.contracts.topics import Topic
from shared.metrics import ServiceMetrics
from shared.service import Service
from shared.settings import Settings
from shared.store import Store
from tests.support.bus import MemoryBus, find_topic
from tests.support.clock import ManualClock, eventually
from tests.support.database import open_store

CALLER = {"name": "anna", "via": "wiser", "role": "operator"}


@dataclass
class LoadRig:
    """One controller. `ask` asks as the gateway does; time moves with `clock` alone."""

    controller: Controller
    drivers: Drivers
    bus: MemoryBus
    clock: ManualClock
    store: Store
    stopping: asyncio.Event
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def ask(self, topic: Topic, request: Any, **levels: str) -> Any:
        """The answer, or the refusal raised."""
        return await self.bus.ask(topic, request, **levels)

    async def sent(self, topic: Topic, **levels: str) -> list[Any]:
        """What was put into the outbox on this row of the catalogue, oldest first."""
        async with self.store.reading() as tx:
            rows = list(await tx.execute(select(OUTBOX.c.topic, OUTBOX.c.payload).order_by(OUTBOX.c.seq)))
        found = [(find_topic(self.bus.base, row.topic), row.payload) for row in rows]
        return [
            msgspec.json.decode(payload, type=topic.payload) if payload else None
            for (row, named), payload in found
            if row == topic and levels.items() <= named.items()
        ]

    async def events(self, name: str) -> list[dict[str, Any]]:
        """The data of the events of that name."""
        found: list[Event] = await self.sent(topics.EVENT, name=name)
        return [event.data for event in found]

    async def event(self, name: str) -> dict[str, Any]:
        """The first event of that name, which comes soon."""
        async with asyncio.timeout(10.0):
            while not (found := await self.events(name)):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return found[0]

    async def run(self, run: str) -> Run:
        """The newest record of a run."""
        found: list[Run] = await self.sent(topics.RUN, run=run)
        return found[-1]

    async def ended(self, run: str, *, seconds: float = 0.0) -> Run:
        """The record after the clock has moved on and the receipts are written."""
        if seconds:
            await self.clock.advance(seconds)
        async with asyncio.timeout(10.0):
            while (record := await self.run(run)).ended_at is None:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return record

    def state(self, load: int) -> dict[str, Any]:
        """What a load reported last."""
        found = self.controller.loads.get(load)
        assert found is not None
        return found.state

    async def reports(self, load: int, **attributes: Any) -> None:
        """Wait until a load has reported these attributes."""
        await eventually(lambda: attributes.items() <= self.state(load).items())


class LeaseClock(ManualClock):
    """Moves a second at a time and renews the leases of a server after each, so that none runs out in a test."""

    holdings: Holdings | None = None

    async def advance(self, seconds: float = 0.0, *, minutes: float = 0.0, hours: float = 0.0) -> None:
        left = seconds + 60 * minutes + 3600 * hours
        if self.holdings is None or self.holdings.alone:
            await super().advance(left)
            return
        await super().advance(min(1.0, left))
        await self.holdings.turn()
        while (left := left - 1.0) > 0:
            await super().advance(min(1.0, left))
            await self.holdings.turn()


@asynccontextmanager
async def load_rig(settings: Settings, clock: ManualClock | None = None) -> AsyncIterator[LoadRig]:
    """The controller of these settings, started as its service starts it and stopped in order."""
    clock = clock or LeaseClock()
    bus = MemoryBus(clock=clock, service=service.NAME, instance=settings.instance)
    store = await open_store(settings, service.NAME, *models.TABLES)
    stopping = asyncio.Event()
    metrics = ServiceMetrics(service.NAME, settings.instance, CollectorRegistry())
    parts = Service(service.NAME, settings, clock, cast(Bus, bus), store, stopping, metrics)
    controller, drivers = service.build(parts)
    taking_over = TakingOver(controller)
    controller.holdings.when(taking_over.gained, taking_over.lost, controller.parked.look)
    await controller.holdings.begin()
    if isinstance(clock, LeaseClock):
        clock.holdings = controller.holdings
    await taking_over.turn()
    handlers.register(cast(Bus, bus), controller)
    bus.on_birth(controller.born)
    await bus.connect()
    rig = LoadRig(controller, drivers, bus, clock, store, stopping)
    work: list[Coroutine[Any, Any, None]] = [controller.outcomes.run(stopping), controller.driving.deadlines.run()]
    if not controller.holdings.alone:
        work.append(taking_over.run(stopping))
    rig.tasks = [asyncio.create_task(each) for each in work]
    try:
        await clock.advance(0.5)
        yield rig
    finally:
        stopping.set()
        await _stop(rig)
        await store.close()


async def _stop(rig: LoadRig) -> None:
    outcomes = rig.tasks[0]
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(outcomes), 5.0)
    for task in rig.tasks:
        task.cancel()
    await asyncio.gather(*rig.tasks, return_exceptions=True)
    await rig.controller.script_runs.close()
    await rig.controller.driving.leave(rig.controller.loads)
    await rig.drivers.close()
