"""An OpenAPI 3.1 document, made of the routes themselves and their rows: a route without a row is in it as well.

Summaries are the first sentences of the routes' docstrings. Pure: nothing here knows a server or a caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec
from litestar.handlers import HTTPRouteHandler

from services.gateway.openapi.operations import Answer, Body, Operation, Operations

SCHEMAS = "#/components/schemas/"

_PARAMETER = re.compile(r"\{(\w+)(?::(\w+))?\}")
_TYPES: Mapping[str, Mapping[str, Any]] = {"int": {"schema": {"type": "integer", "minimum": 0}}}
_ANY_PLACE: Mapping[str, Any] = {"schema": {"type": "string", "minLength": 1}}

Schemas = Callable[[Iterable[type[msgspec.Struct]]], Mapping[str, Any]]


@dataclass(frozen=True)
class Description:
    """What a document says beside its routes.

    `rows` by the names of the routes without `prefix`, `unlisted` for a route without one; `places` describes path
    parameters, `errors` the responses that rows name by their status; `schemas` makes the components of wire structs.
    `more` are operations that are no routes, by path and method; `deprecated` the beginning of paths that are.
    """

    info: Mapping[str, str]
    prefix: str
    rows: Operations
    unlisted: Operation
    schemas: Schemas
    security: Mapping[str, Mapping[str, str]]
    errors: Mapping[int, Answer] = field(default_factory=dict)
    places: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    more: Mapping[tuple[str, str], tuple[str, Operation]] = field(default_factory=dict)
    deprecated: str | None = None

    def name_of(self, handler: HTTPRouteHandler) -> str:
        """The name of a route's row."""
        return (handler.name or "").removeprefix(self.prefix)


def document(handlers: Iterable[HTTPRouteHandler], about: Description) -> dict[str, Any]:
    """The whole document, without `servers`: they are where the client found it."""
    paths: dict[str, dict[str, Any]] = {}
    for path, method, operation in [*_of_routes(handlers, about), *_of_more(about)]:
        paths.setdefault(path, {})[method] = operation
    responses = {_name(status): _answer(answer) for status, answer in about.errors.items()}
    return {
        "openapi": "3.1.0",
        "info": dict(about.info),
        "paths": _plain(dict(sorted(paths.items()))),
        "components": {
            "schemas": about.schemas([*_structs(paths), *_structs(responses)]),
            "responses": _plain(responses),
            "securitySchemes": dict(about.security),
        },
        "security": [{name: []} for name in about.security],
    }


def _of_routes(handlers: Iterable[HTTPRouteHandler], about: Description) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for handler in handlers:
        name, words = about.name_of(handler), handler.fn.__doc__ or ""
        row = about.rows.get(name, about.unlisted)
        for index, path in enumerate(sorted(handler.paths, key=lambda path: (len(path), path))):
            identity = name if index == 0 else f"{name}_{index + 1}"
            for method in handler.http_methods:
                operation = _operation(path, identity, words, row, about)
                yield _PARAMETER.sub(r"{\1}", path), method.lower(), operation


def _of_more(about: Description) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for (path, method), (words, row) in about.more.items():
        identity = f"{method}{re.sub(r'[^a-z_]+', '_', path)}"
        yield path, method, _operation(path, identity, words, row, about)


def _operation(path: str, identity: str, words: str, row: Operation, about: Description) -> dict[str, Any]:
    summary, _, rest = words.strip().partition("\n\n")
    needs = "" if row.open else f"Needs {row.needs or 'any account'}."
    shown: dict[str, Any] = {
        "operationId": identity,
        "tags": [row.tag],
        "summary": " ".join(summary.split()),
        "description": "\n\n".join(part for part in (" ".join(rest.split()), needs) if part),
        "parameters": [*_path_parameters(path, about), *_query_parameters(row)],
        "responses": {str(status): answer for status, answer in sorted(_answers(row).items())},
    }
    if row.body is not None:
        shown["requestBody"] = _body(row.body)
    if row.open:
        shown["security"] = []
    if about.deprecated is not None and path.startswith(about.deprecated):
        shown["deprecated"] = True
    return shown


def _path_parameters(path: str, about: Description) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, **about.places.get(name, _TYPES.get(kind, _ANY_PLACE))}
        for name, kind in _PARAMETER.findall(path)
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
        return {"$ref": SCHEMAS + shape.__name__}
    if isinstance(shape, Mapping):
        return {name: _plain(value) for name, value in shape.items()}
    return [_plain(value) for value in shape] if isinstance(shape, list | tuple) else shape
