"""The load controller put together: store, loads, drivers, handlers and births."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from services.load_controller import controller as controllers
from services.load_controller import handlers, measures, sweeping
from services.load_controller.controller import Controller
from services.load_controller.drivers.house import Drivers
from services.load_controller.driving import Driving
from services.load_controller.holdings import HOUSE, Holdings
from services.load_controller.house import House
from services.load_controller.loads import Loads
from services.load_controller.outcomes import Outcomes
from services.load_controller.parking import Parked
from services.load_controller.publishing import Publishing
from services.load_controller.script_actions import ScriptActions
from services.load_controller.script_cron import ENTRY, ScriptCron
from services.load_controller.script_runs import ScriptRuns
from services.load_controller.scripting import NoScripts, Scripting
from services.load_controller.scripts.host import ScriptHost
from services.load_controller.taking_over import TakingOver
from shared.service import Service
from shared.time_zone import time_zone

NAME = "load_controller"


async def start(service: Service) -> Sequence[Coroutine[Any, Any, None]]:
    """Register the handlers; answers what has to run until the service stops."""
    controller, drivers = build(service)
    taking_over = TakingOver(controller)
    controller.holdings.when(taking_over.gained, taking_over.lost, controller.parked.look)
    await controller.holdings.begin()
    await taking_over.turn()
    handlers.register(service.bus, controller)
    service.bus.on_birth(controller.born)
    measures.export(controller, service.metrics)
    return [
        controller.holdings.run(service.stopping),
        taking_over.run(service.stopping),
        controller.outcomes.run(service.stopping),
        _until(controller.driving.deadlines.run(), service.stopping),
        sweeping.sweep(controller, service.stopping),
        _cron(controller).run(service.stopping),
        _close(controller, drivers, service.stopping),
    ]


def build(service: Service) -> tuple[Controller, Drivers]:
    """All parts, with nothing running yet."""
    settings, store, bus, clock = service.settings, service.store, service.bus, service.clock
    assert store is not None
    loads = Loads(settings.load, settings.hvac_group)
    publishing = Publishing(bus, clock, loads, settings.instance)
    outcomes = Outcomes(store, clock, lambda: controllers.telling(settings, bus, clock.now()))
    driving = Driving(loads, publishing, outcomes, clock)
    drivers = Drivers(driving, clock, bus)
    house, scripting = House(), _scripting(service)
    controller = Controller(
        settings=settings,
        store=store,
        bus=bus,
        clock=clock,
        loads=loads,
        house=house,
        holdings=Holdings(store, clock, settings.instance),
        parked=Parked(store, clock, bus.handle_again),
        outcomes=outcomes,
        publishing=publishing,
        driving=driving,
        scripting=scripting,
        script_runs=ScriptRuns(scripting, house, outcomes, clock),
        make_driver=drivers.driver,
    )
    return controller, drivers


def _scripting(service: Service) -> Scripting:
    """Whatever executes scripts; where they are not allowed, nothing does."""
    if not service.settings.scripts.allowed:
        return NoScripts()
    actions = ScriptActions(service.bus)
    actions.follow()
    return ScriptHost(service.settings.scripts, actions, service.clock)


def _cron(controller: Controller) -> ScriptCron:
    """Scripts with a cron entry, while the house is held here."""
    house, scripting = controller.house, controller.scripting
    zone = time_zone(controller.settings.location.time_zone)
    return ScriptCron(
        controller.clock,
        zone,
        lambda: list(house.scripts.values()) if controller.serves(HOUSE) else [],
        lambda name: asyncio.ensure_future(scripting.run(name, house.texts[name], ENTRY)),
    )


async def _until(work: Coroutine[Any, Any, None], stopping: asyncio.Event) -> None:
    """Do `work` until the service stops."""
    working, stop = asyncio.ensure_future(work), asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait((working, stop), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
    finally:
        working.cancel()
        stop.cancel()


async def _close(controller: Controller, drivers: Drivers, stopping: asyncio.Event) -> None:
    """Let devices be, when the service stops."""
    await stopping.wait()
    await controller.script_runs.close()
    await controller.scripting.close()
    await controller.driving.leave(controller.loads)
    await drivers.close()
