"""/api/connection and its early form, /api/version, /api/server."""

from __future__ import annotations

import msgspec
from litestar import get, post
from litestar.types import ASGIApp, Scope

from services.gateway.callers.roles import Permission
from services.gateway.dialects.octoprint import translate
from services.gateway.dialects.octoprint.routes_common import (
    AnyRequest,
    allowed,
    ask,
    empty,
    json_command,
    printer_of,
)
from services.gateway.live_view import Live
from services.gateway.replies import json_bytes, json_reply
from shared.contracts import topics
from shared.contracts.printers import CommandDone, ConnectionOptions, ReadConnection
from shared.errors import Unavailable

_VERSION = json_bytes(msgspec.json.encode(translate.VERSION))
_SERVER = json_bytes(msgspec.json.encode(translate.SERVER_SHOWN))


@get("/api/version", name="octoprint_read_version")
async def read_version(request: AnyRequest) -> ASGIApp:
    """Which API this is; slicers test a connection with it, so it is not there for a printer that does not exist."""
    await allowed(request.scope, Permission.STATUS)
    _check_place(request.scope)
    return _VERSION


@get("/api/server", name="octoprint_read_server")
async def read_server(request: AnyRequest) -> ASGIApp:
    """The server's version."""
    await allowed(request.scope, Permission.STATUS)
    _check_place(request.scope)
    return _SERVER


@get("/api/connection", name="octoprint_read_connection")
async def read_connection(request: AnyRequest) -> ASGIApp:
    """How the printer is connected, and which ports and rates its host offers now."""
    live, options = await _connection(request)
    return json_reply(translate.connection(live.state, options))


@get("/api/control/connection", name="octoprint_read_early_connection")
async def read_early_connection(request: AnyRequest) -> ASGIApp:
    """The same in the form of December 2013."""
    live, options = await _connection(request)
    return json_reply(translate.early_connection(live.state, options))


@post(["/api/connection", "/api/control/connection"], name="octoprint_command_connection")
async def command_connection(request: AnyRequest) -> ASGIApp:
    """connect, disconnect, fake_ack. Here OctoPrint asks for the permission first."""
    identity = await allowed(request.scope, Permission.CONNECTION)
    name, body = await json_command(request, translate.CONNECTION_COMMANDS)
    live = printer_of(request.scope)
    command = translate.connection_command(name, body)
    done: CommandDone = await ask(request.scope, topics.COMMAND_PRINTER, command, identity, live)
    return empty(done.run)


async def _connection(request: AnyRequest) -> tuple[Live, ConnectionOptions]:
    identity = await allowed(request.scope, Permission.STATUS)
    live = printer_of(request.scope)
    options: ConnectionOptions = await ask(request.scope, topics.READ_CONNECTION, ReadConnection(), identity, live)
    return printer_of(request.scope), options


def _check_place(scope: Scope) -> None:
    """Raises `NotFound` for a printer that does not exist; one that nobody speaks for at present may come back."""
    try:
        printer_of(scope)
    except Unavailable:
        return
