"""What all OctoPrint routes do alike: who calls, which printer, which command, and the empty answer."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, cast
from urllib.parse import parse_qs, unquote_plus

import msgspec
from litestar import Request
from litestar.types import Scope

from services.gateway.callers.identity import Identity
from services.gateway.callers.roles import Permission
from services.gateway.credentials import bearer_key, is_from_our_pages
from services.gateway.dialects.octoprint.errors import TEXTS
from services.gateway.dispatcher import PRINTER
from services.gateway.gateway import Gateway
from services.gateway.live_view import Live
from services.gateway.public_address import header
from services.gateway.replies import Reply
from shared.contracts.messages import Message
from shared.contracts.topics import Topic
from shared.errors import Forbidden, Invalid

AnyRequest = Request[Any, Any, Any]
Body = Mapping[str, Any]

VIA = "octoprint"
SESSION_COOKIE = "jobwire_session"
RUN_HEADER = b"x-run-id"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_TEXT_TYPE = (b"content-type", b"text/plain")
_EMPTY = Reply(204, [_TEXT_TYPE], b"")
_decoder = msgspec.json.Decoder()


def gateway_of(scope: Scope) -> Gateway:
    """The gateway this application was made for."""
    return cast(Gateway, scope["litestar_app"].state.gateway)


async def caller_of(scope: Scope, form: Mapping[str, str] | None = None) -> Identity:
    """The account of a request, from `apikey`, `X-Api-Key`, `Authorization: Bearer` or the cookie of a login.

    Raises `Forbidden` for every method alike: OctoPrint's 400 about CSRF for a request without a key is not repeated,
    because a cookie of ours is not taken from another site's page in the first place.
    """
    gateway = gateway_of(scope)
    address = gateway.proxies.client(scope)
    key = _parameter(scope, form) or _key_header(scope)
    if key:
        return await gateway.callers.by_key(key, address)
    token = session_of(scope)
    if token and _is_same_site(scope):
        return await gateway.callers.by_token(token, address)
    raise Forbidden("A key is needed", code="no_key")


async def allowed(scope: Scope, permission: Permission) -> Identity:
    """The caller, who must have this permission. Raises `Forbidden`."""
    identity = await caller_of(scope)
    identity.require(permission)
    return identity


def printer_of(scope: Scope) -> Live:
    """The printer that the path names, or the default one. Raises as `LiveView.printer`."""
    return gateway_of(scope).view.printer(scope.get(PRINTER))  # type: ignore[arg-type]


async def ask(scope: Scope, topic: Topic, request: Message, caller: Identity, live: Live) -> Any:
    """Ask the owner of the printer."""
    return await gateway_of(scope).ask_printer(topic, request, live, caller=caller, via=VIA)


async def json_command(request: AnyRequest, commands: Container[str]) -> tuple[str, Body]:
    """The command of a JSON body, checked as OctoPrint does: content type (415), JSON (400), name (400)."""
    body = await json_body(request)
    name = body.get("command") if isinstance(body, dict) else None
    if not isinstance(name, str) or name not in commands:
        raise Invalid("command is invalid", code="unknown_command")
    return name, body


async def json_body(request: AnyRequest) -> Any:
    """The decoded body. Raises `Invalid`: 415 for another content type, 400 for what is no JSON or too deep."""
    if not is_json(request.scope):
        raise Invalid(TEXTS[415], code="no_json")
    try:
        return _decoder.decode(await request.body())
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Invalid(TEXTS[400], code="bad_json") from None


async def form_of(request: AnyRequest) -> dict[str, str]:
    """The fields of an urlencoded body, the last of a name; empty for another body. Raises `Invalid`."""
    if not header(request.scope, b"content-type").lower().startswith("application/x-www-form-urlencoded"):
        return {}
    try:
        form = parse_qs((await request.body()).decode(), keep_blank_values=True, max_num_fields=100)
    except (UnicodeDecodeError, ValueError):
        raise Invalid("The form cannot be read", code="bad_form") from None
    return {name: values[-1] for name, values in form.items()}


def is_json(scope: Scope) -> bool:
    """Whether the request says that its body is JSON."""
    media_type = header(scope, b"content-type").partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


def empty(run: str | None = None) -> Reply:
    """204 as OctoPrint sends it: no body, `text/plain`, length 0; with the run that was touched in `X-Run-Id`."""
    return Reply(204, [_TEXT_TYPE, (RUN_HEADER, run.encode())], b"") if run else _EMPTY


def public_base(scope: Scope) -> str:
    """The address of this mount as the client knows it."""
    return gateway_of(scope).proxies.base(scope)


def path_of(scope: Scope) -> str:
    """The path parameter of a route, relative, as the client sent it."""
    return str(scope["path_params"].get("path", "")).lstrip("/")


def query_of(scope: Scope) -> dict[str, str]:
    """The query's parameters; the last of a name counts. Raises `Invalid` when there are more than a hundred."""
    text = scope["query_string"].decode("latin-1")
    try:
        query = parse_qs(text, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        raise Invalid("There are too many parameters", code="too_many_parameters") from None
    return {name: values[-1] for name, values in query.items()}


def session_of(scope: Scope) -> str | None:
    """The token in the cookie of a login."""
    for part in header(scope, b"cookie").split(";"):
        name, _, value = part.strip().partition("=")
        if name == SESSION_COOKIE:
            return value
    return None


def _parameter(scope: Scope, form: Mapping[str, str] | None) -> str | None:
    query = scope["query_string"]
    if b"apikey=" in query:
        for part in query.split(b"&"):
            if part.startswith(b"apikey="):
                return unquote_plus(part[7:].decode("latin-1"))
    return form.get("apikey") if form else None


def _key_header(scope: Scope) -> str | None:
    bearer = None
    for name, value in scope["headers"]:
        if name == b"x-api-key":
            return value.decode("latin-1")
        if name == b"authorization":
            bearer = value
    return None if bearer is None else bearer_key(bearer)


def _is_same_site(scope: Scope) -> bool:
    """Whether a request with a cookie may act: reading always, else only from our own pages or no page at all."""
    return scope.get("method") in _SAFE_METHODS or is_from_our_pages(scope, public_base(scope))
