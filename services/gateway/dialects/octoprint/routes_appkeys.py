"""Application keys: an application asks (/plugin/appkeys/request), somebody decides, the application polls.

Probe, request, poll and page need no key: they are how a client gets one.
"""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.types import ASGIApp

from services.gateway.callers import app_keys
from services.gateway.dialects.octoprint import translate, translate_appkeys, wire_appkeys
from services.gateway.dialects.octoprint.routes_common import (
    AnyRequest,
    caller_of,
    empty,
    gateway_of,
    json_body,
    json_command,
    public_base,
    query_of,
)
from services.gateway.replies import json_reply
from shared.errors import Invalid, NotFound

_COMMANDS = frozenset({"generate", "revoke"})
_NO_STORE = {"Cache-Control": "no-store"}


@get("/plugin/appkeys/probe", name="octoprint_probe_appkeys")
async def probe() -> ASGIApp:
    """204: applications can ask here for a key."""
    return empty()


@post("/plugin/appkeys/request", name="octoprint_request_appkey")
async def request_key(request: AnyRequest) -> ASGIApp:
    """Begin to wait for a key; 201 with the address to poll. 429 for an address that asks too often."""
    body = await json_body(request)
    if not isinstance(body, dict) or "app" not in body:
        raise Invalid("No app name provided", code="no_app")
    gateway = gateway_of(request.scope)
    wanted = app_keys.wish(body["app"], body.get("user"))
    approve = gateway.settings.appkey_approval == "always"
    token = await gateway.callers.app_keys.ask(wanted, gateway.proxies.client(request.scope), approve=approve)
    asked, location = translate_appkeys.asked(token, wanted, public_base(request.scope))
    return json_reply(asked, 201, {"Location": location})


@get("/plugin/appkeys/request/{token:str}", name="octoprint_poll_appkey")
async def poll(request: AnyRequest) -> ASGIApp:
    """202 while nobody has decided, 200 with the key once, 404 when denied or not polled for 5 s."""
    key = await gateway_of(request.scope).callers.app_keys.poll(_token(request))
    if key is None:
        return json_reply(wire_appkeys.Awaiting(), 202)
    return json_reply(wire_appkeys.Granted(api_key=key), 200, _NO_STORE)


@post("/plugin/appkeys/decision/{token:str}", name="octoprint_decide_appkey")
async def decide(request: AnyRequest) -> ASGIApp:
    """Let the application in or turn it away; `decision` in any of the words that mean yes, else no."""
    decider = await caller_of(request.scope)
    body = await json_body(request)
    if not isinstance(body, dict) or "decision" not in body:
        raise Invalid("No decision provided", code="no_decision")
    grant = translate.is_true(body["decision"])
    await gateway_of(request.scope).callers.app_keys.decide(_token(request), decider, grant=grant)
    return empty()


@get("/api/plugin/appkeys", name="octoprint_list_appkeys")
async def list_keys(request: AnyRequest) -> ASGIApp:
    """The caller's application keys and what waits for him; `all` for an administrator; `app` asks for one."""
    caller = await caller_of(request.scope)
    query = query_of(request.scope)
    keys = gateway_of(request.scope).callers.app_keys
    if query.get("app"):
        user = app_keys.own_or_any(query.get("user") or None, caller)
        wanted = query["app"].casefold()
        found = [key for key in await keys.keys(user) if key.application.casefold() == wanted]
        if not found:
            raise NotFound("This application has no key", code="no_such_key")
        return json_reply(wire_appkeys.OneKey(key=translate_appkeys.key(found[0])))
    everybody = translate.is_true(query.get("all", "")) and app_keys.may_administer(caller)
    shown = await keys.keys(None if everybody else caller.name)
    return json_reply(translate_appkeys.listing(shown, await keys.waiting(caller)))


@post("/api/plugin/appkeys", name="octoprint_command_appkeys")
async def command_keys(request: AnyRequest) -> ASGIApp:
    """generate (200 with a new key) or revoke (204), by `app` and, for an administrator, `user`; or by `key`."""
    caller = await caller_of(request.scope)
    name, body = await json_command(request, _COMMANDS)
    callers = gateway_of(request.scope).callers
    keys, named = callers.app_keys, body.get("key")
    if name == "revoke" and isinstance(named, str) and named:
        callers.forget(await keys.revoke_key(named, caller))
        return empty()
    wanted = app_keys.wish(body.get("app"), body.get("user"))
    if name == "revoke":
        callers.forget(await keys.revoke(wanted, caller))
        return empty()
    made = wire_appkeys.Generated(
        user_id=wanted.user or caller.name,
        app_id=wanted.application,
        api_key=await keys.generate(wanted, caller),
    )
    return json_reply(made, 200, _NO_STORE)


def _token(request: AnyRequest) -> Any:
    return request.scope["path_params"]["token"]
