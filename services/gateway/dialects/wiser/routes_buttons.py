"""/api/smartbuttons: which job a button runs, and waiting for somebody to press one."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import delete, get, patch, post
from litestar.types import ASGIApp, Scope

from services.gateway.callers.identity import Identity
from services.gateway.dialects.wiser import translate_loads
from services.gateway.dialects.wiser.presses import Presses
from services.gateway.dialects.wiser.routes_common import (
    AnyRequest,
    actor,
    ask,
    body_of,
    gateway_of,
    id_of,
    reader,
    success,
)
from services.gateway.dialects.wiser.wire_house import ProgramBody, SmartButtonBody, SmartButtonChange
from services.gateway.framework import unless_gone
from services.gateway.replies import Reply
from shared.contracts import load_topics
from shared.contracts.smart_buttons import (
    CreateSmartButton,
    DeleteSmartButton,
    LinkSmartButton,
    ProgramSmartButtons,
    ReadSmartButtons,
    SmartButtonRequest,
    SmartButtons,
)

ONE = "/api/smartbuttons/{smartbutton:int}"


@get("/api/smartbuttons", name="wiser_list_buttons")
async def list_buttons(request: AnyRequest) -> ASGIApp:
    """All smart buttons."""
    return success(await _asked(request.scope, ReadSmartButtons(), await reader(request.scope)))


@get(ONE, name="wiser_read_button")
async def read_button(request: AnyRequest) -> ASGIApp:
    """One smart button."""
    button = ReadSmartButtons(button=id_of(request.scope, "smartbutton"))
    return await _one(request.scope, button, await reader(request.scope))


@post("/api/smartbuttons", name="wiser_create_button", status_code=200)
async def create_button(request: AnyRequest) -> ASGIApp:
    """Make an input channel a smart button."""
    caller = await actor(request.scope)
    body = await body_of(request, SmartButtonBody)
    new = CreateSmartButton(device=body.device.lower(), channel=body.channel, job=body.job, input_type=body.input_type)
    return success(await _asked(request.scope, new, caller))


@patch(ONE, name="wiser_link_button")
async def link_button(request: AnyRequest) -> ASGIApp:
    """Link it to a job; `null` unlinks."""
    caller = await actor(request.scope)
    body = await body_of(request, SmartButtonChange)
    link = LinkSmartButton(button=id_of(request.scope, "smartbutton"), job=body.job)
    return await _one(request.scope, link, caller)


@delete(ONE, name="wiser_delete_button", status_code=200)
async def delete_button(request: AnyRequest) -> ASGIApp:
    """It is a smart button no more."""
    caller = await actor(request.scope)
    return await _one(request.scope, DeleteSmartButton(button=id_of(request.scope, "smartbutton")), caller)


@post("/api/smartbuttons/program", name="wiser_program_buttons", status_code=200)
async def program_buttons(request: AnyRequest) -> ASGIApp:
    """Programming mode on or off: while it is on, a press tells which button it was and runs nothing."""
    caller = await actor(request.scope)
    body = await body_of(request, ProgramBody)
    program = ProgramSmartButtons(on=body.on, timeout=body.timeout, button_type=body.button_type, owner=body.owner)
    await ask(request.scope, load_topics.SMART_BUTTONS, program, caller)
    _presses(request.scope).programming(body.timeout if body.on else None)
    return success(msgspec.to_builtins(body))


@get("/api/smartbuttons/notify", name="wiser_await_press")
async def await_press(request: AnyRequest) -> ASGIApp:
    """Wait until somebody presses a smart button, at most for the rest of programming mode, else a minute."""
    await reader(request.scope)
    gateway_of(request.scope).loads.check()
    pressed = await unless_gone(request.receive, _presses(request.scope).next())
    return success({"button": pressed.id, "id": pressed.id, "device": pressed.device, "channel": pressed.channel})


def _presses(scope: Scope) -> Presses:
    presses: Presses = scope["litestar_app"].state.presses
    return presses


async def _asked(scope: Scope, request: SmartButtonRequest, caller: Identity) -> list[dict[str, Any]]:
    found: SmartButtons = await ask(scope, load_topics.SMART_BUTTONS, request, caller)
    return [translate_loads.smart_button(each) for each in found.buttons]


async def _one(scope: Scope, request: SmartButtonRequest, caller: Identity) -> Reply:
    return success((await _asked(scope, request, caller))[0])
