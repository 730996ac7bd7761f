"""/plugin/appkeys/auth/<token>: the page that a client opens in a browser, and the form on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import get, post
from litestar.types import ASGIApp

from services.gateway.callers.identity import Identity
from services.gateway.dialects.octoprint import appkeys_page, errors
from services.gateway.dialects.octoprint.routes_common import AnyRequest, form_of, gateway_of
from services.gateway.replies import Reply
from shared.errors import Forbidden, NotFound

_WRONG = {
    "no_permission": "This account may not decide on this request.",
    "locked_out": "Too many wrong passwords from here: wait a moment.",
}
_NOT_KNOWN = "This user name and password, or key, is not known here."


@get("/plugin/appkeys/auth/{token:str}", name="octoprint_read_appkey_page")
async def read_page(request: AnyRequest) -> ASGIApp:
    """The page with the question."""
    try:
        return appkeys_page.form(await gateway_of(request.scope).callers.app_keys.request_of(_token(request)))
    except NotFound:
        return appkeys_page.ended()


@post("/plugin/appkeys/auth/{token:str}", name="octoprint_answer_appkey_page")
async def answer_page(request: AnyRequest) -> ASGIApp:
    """The answer, with who gives it."""
    form = await form_of(request)
    try:
        return await _decide(request, form)
    except NotFound:
        return appkeys_page.ended()


async def _decide(request: AnyRequest, form: Mapping[str, str]) -> Reply:
    keys = gateway_of(request.scope).callers.app_keys
    wanted = await keys.request_of(_token(request))
    grant = form.get("decision") == "allow"
    try:
        await keys.decide(wanted.id, await _decider(request, form), grant=grant)
    except Forbidden as error:
        retry_after = (error.detail or {}).get("retry_after")
        wrong = _WRONG.get(error.code, _NOT_KNOWN)
        return appkeys_page.form(wanted, wrong=wrong, status=errors.status_of(error), retry_after=retry_after)
    return appkeys_page.decided(granted=grant)


async def _decider(request: AnyRequest, form: Mapping[str, str]) -> Identity:
    gateway = gateway_of(request.scope)
    address = gateway.proxies.client(request.scope)
    if form.get("apikey"):
        return await gateway.callers.by_key(form["apikey"], address)
    return await gateway.callers.by_password(form.get("user", ""), form.get("pass", ""), address)


def _token(request: AnyRequest) -> Any:
    return request.scope["path_params"]["token"]
