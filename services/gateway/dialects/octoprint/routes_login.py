"""/api/login (also passive), /api/logout, /api/currentuser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import get, post
from litestar.types import ASGIApp

from services.gateway.callers.callers import REMEMBERED_SESSION
from services.gateway.callers.identity import Identity
from services.gateway.dialects.octoprint import translate, translate_login
from services.gateway.dialects.octoprint.routes_common import (
    SESSION_COOKIE,
    AnyRequest,
    caller_of,
    form_of,
    gateway_of,
    is_json,
    json_body,
    query_of,
    session_of,
)
from services.gateway.replies import Reply, json_reply
from shared.errors import Invalid

_NEITHER = "Neither user and pass attributes nor passive flag present"


@post("/api/login", name="octoprint_login")
async def login(request: AnyRequest) -> ASGIApp:
    """Log in with `user` and `pass`, or `passive`: say who the key or cookie of this request belongs to."""
    form = await _parameters(request)
    if translate.is_true(form.get("passive", False)):
        identity = await caller_of(request.scope, form)
        mechanism = "apikey" if identity.key_id else "session"
        token = session_of(request.scope) if identity.key_id is None else None
        return await _logged_in(request, identity, mechanism, token=token)
    user, password = form.get("user"), form.get("pass")
    if not isinstance(user, str) or not isinstance(password, str):
        raise Invalid(_NEITHER, code="no_login")
    gateway = gateway_of(request.scope)
    identity = await gateway.callers.by_password(user, password, gateway.proxies.client(request.scope))
    return await _logged_in(request, identity, "password", remember=translate.is_true(form.get("remember", False)))


@post("/api/logout", name="octoprint_logout")
async def logout(request: AnyRequest) -> ASGIApp:
    """End the session of the cookie."""
    await caller_of(request.scope)
    token = session_of(request.scope)
    if token:
        await gateway_of(request.scope).callers.close_session(token)
    cookie = (b"set-cookie", _cookie("", "; Max-Age=0").encode())
    return Reply(204, [(b"content-type", b"text/plain"), cookie], b"")


@get("/api/currentuser", name="octoprint_read_current_user")
async def read_current_user(request: AnyRequest) -> ASGIApp:
    """Who calls, and what he may do."""
    return json_reply(translate_login.current_user(await caller_of(request.scope)))


async def _logged_in(
    request: AnyRequest, identity: Identity, mechanism: str, *, token: str | None = None, remember: bool = False
) -> Reply:
    gateway = gateway_of(request.scope)
    session = token or await gateway.callers.open_session(identity, remember=remember)
    record = translate_login.login_record(identity, session, mechanism, gateway.clock.now())
    if identity.key_id or token:
        return json_reply(record)
    lasting = f"; Max-Age={int(REMEMBERED_SESSION.total_seconds())}" if remember else ""
    return json_reply(record, 200, {"Set-Cookie": _cookie(session, lasting)})


async def _parameters(request: AnyRequest) -> Mapping[str, Any]:
    """The parameters of a login, from a JSON body, a form or the query."""
    if is_json(request.scope):
        body = await json_body(request)
        return body if isinstance(body, dict) else {}
    return query_of(request.scope) | await form_of(request)


def _cookie(token: str, ending: str = "") -> str:
    return f"{SESSION_COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax{ending}"
