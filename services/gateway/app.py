"""Wires one gateway together: callers, live view, dialects, the server and the sweep, as coroutines of the service."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any

from services.gateway import http_server
from services.gateway.blob_sweep import BlobSweep
from services.gateway.callers import first_admin
from services.gateway.callers.callers import Callers
from services.gateway.callers.guard import Guard
from services.gateway.claims import Claims
from services.gateway.dialects.octoprint import application as octoprint
from services.gateway.dialects.wiser import application as wiser
from services.gateway.dispatcher import Dispatcher, Mount
from services.gateway.front_page import front_page
from services.gateway.gateway import Gateway
from services.gateway.live_loads import LiveLoads
from services.gateway.live_view import LiveView
from services.gateway.lost_owners import LostOwners
from services.gateway.public_address import TrustedProxies
from shared.blobs import BlobStore
from shared.service import Service
from shared.settings import SettingsError

# One line per dialect: each package's `mount` says under which prefix and root paths it answers.
DIALECTS = (octoprint.mount, wiser.mount)


async def start(service: Service) -> Sequence[Coroutine[Any, Any, None]]:
    """The coroutines of a gateway; the port is bound before anything else is promised."""
    store, clock, settings = service.store, service.clock, service.settings
    if store is None:
        raise SettingsError("the gateway needs its database")
    listener = http_server.bind(settings.gateway)
    guard = Guard(store, clock)
    digester = await first_admin.prepare(store, settings, clock)
    view, loads = LiveView(service.bus, clock), LiveLoads(service.bus, clock)
    view.follow()
    loads.follow()
    callers = Callers(store, clock, digester, guard)
    claims = Claims(store, clock, callers, settings.wiser)
    claims.follow(service.bus)
    gateway = Gateway(
        callers=callers,
        view=view,
        loads=loads,
        claims=claims,
        bus=service.bus,
        blobs=BlobStore(settings.data_folder / "blobs"),
        proxies=_proxies(settings.gateway.trusted_proxies),
        settings=settings.gateway,
        wiser=settings.wiser,
        clock=clock,
        stopping=service.stopping,
    )
    service.ready_checks.append(lambda: None if view.ready else "no snapshot of the printers yet")
    sweep, lost = BlobSweep(gateway), LostOwners(service.bus, view, clock)
    sweep.follow()
    lost.follow()
    return [
        http_server.serve(application(gateway), listener, service.stopping),
        view.run(service.stopping),
        loads.run(service.stopping),
        lost.run(service.stopping),
        guard.run(service.stopping),
        sweep.run(service.stopping),
    ]


def application(gateway: Gateway) -> Dispatcher:
    """Everything behind the port, without the port."""
    mounts: list[Mount] = [mount(gateway) for mount in DIALECTS]
    documents = {mount.prefix: mount.document for mount in mounts if mount.document is not None}
    return Dispatcher(mounts, front_page(gateway.view, lambda: gateway.bus.connected, documents))


def _proxies(proxies: Sequence[str]) -> TrustedProxies:
    try:
        return TrustedProxies(proxies)
    except ValueError as error:
        raise SettingsError(f"gateway.trusted_proxies: {error}") from None
