"""GET /api/printer and its parts: state, flags, temperatures with their history, the card."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from litestar import get
from litestar.types import ASGIApp, Scope

from services.gateway.callers.roles import Permission
from services.gateway.dialects.octoprint import translate
from services.gateway.dialects.octoprint.routes_common import AnyRequest, allowed, printer_of, query_of
from services.gateway.dialects.octoprint.routes_job import NOT_OPERATIONAL
from services.gateway.live_view import HISTORY, Live
from services.gateway.replies import json_reply
from shared.errors import Conflict

NO_BED = "Printer does not have a heated bed"
NO_CHAMBER = "Printer does not have a heated chamber"

Keep = Callable[[str], bool]


def operational(live: Live) -> None:
    """Raises `Conflict` while the printer is not operational, which clients take for offline."""
    if live.state.state not in translate.OPERATIONAL:
        raise Conflict(NOT_OPERATIONAL, code="not_operational")


def has_bed(live: Live) -> None:
    """Raises `Conflict` for a printer without a heated bed."""
    if not live.state.heated_bed:
        raise Conflict(NO_BED, code="no_heated_bed")


def has_chamber(live: Live) -> None:
    """Raises `Conflict` for a printer without a heated chamber."""
    if not live.state.heated_chamber:
        raise Conflict(NO_CHAMBER, code="no_heated_chamber")


@get("/api/printer", name="octoprint_read_printer")
async def read_printer(request: AnyRequest) -> ASGIApp:
    """State, flags and temperatures."""
    live = await _read(request.scope)
    query = query_of(request.scope)
    excluded = {part.strip() for part in query.get("exclude", "").split(",")}
    parts: dict[str, Callable[[], Any]] = {
        "sd": lambda: {"ready": live.state.sd_ready},
        "state": lambda: translate.state_shown(live.state),
        "temperature": lambda: _temperature(live, query),
    }
    return json_reply({name: part() for name, part in parts.items() if name not in excluded})


@get("/api/printer/tool", name="octoprint_read_tool")
async def read_tool(request: AnyRequest) -> ASGIApp:
    """Temperatures of the tools."""
    live = await _read(request.scope)
    return json_reply(_temperature(live, query_of(request.scope), lambda name: name.startswith("tool")))


@get("/api/printer/bed", name="octoprint_read_bed")
async def read_bed(request: AnyRequest) -> ASGIApp:
    """Temperature of the bed."""
    live = await _read(request.scope, has_bed)
    return json_reply(_temperature(live, query_of(request.scope), lambda name: name == "bed"))


@get("/api/printer/chamber", name="octoprint_read_chamber")
async def read_chamber(request: AnyRequest) -> ASGIApp:
    """Temperature of the chamber."""
    live = await _read(request.scope, has_chamber)
    return json_reply(_temperature(live, query_of(request.scope), lambda name: name == "chamber"))


@get(["/api/printer/sd", "/api/control/printer/sd"], name="octoprint_read_sd")
async def read_card(request: AnyRequest) -> ASGIApp:
    """Whether there is a card, in every state of the printer."""
    await allowed(request.scope, Permission.STATUS)
    return json_reply({"ready": printer_of(request.scope).state.sd_ready})


@get(["/api/printer/command/custom", "/api/control/custom"], name="octoprint_read_custom_controls")
async def read_custom_controls(request: AnyRequest) -> ASGIApp:
    """There are no custom controls."""
    await allowed(request.scope, Permission.CONTROL)
    return json_reply({"controls": []})


@get("/api/printer/error", name="octoprint_read_printer_error")
async def read_error(request: AnyRequest) -> ASGIApp:
    """The error the printer is in, if any, as `error`; a `reason` in OctoPrint's sense is not kept."""
    await allowed(request.scope, Permission.STATUS)
    return json_reply({"error": printer_of(request.scope).state.error, "reason": ""})


async def _read(scope: Scope, has_it: Callable[[Live], None] | None = None) -> Live:
    await allowed(scope, Permission.STATUS)
    live = printer_of(scope)
    operational(live)
    if has_it is not None:
        has_it(live)
    return live


def _temperature(live: Live, query: dict[str, str], keep: Keep = lambda _: True) -> dict[str, Any]:
    now = translate.temperatures(live.state, live.view.temperature)
    shown = {name: value for name, value in now.items() if keep(name)}
    if translate.is_true(query.get("history", "")):
        readings = list(live.view.history)[-_limit(query) :]
        entries = [translate.history_entry(live.state, reading) for reading in readings]
        shown["history"] = [
            {name: value for name, value in entry.items() if name == "time" or keep(name)} for entry in entries
        ]
    return shown


def _limit(query: dict[str, str]) -> int:
    """How many entries of the history; everything we have when the number is missing or makes no sense."""
    text = query.get("limit", "")
    return min(int(text), HISTORY) if text.isdecimal() and len(text) < 9 and int(text) > 0 else HISTORY
