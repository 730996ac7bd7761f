"""The scheduler put together: its store, the requests it answers, and the loop that fires."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler import timers
from services.scheduler.firing import Firing
from services.scheduler.timer_rules import Place
from shared.bus import Delivery
from shared.contracts import load_topics
from shared.contracts.timers import ReadTimers, Timers
from shared.decide import decide_once
from shared.load_settings import LocationSettings
from shared.service import Service
from shared.time_zone import time_zone

NAME = "scheduler"


async def start(service: Service) -> Sequence[Coroutine[Any, Any, None]]:
    """Register the handlers; answers what has to run until the service stops."""
    store, clock = service.store, service.clock
    assert store is not None
    place = place_of(service.settings.location)
    firing = Firing(store, clock, place, service.base)

    async def answer(delivery: Delivery) -> Timers:
        request = delivery.message

        async def handle(tx: AsyncSession, message: Any) -> Timers:
            rows = await timers.REQUESTS[type(message)](timers.Asked(tx, clock.now(), place), message)
            return timers.shown(rows)

        if isinstance(request, ReadTimers):
            async with store.reading() as tx:
                return await handle(tx, request)
        answered: Timers = await decide_once(store, delivery, handle, now=clock.now())
        firing.changed()
        return answered

    service.bus.take(load_topics.TIMERS, answer)
    async with store.transaction() as tx:
        await timers.count_again(tx, clock.now(), place)
    return [firing.run(service.stopping)]


def place_of(location: LocationSettings) -> Place:
    """The configured place. Raises `SettingsError` for a time zone that does not exist."""
    return Place(location.latitude, location.longitude, time_zone(location.time_zone))
