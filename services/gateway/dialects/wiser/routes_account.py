"""/api/account: how a client gets its token, and what is kept of it."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import delete, get, patch, post
from litestar.types import ASGIApp

from services.gateway.claims import Wish
from services.gateway.dialects.wiser.routes_common import AnyRequest, body_of, gateway_of, identify, reader, success
from services.gateway.dialects.wiser.wire_house import ClaimBody
from services.gateway.framework import unless_gone
from shared.errors import Invalid

LARGEST = 4096  # bytes of JSON


@post("/api/account/claim", name="wiser_claim_account", status_code=200)
async def claim_account(request: AnyRequest) -> ASGIApp:
    """Claim an account: the answer comes when somebody presses the gateway's button, with the token in `secret`.

    Claiming the same user again ends its earlier token. It asks for no token.
    """
    gateway = gateway_of(request.scope)
    body = await body_of(request, ClaimBody)
    if not body.user.isprintable() or body.user != body.user.strip():
        raise Invalid("`user` must be printable", code="bad_name")
    details = msgspec.to_builtins(body)
    wish = Wish(body.user, body.source, details)
    work = gateway.claims.claim(wish, gateway.proxies.client(request.scope), gateway.stopping)
    secret = await unless_gone(request.receive, work)
    return success({"secret": secret, **details})


@get("/api/account", name="wiser_read_account")
async def read_account(request: AnyRequest) -> ASGIApp:
    """Whose the token is."""
    caller = await reader(request.scope)
    return success(await gateway_of(request.scope).claims.details(caller))


@patch("/api/account", name="wiser_amend_account")
async def amend_account(request: AnyRequest) -> ASGIApp:
    """Note any members of one's own account."""
    gateway = gateway_of(request.scope)
    caller = await identify(gateway, request.scope)
    body: dict[str, Any] = await body_of(request, dict[str, Any])
    changes = {name: value for name, value in body.items() if name not in ("user", "secret")}
    if len(msgspec.json.encode(changes)) > LARGEST:
        raise Invalid(f"an account holds at most {LARGEST} bytes", code="too_large")
    return success(await gateway.claims.amend(caller, changes))


@delete("/api/account", name="wiser_delete_account", status_code=200)
async def delete_account(request: AnyRequest) -> ASGIApp:
    """End the token of one's own claimed account."""
    gateway = gateway_of(request.scope)
    return success(await gateway.claims.end(await identify(gateway, request.scope)))
