"""/api/info, /api/system/health, /api/net, /api/time and /api/devices: what clients look at when they start."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import get
from litestar.types import ASGIApp, Scope

from services.gateway.dialects.wiser import translate_info, translate_loads
from services.gateway.dialects.wiser.routes_common import AnyRequest, gateway_of, reader, success, word_of
from shared.errors import NotFound


@get("/api/info", name="wiser_read_info")
async def read_info(request: AnyRequest) -> ASGIApp:
    """What this is, and which version of the API it speaks. It asks for no token."""
    return success(_info(request.scope))


@get("/api/info/debug", name="wiser_read_debug_info")
async def read_debug_info(request: AnyRequest) -> ASGIApp:
    """The same with what helps to find faults. It asks for no token."""
    gateway = gateway_of(request.scope)
    return success(_info(request.scope) | translate_info.debug(gateway.clock.now(), _uptime(request.scope)))


@get("/api/system/health", name="wiser_read_health")
async def read_health(request: AnyRequest) -> ASGIApp:
    """How the machine is that this runs on."""
    await reader(request.scope)
    gateway = gateway_of(request.scope)
    space = await asyncio.to_thread(gateway.blobs.space)
    sockets = len(request.app.state.channel)
    return success(translate_info.health(_uptime(request.scope), flash=space, sockets=sockets))


@get("/api/net/rssi", name="wiser_read_signal")
async def read_signal(request: AnyRequest) -> ASGIApp:
    """The strength of a radio that this machine does not use: as good as a cable."""
    await reader(request.scope)
    return success({"rssi": translate_info.RSSI})


@get("/api/net/state", name="wiser_read_network")
async def read_network(request: AnyRequest) -> ASGIApp:
    """What this machine is called."""
    await reader(request.scope)
    return success({"hostname": translate_info.hostname()})


@get("/api/time/now", name="wiser_read_time")
async def read_time(request: AnyRequest) -> ASGIApp:
    """The time, and for how long this has run."""
    await reader(request.scope)
    return success(translate_info.time(gateway_of(request.scope).clock.now(), _uptime(request.scope)))


@get(["/api/devices", "/api/devices/*"], name="wiser_list_devices")
async def list_devices(request: AnyRequest) -> ASGIApp:
    """The devices that the loads and smart buttons are parts of, with all their properties."""
    await reader(request.scope)
    return success(_devices(request.scope))


@get("/api/devices/{device:str}", name="wiser_read_device")
async def read_device(request: AnyRequest) -> ASGIApp:
    """One device."""
    await reader(request.scope)
    return success(_device(request.scope))


@get(["/api/sensors", "/api/groupctrls", "/api/schedulers", "/api/westgroups"], name="wiser_list_nothing")
async def list_nothing(request: AnyRequest) -> ASGIApp:
    """Sensors, group controls, schedulers and weather groups: there are none."""
    await reader(request.scope)
    return success([])


def _info(scope: Scope) -> dict[str, Any]:
    return translate_info.info(gateway_of(scope).callers.public_id("wiser"))


def _uptime(scope: Scope) -> int:
    state = scope["litestar_app"].state
    return int(state.gateway.clock.monotonic() - state.began)


def _devices(scope: Scope) -> list[dict[str, Any]]:
    gateway = gateway_of(scope)
    loads = [(each.info, each.state) for each in gateway.loads.loads.all()]
    return translate_loads.devices(loads, gateway.loads.buttons(), gateway.clock.now())


def _device(scope: Scope) -> dict[str, Any]:
    address = word_of(scope, "device").lower()
    found = next((each for each in _devices(scope) if each["id"] == address), None)
    if found is None:
        raise NotFound(f"device {address[:40]} not found", code="no_such_device")
    return found
