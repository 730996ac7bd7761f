"""/api/printerprofiles: what the printer behind this address is like; others by their id."""

from __future__ import annotations

from litestar import get
from litestar.types import ASGIApp

from services.gateway.callers.roles import Permission
from services.gateway.dialects.octoprint import translate_profiles
from services.gateway.dialects.octoprint.routes_common import AnyRequest, allowed, gateway_of, printer_of, public_base
from services.gateway.dialects.octoprint.wire_profiles import Profiles
from services.gateway.replies import json_reply


@get("/api/printerprofiles", name="octoprint_list_profiles")
async def list_profiles(request: AnyRequest) -> ASGIApp:
    """The profile `_default`: an address has one printer, and nothing else can be chosen for it."""
    await allowed(request.scope, Permission.SETTINGS_READ)
    current = translate_profiles.profile(printer_of(request.scope).state, public_base(request.scope))
    return json_reply(Profiles(profiles={current.id: current}))


@get("/api/printerprofiles/{profile:str}", name="octoprint_read_profile")
async def read_profile(request: AnyRequest) -> ASGIApp:
    """`_default`, or a printer by its id."""
    await allowed(request.scope, Permission.SETTINGS_READ)
    base, wanted = public_base(request.scope), request.scope["path_params"]["profile"]
    here = printer_of(request.scope)
    if wanted == translate_profiles.CURRENT.id:
        return json_reply(translate_profiles.profile(here.state, base))
    live = gateway_of(request.scope).view.printer(wanted)
    return json_reply(translate_profiles.profile(live.state, base, id=live.id, current=live.id == here.id))
