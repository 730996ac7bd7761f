"""The printer controller put together: store, blobs, printers, handlers and births."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any

from services.printer_controller import discovery, handlers, measures, sweeping
from services.printer_controller.fleet import Fleet
from services.printer_controller.keeping import keep
from services.printer_controller.printers import Shop
from services.printer_controller.printing import SessionObserver
from services.printer_controller.session import PrinterSession
from shared.blobs import BlobStore
from shared.clock import Clock
from shared.contracts import topics
from shared.service import Service
from shared.settings import PrinterSettings

NAME = "printer_controller"
BLOBS = "blobs"


async def start(service: Service) -> Sequence[Coroutine[Any, Any, None]]:
    """Register the handlers; answers what has to run until the service stops."""
    assert service.store is not None
    shop = Shop(
        settings=service.settings,
        store=service.store,
        bus=service.bus,
        blobs=BlobStore(service.settings.data_folder / BLOBS),
        clock=service.clock,
        make_session=make_session,
        ports=discovery.host_ports,
    )
    fleet = Fleet(shop)
    handlers.register(service.bus, fleet)
    service.bus.follow(topics.SERVICE_PRESENCE, fleet.heard_presence, service=topics.PRINTER_CONTROLLER)
    for printer in fleet:
        service.bus.follow(topics.PRINTER_AVAILABLE, fleet.heard_available, printer=printer.id)
    service.bus.on_birth(fleet.born)
    measures.export(fleet, service.metrics)
    return [
        *(keep(printer, fleet.connecting[printer.id], service.stopping) for printer in fleet),
        sweeping.sweep(shop, service.stopping),
        fleet.analysing.run(service.stopping),
    ]


def make_session(settings: PrinterSettings, clock: Clock, observer: SessionObserver) -> PrinterSession:
    """A session on the real wire."""
    return PrinterSession(settings, clock=clock, observer=observer)
