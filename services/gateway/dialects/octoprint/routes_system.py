"""/api/system/commands: there are none, so that no client can shut down or restart what others rely on.

Also what OctoPrint has and we have not, as it looks there when it is not used: clients ask before they show it.
"""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.types import ASGIApp

from services.gateway.callers.roles import Permission
from services.gateway.dialects.octoprint.routes_common import AnyRequest, allowed, query_of
from services.gateway.replies import json_reply
from shared.errors import NotFound

_SOURCES = ("core", "custom", "plugin")
_NO_COMMANDS: dict[str, list[Any]] = {source: [] for source in _SOURCES}


@get("/api/system/commands", name="octoprint_list_system_commands")
async def list_commands(request: AnyRequest) -> ASGIApp:
    """The commands by source."""
    await allowed(request.scope, Permission.SYSTEM)
    return json_reply(_NO_COMMANDS)


@get("/api/system/commands/{source:str}", name="octoprint_list_source_commands")
async def list_source(request: AnyRequest) -> ASGIApp:
    """The commands of one source."""
    await allowed(request.scope, Permission.SYSTEM)
    if request.scope["path_params"]["source"] not in _SOURCES:
        raise NotFound("There is no such source", code="no_such_source")
    return json_reply([])


@post("/api/system/commands/{source:str}/{action:str}", name="octoprint_run_system_command")
async def run_command(request: AnyRequest) -> ASGIApp:
    """404: there is none."""
    await allowed(request.scope, Permission.SYSTEM)
    raise NotFound("There is no such command", code="no_such_command")


@get("/api/slicing", name="octoprint_list_slicers")
async def list_slicers(request: AnyRequest) -> ASGIApp:
    """No slicer."""
    await allowed(request.scope, Permission.STATUS)
    return json_reply({})


@get("/api/timelapse", name="octoprint_list_timelapses")
async def list_timelapses(request: AnyRequest) -> ASGIApp:
    """No timelapse is made."""
    await allowed(request.scope, Permission.STATUS)
    shown: dict[str, Any] = {"config": {"type": "off"}, "enabled": False, "files": []}
    return json_reply(shown | ({"unrendered": []} if "unrendered" in query_of(request.scope) else {}))
