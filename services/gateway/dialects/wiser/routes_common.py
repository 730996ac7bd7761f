"""What all Wiser routes do alike: who calls, what the body says, whom to ask, and the envelope around the answer."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import msgspec
from litestar import Request
from litestar.exceptions import MethodNotAllowedException
from litestar.types import Scope

from services.gateway.callers.identity import Identity
from services.gateway.callers.roles import PERMISSIONS, Permission, Role
from services.gateway.credentials import bearer_key, is_from_our_pages
from services.gateway.dialects.wiser.decoding import decoded
from services.gateway.dispatcher import HEAD
from services.gateway.gateway import Gateway
from services.gateway.replies import Reply, json_bytes
from shared.contracts.messages import Message
from shared.contracts.topics import Topic
from shared.errors import Forbidden, NotFound

AnyRequest = Request[Any, Any, Any]
Body = TypeVar("Body")

VIA = "wiser"
ANYBODY = Identity(account_id="", name="anybody", role=Role.OPERATOR, permissions=PERMISSIONS[Role.OPERATOR])
LARGEST_ID = 2**31 - 1
_NO_STORE = {"Cache-Control": "no-store"}
_encoder = msgspec.json.Encoder()


class Success(msgspec.Struct):
    """The envelope of every answer that is no error."""

    data: Any
    status: str = "success"


def gateway_of(scope: Scope) -> Gateway:
    """The gateway this application was made for."""
    return cast(Gateway, scope["litestar_app"].state.gateway)


async def identify(gateway: Gateway, scope: Any) -> Identity:
    """The account whose token the request carries; without one anybody's, where the setting unlocks the API.

    Raises `Forbidden`: `no_key`, `bad_key`, `locked_out`; and for pages of other sites while it is unlocked.
    """
    authorization = next((value for name, value in scope["headers"] if name == b"authorization"), None)
    key = bearer_key(authorization) if authorization else None
    if key:
        return await gateway.callers.by_key(key, gateway.proxies.client(scope))
    if not gateway.wiser.unlocked:
        raise Forbidden("A token is needed", code="no_key")
    if not is_from_our_pages(scope, gateway.proxies.base(scope)):
        raise Forbidden("A page of another site may not use this", code="other_site")
    return ANYBODY


async def reader(scope: Scope) -> Identity:
    """The caller, who must be allowed to look. Raises `Forbidden`."""
    return await _allowed(scope, Permission.STATUS)


async def actor(scope: Scope) -> Identity:
    """The caller, who must be allowed to act and to change. Raises `Forbidden`; and 405 for HEAD, which only looks."""
    if HEAD in scope:
        raise MethodNotAllowedException(headers={"allow": "GET"})
    return await _allowed(scope, Permission.CONTROL)


async def ask(scope: Scope, topic: Topic, request: Message, caller: Identity) -> Any:
    """Ask the owner."""
    return await gateway_of(scope).ask(topic, request, caller=caller, via=VIA)


async def body_of(request: AnyRequest, kind: type[Body]) -> Body:
    """The JSON body, whatever the content type says. Raises `Invalid` with a sentence."""
    return decoded(await request.body(), kind)


def id_of(scope: Scope, name: str) -> int:
    """The id in the path. Raises `NotFound` for one that nothing can have."""
    number = int(scope["path_params"][name])
    if not 0 <= number <= LARGEST_ID:
        raise NotFound(f"{name} {str(number)[:20]} not found", code=f"no_such_{name}")
    return number


def word_of(scope: Scope, name: str) -> str:
    """A word in the path."""
    return str(scope["path_params"][name])


def success(data: Any, run: str | None = None) -> Reply:
    """200 with the envelope; with the run that was begun in `X-Run-Id`."""
    extra = {**_NO_STORE, "X-Run-Id": run} if run else _NO_STORE
    return json_bytes(_encoder.encode(Success(data)), 200, extra)


async def _allowed(scope: Scope, permission: Permission) -> Identity:
    identity = await identify(gateway_of(scope), scope)
    identity.require(permission)
    return identity
