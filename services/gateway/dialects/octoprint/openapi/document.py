"""The OpenAPI 3.1 document, made of the routes themselves and their rows: a route without a row is in it as well.

Summaries are the first sentences of the routes' docstrings. Pure: nothing here knows a server or a caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import msgspec
from litestar.handlers import HTTPRouteHandler

from services.gateway.dialects.octoprint.errors import TEXTS
from services.gateway.dialects.octoprint.openapi.accounts import ACCOUNTS
from services.gateway.dialects.octoprint.openapi.by_hand import BY_HAND
from services.gateway.dialects.octoprint.openapi.files import FILES
from services.gateway.dialects.octoprint.openapi.operations import (
    KEY,
    PRINTER,
    READS_JSON,
    STATE,
    Answer,
    Body,
    Operation,
)
from services.gateway.dialects.octoprint.openapi.printing import PRINTING
from services.gateway.dialects.octoprint.openapi.schemas import components, reference
from services.gateway.dialects.octoprint.openapi.surroundings import PUSH, SURROUNDINGS
from services.gateway.dialects.octoprint.translate import SERVER

OPERATIONS: Mapping[str, Operation] = MappingProxyType({**PRINTING, **BY_HAND, **FILES, **ACCOUNTS, **SURROUNDINGS})
EARLY = "/api/control/"  # what was called so in December 2013

_PREFIX = "octoprint_"
_WITHOUT_ROW = Operation(tag="others", answers={}, errors=KEY | PRINTER | READS_JSON | STATE)
_PARAMETER = re.compile(r"\{(\w+)(?::(\w+))?\}")
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
_ANY_PLACE: Mapping[str, Any] = MappingProxyType({"schema": {"type": "string", "minLength": 1}})
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
    paths: dict[str, dict[str, Any]] = {}
    for path, method, operation in [*_of_routes(handlers), *_of_push()]:
        paths.setdefault(path, {})[method] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "OctoPrint's API, by Jobwire", "version": SERVER, "description": _ABOUT},
        "paths": _plain(dict(sorted(paths.items()))),
        "components": {
            "schemas": components([*_structs(paths), Error]),
            "responses": {_name(status): _plain(_error(status)) for status in _ERRORS},
            "securitySchemes": dict(_SECURITY),
        },
        "security": [{name: []} for name in _SECURITY],
    }


def name_of(handler: HTTPRouteHandler) -> str:
    """The name of a route's row."""
    return (handler.name or "").removeprefix(_PREFIX)


def _of_routes(handlers: Iterable[HTTPRouteHandler]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for handler in handlers:
        name, words = name_of(handler), handler.fn.__doc__ or ""
        row = OPERATIONS.get(name, _WITHOUT_ROW)
        for index, path in enumerate(sorted(handler.paths, key=lambda path: (len(path), path))):
            identity = name if index == 0 else f"{name}_{index + 1}"
            for method in handler.http_methods:
                yield _PARAMETER.sub(r"{\1}", path), method.lower(), _operation(path, identity, words, row)


def _of_push() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for (path, method), (words, row) in PUSH.items():
        yield path, method, _operation(path, f"{method}{re.sub(r'[^a-z_]+', '_', path)}", words, row)


def _operation(path: str, identity: str, words: str, row: Operation) -> dict[str, Any]:
    summary, _, rest = words.strip().partition("\n\n")
    needs = "" if row.open else f"Needs {row.needs or 'any account'}."
    shown: dict[str, Any] = {
        "operationId": identity,
        "tags": [row.tag],
        "summary": " ".join(summary.split()),
        "description": "\n\n".join(part for part in (" ".join(rest.split()), needs) if part),
        "parameters": [*_path_parameters(path), *_query_parameters(row)],
        "responses": {str(status): answer for status, answer in sorted(_answers(row).items())},
    }
    if row.body is not None:
        shown["requestBody"] = _body(row.body)
    if row.open:
        shown["security"] = []
    if path.startswith(EARLY):
        shown["deprecated"] = True
    return shown


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, **_PLACES.get(name, _ANY_PLACE)}
        for name, _ in _PARAMETER.findall(path)
    ]


def _query_parameters(row: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", "description": query.what, "schema": query.shape}
        for name, query in row.query.items()
    ]


def _body(body: Body) -> dict[str, Any]:
    content: dict[str, Any] = {media: {"schema": shape} for media, shape in body.shapes.items()}
    if body.examples:
        next(iter(content.values()))["examples"] = _examples(body.examples)
    return {"required": body.required, "content": content}


def _answers(row: Operation) -> dict[int, dict[str, Any]]:
    statuses = row.errors | ({400} if row.query else set())
    errors = {status: {"$ref": f"#/components/responses/{_name(status)}"} for status in statuses}
    return errors | {status: _answer(answer) for status, answer in row.answers.items()}


def _answer(answer: Answer) -> dict[str, Any]:
    shown: dict[str, Any] = {"description": answer.what}
    if answer.headers:
        shown["headers"] = {
            name: {"description": words, "schema": {"type": "string"}} for name, words in answer.headers.items()
        }
    if answer.shape is not None:
        shown["content"] = {answer.media: {"schema": answer.shape}}
        if answer.examples:
            shown["content"][answer.media]["examples"] = _examples(answer.examples)
    return shown


def _examples(examples: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {"value": value} for name, value in examples.items()}


def _error(status: int) -> dict[str, Any]:
    example = {"example": {"error": TEXTS[status]}} if status in TEXTS else {}
    headers = {"Retry-After": "seconds"} if status in (429, 503) else {}
    return _answer(Answer(_ERRORS[status], Error, example, headers=headers))


def _name(status: int) -> str:
    return HTTPStatus(status).name.title().replace("_", "")


def _structs(shape: Any) -> Iterator[type[msgspec.Struct]]:
    """All wire structs in it."""
    if isinstance(shape, type):
        yield shape
    elif isinstance(shape, Mapping):
        for value in shape.values():
            yield from _structs(value)
    elif isinstance(shape, list | tuple):
        for value in shape:
            yield from _structs(value)


def _plain(shape: Any) -> Any:
    """The same with a reference wherever a wire struct stands."""
    if isinstance(shape, type):
        return reference(shape)
    if isinstance(shape, Mapping):
        return {name: _plain(value) for name, value in shape.items()}
    return [_plain(value) for value in shape] if isinstance(shape, list | tuple) else shape
