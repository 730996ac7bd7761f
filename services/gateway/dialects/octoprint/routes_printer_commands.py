"""POST /api/printer/… and, as they were called in December 2013, /api/control/printer/…

Each answers 204 once the printer's owner has taken the command. The order of the checks is OctoPrint's: the permission,
the printer's state (for the print head after the command's name), the body's type and JSON, its command, what the
command needs, and only then the values.
"""

from __future__ import annotations

from collections.abc import Callable

from litestar import post
from litestar.types import ASGIApp, Scope

from services.gateway.callers.identity import Identity
from services.gateway.callers.roles import Permission
from services.gateway.dialects.octoprint import translate, translate_lines, translate_printer
from services.gateway.dialects.octoprint.routes_common import (
    AnyRequest,
    Body,
    allowed,
    ask,
    empty,
    json_body,
    json_command,
    printer_of,
)
from services.gateway.dialects.octoprint.routes_printer_state import has_bed, has_chamber, operational
from services.gateway.dialects.octoprint.translate_printer import Command, Commands
from services.gateway.live_view import Live
from services.gateway.replies import Reply, json_reply
from shared.contracts import topics
from shared.contracts.printers import CommandDone, PrinterAsk, PrinterStatus
from shared.errors import Conflict, Invalid

NOT_AT_REST = "Printer is not operational or currently printing"
NOT_IDLE = "Printer is not operational or currently busy"
PRINTING = "Printer is currently printing"
UNKNOWN_SCRIPT = "Unknown script"

Check = Callable[[Live], None]


@post(["/api/printer/printhead", "/api/control/printer/printhead"], name="octoprint_command_print_head")
async def command_print_head(request: AnyRequest) -> ASGIApp:
    """jog, home, feedrate."""
    identity, live = await _caller(request.scope)
    command, body = await _named(request, translate_printer.PRINT_HEAD)
    if live.state.state not in translate.OPERATIONAL or (command.at_rest and _is_printing(live)):
        raise Conflict(NOT_AT_REST, code="printing")
    return await _do(request.scope, command.make(body, live.state), identity, live)


@post("/api/printer/tool", name="octoprint_command_tool")
async def command_tool(request: AnyRequest) -> ASGIApp:
    """target, offset, select, extrude, flowrate."""
    return await _command(request, translate_printer.TOOL, operational)


@post("/api/printer/bed", name="octoprint_command_bed")
async def command_bed(request: AnyRequest) -> ASGIApp:
    """target, offset."""
    return await _command(request, translate_printer.BED, operational, has_bed)


@post("/api/printer/chamber", name="octoprint_command_chamber")
async def command_chamber(request: AnyRequest) -> ASGIApp:
    """target, offset."""
    return await _command(request, translate_printer.CHAMBER, operational, has_chamber)


@post("/api/control/printer/heater", name="octoprint_command_early_heater")
async def command_heater(request: AnyRequest) -> ASGIApp:
    """temp, offset: of `hotend` and `bed`."""
    return await _command(request, translate_printer.HEATER, operational)


@post("/api/control/printer/feeder", name="octoprint_command_early_feeder")
async def command_feeder(request: AnyRequest) -> ASGIApp:
    """extrude."""
    return await _command(request, translate_printer.FEEDER, _at_rest)


@post(["/api/printer/sd", "/api/control/printer/sd"], name="octoprint_command_sd")
async def command_card(request: AnyRequest) -> ASGIApp:
    """init, refresh, release."""
    return await _command(request, translate_printer.CARD, _idle)


@post(["/api/printer/command", "/api/control/printer/command"], name="octoprint_command_lines")
async def command_lines(request: AnyRequest) -> ASGIApp:
    """Lines of G-code; `M112` goes ahead of everything. There are no scripts that could be named."""
    identity, live = await _caller(request.scope)
    operational(live)
    command = translate_lines.command(await json_body(request))
    if command is None:
        return json_reply({"error": UNKNOWN_SCRIPT}, 404)
    return await _do(request.scope, command, identity, live)


async def _command(request: AnyRequest, commands: Commands, *checks: Check) -> Reply:
    identity, live = await _caller(request.scope)
    for check in checks:
        check(live)
    command, body = await _named(request, commands)
    if command.at_rest and _is_printing(live):
        raise Conflict(PRINTING, code="printing")
    return await _do(request.scope, command.make(body, live.state), identity, live)


async def _caller(scope: Scope) -> tuple[Identity, Live]:
    return await allowed(scope, Permission.CONTROL), printer_of(scope)


async def _named(request: AnyRequest, commands: Commands) -> tuple[Command, Body]:
    name, body = await json_command(request, commands)
    command = commands[name]
    if command.needs is not None and command.needs not in body:
        raise Invalid("Mandatory parameters missing", code="missing_parameter")
    return command, body


async def _do(scope: Scope, command: PrinterAsk, identity: Identity, live: Live) -> Reply:
    done: CommandDone = await ask(scope, topics.COMMAND_PRINTER, command, identity, live)
    return empty(done.run)


def _is_printing(live: Live) -> bool:
    return live.state.state in translate.PRINTING


def _at_rest(live: Live) -> None:
    if live.state.state not in translate.OPERATIONAL or _is_printing(live):
        raise Conflict(NOT_AT_REST, code="printing")


def _idle(live: Live) -> None:
    if live.state.state is not PrinterStatus.OPERATIONAL:
        raise Conflict(NOT_IDLE, code="busy")
