"""/api/loads: what there is, what it reports, and what it is to do."""

from __future__ import annotations

from typing import Any

from litestar import get, patch, put
from litestar.types import ASGIApp, Scope

from services.gateway.callers.identity import Identity
from services.gateway.dialects.wiser import translate, translate_loads
from services.gateway.dialects.wiser.routes_common import (
    AnyRequest,
    actor,
    ask,
    body_of,
    gateway_of,
    id_of,
    reader,
    success,
    word_of,
)
from services.gateway.dialects.wiser.wire import Attributes, ControlBody, LoadChange, PingBody
from services.gateway.live_loads import Shown
from services.gateway.replies import Reply
from shared.contracts import load_topics
from shared.contracts.loads import ChangeLoad, ControlLoad, LoadCommanded, LoadInfo, PingLoad, SetLoad
from shared.errors import Unavailable

ONE = "/api/loads/{load:int}"


@get("/api/loads", name="wiser_list_loads")
async def list_loads(request: AnyRequest) -> ASGIApp:
    """All loads, without their states."""
    await reader(request.scope)
    return success([translate_loads.load(each.info) for each in gateway_of(request.scope).loads.loads.all()])


@get("/api/loads/state", name="wiser_list_load_states")
async def list_load_states(request: AnyRequest) -> ASGIApp:
    """What the loads reported last; one that has said nothing yet is not there."""
    await reader(request.scope)
    shown = gateway_of(request.scope).loads.loads.all()
    return success([{"id": each.info.id, "state": _state(each)} for each in shown if each.state is not None])


@get(ONE, name="wiser_read_load")
async def read_load(request: AnyRequest) -> ASGIApp:
    """One load with its state."""
    await reader(request.scope)
    shown = _shown(request.scope)
    return success(translate_loads.load(shown.info, shown.state))


@patch(ONE, name="wiser_change_load")
async def change_load(request: AnyRequest) -> ASGIApp:
    """Change name, room, kind or whether it is used; what else the load has may be sent back."""
    caller = await actor(request.scope)
    body = await body_of(request, LoadChange)
    load = id_of(request.scope, "load")
    change = ChangeLoad(load=load, name=body.name, room=body.room, kind=body.kind, unused=body.unused)
    done: LoadCommanded = await ask(request.scope, load_topics.COMMAND_LOAD, change, caller)
    shown = _shown(request.scope)
    return success(translate_loads.load(done.info or shown.info, shown.state))


@get(f"{ONE}/state", name="wiser_read_load_state")
async def read_load_state(request: AnyRequest) -> ASGIApp:
    """What one load reported last."""
    await reader(request.scope)
    shown = _shown(request.scope)
    if shown.state is None:
        raise Unavailable(f"load {shown.info.id} has not reported yet", code="no_report")
    return success({"id": shown.info.id, "state": _state(shown)})


@put([f"{ONE}/target_state", f"{ONE}/state"], name="wiser_set_load")
async def set_load(request: AnyRequest) -> ASGIApp:
    """Set a target state; the answer repeats it once the command is committed."""
    caller = await actor(request.scope)
    body: Attributes = await body_of(request, Attributes)
    load = id_of(request.scope, "load")
    command = SetLoad(load=load, target=translate.target(body))
    await ask(request.scope, load_topics.COMMAND_LOAD, command, caller)
    return success({"id": load, "target_state": body})


@put(f"{ONE}/ctrl", name="wiser_control_load")
async def control_load(request: AnyRequest) -> ASGIApp:
    """Press a button of the load: on, off, up, down, toggle or stop; click, press or release."""
    caller = await actor(request.scope)
    body = await body_of(request, ControlBody)
    return await _control(request.scope, caller, body.event, body.button)


@get(f"{ONE}/ctrl/{{event:str}}/{{button:str}}", name="wiser_control_load_by_path")
async def control_load_by_path(request: AnyRequest) -> ASGIApp:
    """The same, with event and button in the path."""
    caller = await actor(request.scope)
    return await _control(request.scope, caller, word_of(request.scope, "event"), word_of(request.scope, "button"))


@get(f"{ONE}/ping", name="wiser_ping_load")
async def ping_load(request: AnyRequest) -> ASGIApp:
    """Make the load show itself for two seconds."""
    return await _ping(request.scope, await actor(request.scope), PingBody())


@put(f"{ONE}/ping", name="wiser_ping_load_so")
async def ping_load_so(request: AnyRequest) -> ASGIApp:
    """The same for `time_ms` (500 to 60000), in a pattern and a colour."""
    caller = await actor(request.scope)
    return await _ping(request.scope, caller, await body_of(request, PingBody))


async def _control(scope: Scope, caller: Identity, event: str, button: str) -> Reply:
    translate.check_press(event, button)
    load = id_of(scope, "load")
    await ask(scope, load_topics.COMMAND_LOAD, ControlLoad(load=load, button=button, event=event), caller)
    return success({"id": load, "ctrl": {"button": button, "event": event}})


async def _ping(scope: Scope, caller: Identity, body: PingBody) -> Reply:
    ping = PingLoad(load=id_of(scope, "load"), time_ms=body.time_ms, blink_pattern=body.blink_pattern, color=body.color)
    await ask(scope, load_topics.COMMAND_LOAD, ping, caller)
    return success(body)


def _shown(scope: Scope) -> Shown[LoadInfo]:
    return gateway_of(scope).loads.loads.one(id_of(scope, "load"))


def _state(shown: Shown[LoadInfo]) -> dict[str, Any]:
    assert shown.state is not None
    return translate_loads.state(shown.info.type, shown.state)
