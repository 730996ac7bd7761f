"""All routes of the Wiser API that this server answers."""

from __future__ import annotations

from types import ModuleType

from litestar.handlers import HTTPRouteHandler

from services.gateway.dialects.wiser import (
    routes_account,
    routes_buttons,
    routes_document,
    routes_flags,
    routes_hvac,
    routes_info,
    routes_jobs,
    routes_loads,
    routes_records,
    routes_scripts,
    routes_timers,
)

_MODULES: tuple[ModuleType, ...] = (
    routes_document,
    routes_account,
    routes_info,
    routes_records,
    routes_loads,
    routes_hvac,
    routes_jobs,
    routes_buttons,
    routes_timers,
    routes_flags,
    routes_scripts,
)

HANDLERS: tuple[HTTPRouteHandler, ...] = tuple(
    each for module in _MODULES for each in vars(module).values() if isinstance(each, HTTPRouteHandler)
)
