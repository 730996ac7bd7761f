"""The OpenAPI document of OctoPrint's API: its rows, and what it says beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from litestar.handlers import HTTPRouteHandler

from services.gateway.dialects.octoprint.errors import TEXTS
from services.gateway.dialects.octoprint.openapi.accounts import ACCOUNTS
from services.gateway.dialects.octoprint.openapi.by_hand import BY_HAND
from services.gateway.dialects.octoprint.openapi.files import FILES
from services.gateway.dialects.octoprint.openapi.printing import PRINTING
from services.gateway.dialects.octoprint.openapi.schemas import components
from services.gateway.dialects.octoprint.openapi.surroundings import PUSH, SURROUNDINGS
from services.gateway.dialects.octoprint.translate import SERVER
from services.gateway.openapi import document as openapi
from services.gateway.openapi.document import Description
from services.gateway.openapi.operations import (
    KEY,
    PRINTER,
    READS_JSON,
    STATE,
    Answer,
    Operation,
)

OPERATIONS: Mapping[str, Operation] = MappingProxyType({**PRINTING, **BY_HAND, **FILES, **ACCOUNTS, **SURROUNDINGS})
EARLY = "/api/control/"  # what was called so in December 2013

_WITHOUT_ROW = Operation(tag="others", answers={}, errors=KEY | PRINTER | READS_JSON | STATE)
_ABOUT = """\
OctoPrint's API as version 1.11 has it, for one printer: the default one at the root and below `/octoprint`, each below
`/octoprint/<printer>`. A key goes into `X-Api-Key`, `Authorization: Bearer` or the query. Every error is
`{"error": "…"}`."""
_PLACES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "location": {"schema": {"type": "string", "enum": ["local", "sdcard"]}, "example": "local"},
        "path": {
            "description": "It may have slashes in it.",
            "schema": {"type": "string", "minLength": 1},
            "example": "parts/ring.gcode",
        },
    }
)
_ERRORS: Mapping[int, str] = MappingProxyType(
    {
        400: "The body, or something in the address, makes no sense.",
        403: "No key, a wrong one, or an account that may not do this.",
        404: "There is no such thing, or no such printer.",
        409: "Not in this state of the printer or of the file.",
        413: "Larger than this server accepts; the connection ends.",
        415: "Not the content type, or not the kind of file, that is wanted.",
        429: "Too often, or too many wrong keys from this address.",
        503: "The printer's owner or the broker is away; nothing old is shown.",
        507: "No space is left for files.",
    }
)
_SECURITY: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "header": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
        "bearer": {"type": "http", "scheme": "bearer"},
        "query": {"type": "apiKey", "in": "query", "name": "apikey"},
        "session": {"type": "apiKey", "in": "cookie", "name": "jobwire_session"},
    }
)


class Error(msgspec.Struct):
    """Every refusal."""

    error: str


def document(handlers: Iterable[HTTPRouteHandler]) -> dict[str, Any]:
    """The whole document, without `servers`: they are where the client found it."""
    return openapi.document(handlers, DESCRIPTION)


def name_of(handler: HTTPRouteHandler) -> str:
    """The name of a route's row."""
    return DESCRIPTION.name_of(handler)


def _error(status: int, what: str) -> Answer:
    example = {"example": {"error": TEXTS[status]}} if status in TEXTS else {}
    headers = {"Retry-After": "seconds"} if status in (429, 503) else {}
    return Answer(what, Error, example, headers=headers)


DESCRIPTION = Description(
    info=MappingProxyType({"title": "OctoPrint's API, by Jobwire", "version": SERVER, "description": _ABOUT}),
    prefix="octoprint_",
    rows=OPERATIONS,
    unlisted=_WITHOUT_ROW,
    schemas=components,
    security=_SECURITY,
    errors=MappingProxyType({status: _error(status, what) for status, what in _ERRORS.items()}),
    places=_PLACES,
    more=PUSH,
    deprecated=EARLY,
)
