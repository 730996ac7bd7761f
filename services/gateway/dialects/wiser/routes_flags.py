"""/api/system/flags and /api/system/conditions: what may block a job."""

from __future__ import annotations

from litestar import delete, get, patch, post
from litestar.types import ASGIApp, Scope

from services.gateway.callers.identity import Identity
from services.gateway.dialects.wiser.routes_common import AnyRequest, actor, ask, body_of, id_of, reader, success
from services.gateway.dialects.wiser.wire_house import ConditionBody, ConditionChange, FlagBody, FlagChange
from services.gateway.replies import Reply
from shared.contracts import load_topics
from shared.contracts.flags import (
    AmendCondition,
    AmendFlag,
    ConditionRequest,
    Conditions,
    CreateCondition,
    CreateFlag,
    DeleteCondition,
    DeleteFlag,
    FlagRequest,
    Flags,
    ReadConditions,
    ReadFlags,
)

FLAG = "/api/system/flags/{flag:int}"
CONDITION = "/api/system/conditions/{condition:int}"


@get("/api/system/flags", name="wiser_list_flags")
async def list_flags(request: AnyRequest) -> ASGIApp:
    """All system flags."""
    found: Flags = await ask(request.scope, load_topics.FLAGS, ReadFlags(), await reader(request.scope))
    return success(found.flags)


@get(FLAG, name="wiser_read_flag")
async def read_flag(request: AnyRequest) -> ASGIApp:
    """One flag."""
    return await _flag(request.scope, ReadFlags(flag=id_of(request.scope, "flag")), await reader(request.scope))


@post("/api/system/flags", name="wiser_create_flag", status_code=200)
async def create_flag(request: AnyRequest) -> ASGIApp:
    """A new flag; its symbol is letters, digits and `_`, and its own."""
    caller = await actor(request.scope)
    body = await body_of(request, FlagBody)
    return await _flag(request.scope, CreateFlag(symbol=body.symbol, value=body.value, name=body.name), caller)


@patch(FLAG, name="wiser_amend_flag")
async def amend_flag(request: AnyRequest) -> ASGIApp:
    """Set it, or change its symbol or name."""
    caller = await actor(request.scope)
    body = await body_of(request, FlagChange)
    flag = id_of(request.scope, "flag")
    change = AmendFlag(flag=flag, symbol=body.symbol, value=body.value, name=body.name)
    return await _flag(request.scope, change, caller)


@delete(FLAG, name="wiser_delete_flag", status_code=200)
async def delete_flag(request: AnyRequest) -> ASGIApp:
    """Remove it; the answer is the removed one."""
    caller = await actor(request.scope)
    return await _flag(request.scope, DeleteFlag(flag=id_of(request.scope, "flag")), caller)


@get("/api/system/conditions", name="wiser_list_conditions")
async def list_conditions(request: AnyRequest) -> ASGIApp:
    """All system conditions with their values now."""
    caller = await reader(request.scope)
    found: Conditions = await ask(request.scope, load_topics.CONDITIONS, ReadConditions(), caller)
    return success(found.conditions)


@get(CONDITION, name="wiser_read_condition")
async def read_condition(request: AnyRequest) -> ASGIApp:
    """One condition with its value now."""
    caller = await reader(request.scope)
    return await _condition(request.scope, ReadConditions(condition=id_of(request.scope, "condition")), caller)


@post("/api/system/conditions", name="wiser_create_condition", status_code=200)
async def create_condition(request: AnyRequest) -> ASGIApp:
    """A new condition: an expression of flags' symbols with not, and, or and parentheses."""
    caller = await actor(request.scope)
    body = await body_of(request, ConditionBody)
    return await _condition(request.scope, CreateCondition(expression=body.expression, name=body.name), caller)


@patch(CONDITION, name="wiser_amend_condition")
async def amend_condition(request: AnyRequest) -> ASGIApp:
    """Change its expression or name."""
    caller = await actor(request.scope)
    body = await body_of(request, ConditionChange)
    condition = id_of(request.scope, "condition")
    change = AmendCondition(condition=condition, expression=body.expression, name=body.name)
    return await _condition(request.scope, change, caller)


@delete(CONDITION, name="wiser_delete_condition", status_code=200)
async def delete_condition(request: AnyRequest) -> ASGIApp:
    """Remove it; the answer is the removed one."""
    caller = await actor(request.scope)
    return await _condition(request.scope, DeleteCondition(condition=id_of(request.scope, "condition")), caller)


async def _flag(scope: Scope, request: FlagRequest, caller: Identity) -> Reply:
    found: Flags = await ask(scope, load_topics.FLAGS, request, caller)
    return success(found.flags[0])


async def _condition(scope: Scope, request: ConditionRequest, caller: Identity) -> Reply:
    found: Conditions = await ask(scope, load_topics.CONDITIONS, request, caller)
    return success(found.conditions[0])
