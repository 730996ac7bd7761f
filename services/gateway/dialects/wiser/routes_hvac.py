"""/api/hvacgroups: rooms that are heated together."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import get, put
from litestar.types import ASGIApp

from services.gateway.dialects.wiser import translate_loads
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
from services.gateway.dialects.wiser.wire import HvacTarget
from services.gateway.live_loads import Shown
from shared.contracts import load_topics
from shared.contracts.loads import HvacGroupInfo, SetHvacGroup
from shared.errors import Invalid

ONE = "/api/hvacgroups/{hvacgroup:int}"


@get("/api/hvacgroups", name="wiser_list_hvac_groups")
async def list_hvac_groups(request: AnyRequest) -> ASGIApp:
    """All groups."""
    await reader(request.scope)
    return success([_group(each) for each in gateway_of(request.scope).loads.groups.all()])


@get("/api/hvacgroups/state", name="wiser_list_hvac_group_states")
async def list_hvac_group_states(request: AnyRequest) -> ASGIApp:
    """The temperatures of all groups."""
    await reader(request.scope)
    shown = gateway_of(request.scope).loads.groups.all()
    return success([{"id": each.info.id, "state": _state(each)} for each in shown if each.state is not None])


@get(ONE, name="wiser_read_hvac_group")
async def read_hvac_group(request: AnyRequest) -> ASGIApp:
    """One group with its temperatures."""
    await reader(request.scope)
    shown = gateway_of(request.scope).loads.groups.one(id_of(request.scope, "hvacgroup"))
    return success({**_group(shown), **({"state": _state(shown)} if shown.state else {})})


@get(f"{ONE}/state", name="wiser_read_hvac_group_state")
async def read_hvac_group_state(request: AnyRequest) -> ASGIApp:
    """The temperatures of one group."""
    await reader(request.scope)
    shown = gateway_of(request.scope).loads.groups.one(id_of(request.scope, "hvacgroup"))
    return success({"id": shown.info.id, "state": _state(shown)})


@put(f"{ONE}/target_state", name="wiser_set_hvac_group")
async def set_hvac_group(request: AnyRequest) -> ASGIApp:
    """Set temperatures in °C; a boost of -99 ends the boost."""
    caller = await actor(request.scope)
    body = await body_of(request, HvacTarget)
    if body == HvacTarget():
        raise Invalid("a target state has at least one temperature", code="no_attribute")
    group = id_of(request.scope, "hvacgroup")
    command = SetHvacGroup(
        group=group, target_temperature=body.target_temperature, boost_temperature=body.boost_temperature
    )
    await ask(request.scope, load_topics.SET_HVAC_GROUP, command, caller)
    return success({"id": group, "target_state": msgspec.to_builtins(body)})


def _group(shown: Shown[HvacGroupInfo]) -> dict[str, Any]:
    return {"id": shown.info.id, "name": shown.info.name, "loads": shown.info.loads}


def _state(shown: Shown[HvacGroupInfo]) -> dict[str, Any]:
    return translate_loads.state("hvacgroup", shown.state) if shown.state else {}
