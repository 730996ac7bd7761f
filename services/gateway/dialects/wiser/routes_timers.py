"""/api/timers: jobs that run by the clock or the sun."""

from __future__ import annotations

from typing import Any

from litestar import delete, get, patch, post, put
from litestar.types import ASGIApp, Scope

from services.gateway.callers.identity import Identity
from services.gateway.dialects.wiser import translate_timers
from services.gateway.dialects.wiser.routes_common import AnyRequest, actor, ask, id_of, reader, success
from services.gateway.replies import Reply
from shared.contracts import load_topics
from shared.contracts.timers import DeleteTimer, ReadTimers, TimerRequest, Timers

ONE = "/api/timers/{timer:int}"


@get("/api/timers", name="wiser_list_timers")
async def list_timers(request: AnyRequest) -> ASGIApp:
    """All timers."""
    return success(await _asked(request.scope, ReadTimers(), await reader(request.scope)))


@get(ONE, name="wiser_read_timer")
async def read_timer(request: AnyRequest) -> ASGIApp:
    """One timer."""
    return await _one(request.scope, ReadTimers(timer=id_of(request.scope, "timer")), await reader(request.scope))


@post("/api/timers", name="wiser_create_timer", status_code=200)
async def create_timer(request: AnyRequest) -> ASGIApp:
    """A new timer; other members are kept and ignored."""
    caller = await actor(request.scope)
    return await _one(request.scope, translate_timers.creation(await request.body()), caller)


@put(ONE, name="wiser_replace_timer")
async def replace_timer(request: AnyRequest) -> ASGIApp:
    """Replace the whole timer: what is not given goes back to its default."""
    caller = await actor(request.scope)
    timer = id_of(request.scope, "timer")
    return await _one(request.scope, translate_timers.replacement(timer, await request.body()), caller)


@patch(ONE, name="wiser_amend_timer")
async def amend_timer(request: AnyRequest) -> ASGIApp:
    """Change what is given."""
    caller = await actor(request.scope)
    timer = id_of(request.scope, "timer")
    return await _one(request.scope, translate_timers.amendment(timer, await request.body()), caller)


@delete(ONE, name="wiser_delete_timer", status_code=200)
async def delete_timer(request: AnyRequest) -> ASGIApp:
    """Remove it; the answer is the removed one."""
    caller = await actor(request.scope)
    return await _one(request.scope, DeleteTimer(timer=id_of(request.scope, "timer")), caller)


async def _asked(scope: Scope, request: TimerRequest, caller: Identity) -> list[dict[str, Any]]:
    found: Timers = await ask(scope, load_topics.TIMERS, request, caller)
    return [translate_timers.timer(each) for each in found.timers]


async def _one(scope: Scope, request: TimerRequest, caller: Identity) -> Reply:
    return success((await _asked(scope, request, caller))[0])
