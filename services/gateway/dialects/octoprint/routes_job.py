"""/api/job, and /api/control/job as it was called for half a day in 2013: one handler behind both."""

from __future__ import annotations

import msgspec
from litestar import get, post
from litestar.types import ASGIApp

from services.gateway.callers.roles import Permission
from services.gateway.dialects.octoprint import translate
from services.gateway.dialects.octoprint.routes_common import (
    AnyRequest,
    allowed,
    ask,
    caller_of,
    empty,
    json_command,
    printer_of,
)
from services.gateway.live_view import Live, PrinterView
from services.gateway.replies import Reply, json_bytes
from shared.contracts import topics
from shared.contracts.printers import CommandDone
from shared.errors import Conflict

NOT_OPERATIONAL = "Printer is not operational"


class JobReplies:
    """The newest answer of GET /api/job per printer: made once per change, not once per request."""

    def __init__(self) -> None:
        self._replies: dict[str, tuple[PrinterView, int, Reply]] = {}

    def of(self, live: Live) -> Reply:
        """The answer for this printer as it is now."""
        kept = self._replies.get(live.id)
        if kept is not None and kept[0] is live.view and kept[1] == live.view.revision:
            return kept[2]
        shown = translate.job_information(live.state, live.view.job, had_file=live.view.had_file)
        reply = json_bytes(msgspec.json.encode(shown))
        self._replies[live.id] = (live.view, live.view.revision, reply)
        return reply


@get("/api/job", name="octoprint_read_job")
async def read_job(request: AnyRequest) -> ASGIApp:
    """The current job, its progress and the printer's state."""
    scope = request.scope
    await allowed(scope, Permission.STATUS)
    replies: JobReplies = scope["litestar_app"].state.job_replies
    return replies.of(printer_of(scope))


@post(["/api/job", "/api/control/job"], name="octoprint_command_job")
async def command_job(request: AnyRequest) -> ASGIApp:
    """start, restart, pause (pause, resume, toggle) or cancel; 204 once the printer's owner has committed it.

    The order of the checks is the recorded one, but that the key comes first.
    """
    identity = await caller_of(request.scope)
    live = printer_of(request.scope)
    if live.state.state not in translate.OPERATIONAL:
        raise Conflict(NOT_OPERATIONAL, code="not_operational")
    name, body = await json_command(request, translate.JOB_COMMANDS)
    identity.require(Permission.PRINT)
    command = translate.job_command(name, body)
    done: CommandDone = await ask(request.scope, topics.COMMAND_PRINTER, command, identity, live)
    return empty(done.run)
