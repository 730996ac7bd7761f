"""Paths that two documented APIs have in common: whose a request is, its own shape says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from services.gateway.public_address import header

App = Callable[[Any, Any, Any], Awaitable[None]]

_PARAMETERS = frozenset({b"userkey", b"apikey", b"action"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class SharedPath:
    """Gives a request to `app` if `claims` says so, else to `others`. The body is looked at where it may matter."""

    def __init__(self, claims: Callable[[Any, bytes], bool], app: App, others: App) -> None:
        self._claims = claims
        self._app = app
        self._others = others

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        beginning = b""
        if scope["type"] == "http" and is_form(scope):
            first = await receive()
            beginning = first.get("body", b"")
            receive = _put_back(first, receive)
        app = self._app if self._claims(scope, beginning) else self._others
        await app(scope, receive, send)


def is_form(scope: Any) -> bool:
    """Whether the request says that its body is a form, as some clients do of everything they send."""
    return header(scope, b"content-type").lower().startswith(_FORMS)


def has_parameters(scope: Any, beginning: bytes) -> bool:
    """Whether a request is made of parameters, as TMMData's are: `userkey`, `apikey` or `action` in query or form.

    Wiser clients send neither, and a token in `Authorization`; JSON that is called a form is JSON.
    """
    query = scope.get("query_string", b"")
    if query and not _PARAMETERS.isdisjoint(parse_qs(query, keep_blank_values=True)):
        return True
    if header(scope, b"authorization") or not beginning.strip():
        return False
    return beginning.lstrip()[:1] not in (b"{", b"[")


def _put_back(first: Any, receive: Any) -> Callable[[], Awaitable[Any]]:
    waiting = [first]

    async def again() -> Any:
        return waiting.pop() if waiting else await receive()

    return again
