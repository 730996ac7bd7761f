"""/api/scenes, /api/rooms and /api/site: names for people."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import delete, get, patch, post, put
from litestar.types import ASGIApp, Scope

from services.gateway.callers.identity import Identity
from services.gateway.dialects.wiser.routes_common import (
    ANYBODY,
    AnyRequest,
    actor,
    ask,
    body_of,
    gateway_of,
    id_of,
    reader,
    success,
)
from services.gateway.dialects.wiser.wire_house import RoomBody, SceneBody
from services.gateway.replies import Reply
from shared.contracts import load_topics
from shared.contracts.house import DeleteRecord, ReadRecords, RecordRequest, Records, WriteRecord
from shared.errors import NotFound

SCENE, ROOM, SITE = "scene", "room", "site"
ONE_SCENE, ONE_ROOM = "/api/scenes/{scene:int}", "/api/rooms/{room:int}"
_NEW_SCENE: dict[str, Any] = {"name": "", "kind": 0, "job": None}
_NEW_ROOM: dict[str, Any] = {"name": "", "kind": 0, "load_order": []}


@get("/api/scenes", name="wiser_list_scenes")
async def list_scenes(request: AnyRequest) -> ASGIApp:
    """All scenes; each is a name for a job."""
    return await _all(request.scope, SCENE, await reader(request.scope))


@get(ONE_SCENE, name="wiser_read_scene")
async def read_scene(request: AnyRequest) -> ASGIApp:
    """One scene."""
    caller = await reader(request.scope)
    return await _one(request.scope, ReadRecords(kind=SCENE, record=id_of(request.scope, SCENE)), caller)


@post("/api/scenes", name="wiser_create_scene", status_code=200)
async def create_scene(request: AnyRequest) -> ASGIApp:
    """A new scene."""
    caller = await actor(request.scope)
    values = _given(await body_of(request, SceneBody))
    return await _one(request.scope, WriteRecord(kind=SCENE, values=_NEW_SCENE | values), caller)


@put(ONE_SCENE, name="wiser_replace_scene")
async def replace_scene(request: AnyRequest) -> ASGIApp:
    """Replace the scene: what is not given goes back to its default."""
    caller = await actor(request.scope)
    values = _given(await body_of(request, SceneBody))
    change = WriteRecord(kind=SCENE, record=id_of(request.scope, SCENE), values=_NEW_SCENE | values, whole=True)
    return await _one(request.scope, change, caller)


@patch(ONE_SCENE, name="wiser_amend_scene")
async def amend_scene(request: AnyRequest) -> ASGIApp:
    """Change what is given."""
    caller = await actor(request.scope)
    values = _given(await body_of(request, SceneBody))
    change = WriteRecord(kind=SCENE, record=id_of(request.scope, SCENE), values=values)
    return await _one(request.scope, change, caller)


@delete(ONE_SCENE, name="wiser_delete_scene", status_code=200)
async def delete_scene(request: AnyRequest) -> ASGIApp:
    """Remove it; its job stays."""
    caller = await actor(request.scope)
    return await _one(request.scope, DeleteRecord(kind=SCENE, record=id_of(request.scope, SCENE)), caller)


@get("/api/rooms", name="wiser_list_rooms")
async def list_rooms(request: AnyRequest) -> ASGIApp:
    """All rooms."""
    return await _all(request.scope, ROOM, await reader(request.scope))


@get(ONE_ROOM, name="wiser_read_room")
async def read_room(request: AnyRequest) -> ASGIApp:
    """One room."""
    caller = await reader(request.scope)
    return await _one(request.scope, ReadRecords(kind=ROOM, record=id_of(request.scope, ROOM)), caller)


@post("/api/rooms", name="wiser_create_room", status_code=200)
async def create_room(request: AnyRequest) -> ASGIApp:
    """A new room."""
    caller = await actor(request.scope)
    values = _given(await body_of(request, RoomBody))
    return await _one(request.scope, WriteRecord(kind=ROOM, values=_NEW_ROOM | values), caller)


@patch(ONE_ROOM, name="wiser_amend_room")
async def amend_room(request: AnyRequest) -> ASGIApp:
    """Change what is given."""
    caller = await actor(request.scope)
    values = _given(await body_of(request, RoomBody))
    change = WriteRecord(kind=ROOM, record=id_of(request.scope, ROOM), values=values)
    return await _one(request.scope, change, caller)


@delete(ONE_ROOM, name="wiser_delete_room", status_code=200)
async def delete_room(request: AnyRequest) -> ASGIApp:
    """Remove it; its loads stay."""
    caller = await actor(request.scope)
    return await _one(request.scope, DeleteRecord(kind=ROOM, record=id_of(request.scope, ROOM)), caller)


@get("/api/site", name="wiser_read_site")
async def read_site(request: AnyRequest) -> ASGIApp:
    """What the house is called, and what clients have noted of it. It asks for no token."""
    stored = await _site(request.scope)
    name = gateway_of(request.scope).wiser.name
    if not stored and not name:
        raise NotFound("no site info", code="no_site")
    return success({"name": name, **stored} if name else stored)


@post("/api/site", name="wiser_write_site", status_code=200)
async def write_site(request: AnyRequest) -> ASGIApp:
    """Replace all that is noted."""
    caller = await actor(request.scope)
    return await _write_site(request.scope, WriteRecord(kind=SITE, values=await _free(request), whole=True), caller)


@patch("/api/site", name="wiser_amend_site")
async def amend_site(request: AnyRequest) -> ASGIApp:
    """Change what is given."""
    caller = await actor(request.scope)
    return await _write_site(request.scope, WriteRecord(kind=SITE, values=await _free(request)), caller)


async def _all(scope: Scope, kind: str, caller: Identity) -> Reply:
    found: Records = await ask(scope, load_topics.RECORDS, ReadRecords(kind=kind), caller)
    return success(found.records)


async def _one(scope: Scope, request: RecordRequest, caller: Identity) -> Reply:
    found: Records = await ask(scope, load_topics.RECORDS, request, caller)
    return success(found.records[0])


async def _site(scope: Scope) -> dict[str, Any]:
    found: Records = await ask(scope, load_topics.RECORDS, ReadRecords(kind=SITE), ANYBODY)
    return _without_id(found.records[0]) if found.records else {}


async def _write_site(scope: Scope, change: WriteRecord, caller: Identity) -> Reply:
    found: Records = await ask(scope, load_topics.RECORDS, change, caller)
    return success(_without_id(found.records[0]))


async def _free(request: AnyRequest) -> dict[str, Any]:
    """An object of any members but `id`, which is ours."""
    return _without_id(await body_of(request, dict[str, Any]))


def _without_id(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "id"}


def _given(body: SceneBody | RoomBody) -> dict[str, Any]:
    """What a body says, without the id that clients send back."""
    return _without_id(msgspec.to_builtins(body))
