"""/api/settings: what clients look at before they begin. It cannot be changed here: the configuration is a file."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.types import ASGIApp, Scope

from services.gateway.callers.roles import Permission
from services.gateway.dialects.octoprint import translate_settings
from services.gateway.dialects.octoprint.routes_common import AnyRequest, allowed, gateway_of, json_body, printer_of
from services.gateway.dialects.octoprint.translate_settings import Shown
from services.gateway.dispatcher import PRINTER
from services.gateway.replies import json_reply
from shared.errors import Invalid, Unavailable

_LONGEST_NAME = 100


@get("/api/settings", name="octoprint_read_settings")
async def read_settings(request: AnyRequest) -> ASGIApp:
    """The settings, also while no printer can be reached: clients are set up with them."""
    await allowed(request.scope, Permission.SETTINGS_READ)
    return json_reply(_settings(request.scope))


@post("/api/settings", name="octoprint_write_settings")
async def write_settings(request: AnyRequest) -> ASGIApp:
    """200 with the settings for a body that changes nothing; else 403, and which member is fixed."""
    await allowed(request.scope, Permission.SYSTEM)
    wanted = await json_body(request)
    if not isinstance(wanted, dict):
        raise Invalid("Malformed JSON body in request", code="no_object")
    current = _settings(request.scope)
    changed = translate_settings.first_change(current, wanted)
    if changed is None:
        return json_reply(current)
    return json_reply({"error": f"Settings are made in jobwire.toml, not here: {changed[:_LONGEST_NAME]}"}, 403)


def _settings(scope: Scope) -> dict[str, Any]:
    """Each printer's address is an installation of its own for clients, so it has its own UUID; the root has one too.

    Raises `NotFound` for the address of a printer that does not exist.
    """
    callers, printer = gateway_of(scope).callers, scope.get(PRINTER) or ""
    shown = Shown(callers.public_id(f"discovery {printer}"), callers.public_id(f"tracking {printer}"))
    try:
        state = printer_of(scope).state
    except Unavailable:
        return translate_settings.settings(shown)
    return translate_settings.settings(
        Shown(shown.discovery, shown.tracking, name=state.name, port=state.port, baudrate=state.baudrate)
    )
