"""/api/access/users (/api/users until OctoPrint 1.4): the accounts, for an administrator; each for itself."""

from __future__ import annotations

from litestar import get
from litestar.types import ASGIApp

from services.gateway.callers.roles import Permission
from services.gateway.dialects.octoprint import translate_login
from services.gateway.dialects.octoprint.routes_common import AnyRequest, allowed, caller_of, gateway_of
from services.gateway.replies import json_reply
from shared.errors import NotFound


@get(["/api/access/users", "/api/users"], name="octoprint_list_users")
async def list_users(request: AnyRequest) -> ASGIApp:
    """All accounts."""
    await allowed(request.scope, Permission.ACCOUNTS)
    accounts = await gateway_of(request.scope).callers.accounts()
    return json_reply({"users": [translate_login.user_record(account) for account in accounts]})


@get(["/api/access/users/{name:str}", "/api/users/{name:str}"], name="octoprint_read_user")
async def read_user(request: AnyRequest) -> ASGIApp:
    """One account."""
    caller, name = await caller_of(request.scope), request.scope["path_params"]["name"]
    if name != caller.name:
        caller.require(Permission.ACCOUNTS)
    for account in await gateway_of(request.scope).callers.accounts():
        if account.name == name:
            return json_reply(translate_login.user_record(account))
    raise NotFound(f"There is no account {name!r}", code="no_such_account")
