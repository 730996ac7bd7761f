"""What a row of the document says of one route: who may call, what it takes, what it answers. Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from services.gateway.callers.roles import Permission

# A wire struct, or a JSON schema in which wire structs may stand for references to them.
Shape = Any

JSON = "application/json"
HTML = "text/html"
BYTES = "application/octet-stream"
FORM = "multipart/form-data"
PLAIN_FORM = "application/x-www-form-urlencoded"

TEXT: Shape = {"type": "string"}
TRUTH: Shape = {"type": "boolean"}
WHOLE: Shape = {"type": "integer"}
# In queries and forms everything is text; these are the words for yes and no.
WORD: Shape = {"type": "string", "enum": ["true", "false", "yes", "no", "1", "0"]}

# Which errors a route can have, by what it does; 405 is the same everywhere and not repeated.
KEY = frozenset({403, 429})  # it wants to know who calls
READS_JSON = frozenset({400, 413, 415})
READS_FORM = frozenset({400, 413})
PRINTER = frozenset({404, 503})  # the address may name a printer that is unknown, or whose owner is away
STATE = frozenset({409})


@dataclass(frozen=True)
class Answer:
    """One answer that is no error; without a shape it has no body. Examples are by name, headers by what they say."""

    what: str
    shape: Shape | None = None
    examples: Mapping[str, Any] = field(default_factory=dict)
    media: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Body:
    """A request body: a shape per media type, and examples by name for the first of them."""

    shapes: Mapping[str, Shape]
    examples: Mapping[str, Any] = field(default_factory=dict)
    required: bool = True


@dataclass(frozen=True)
class Query:
    """A parameter in the query; none is required."""

    what: str
    shape: Shape = field(default_factory=lambda: TEXT)


@dataclass(frozen=True)
class Operation:
    """The row of one route. `needs` is the permission, None for any account; `open` asks for no account."""

    tag: str
    answers: Mapping[int, Answer]
    errors: frozenset[int] = frozenset()
    needs: Permission | None = None
    open: bool = False
    body: Body | None = None
    query: Mapping[str, Query] = field(default_factory=dict)


Operations = Mapping[str, Operation]  # by the name of the route's handler, without the dialect's prefix

DONE = MappingProxyType({204: Answer("It is committed.")})
TOUCHED = MappingProxyType(
    {204: Answer("The printer's owner has committed it.", headers={"X-Run-Id": "the run that it touched, if any"})}
)


def found(shape: Shape, what: str = "As it is now.", **examples: Any) -> Mapping[int, Answer]:
    """The answers of a read: 200 with this shape."""
    return {200: Answer(what, shape, examples)}


def made(shape: Shape, what: str, **examples: Any) -> Mapping[int, Answer]:
    """The answers of a creation: 201 with this shape and a `Location`."""
    return {201: Answer(what, shape, examples, headers={"Location": "the absolute address of what was made"})}


def members(required: Mapping[str, Shape] | None = None, **optional: Shape) -> Shape:
    """An object with these members; others are allowed, and ignored."""
    needed = dict(required or {})
    shape: dict[str, Any] = {"type": "object", "properties": needed | optional}
    return shape | ({"required": list(needed)} if needed else {})


def each(shape: Shape) -> Shape:
    """A list of these."""
    return {"type": "array", "items": shape}


def by_name(shape: Shape) -> Shape:
    """An object with members of any name."""
    return {"type": "object", "additionalProperties": shape}


def command(commands: Mapping[str, Mapping[str, Shape]], **examples: Any) -> Body:
    """A JSON body with one of these commands and, by command, its further members."""
    shapes = [members({"command": {"const": name}}, **further) for name, further in commands.items()]
    return Body({JSON: shapes[0] if len(shapes) == 1 else {"anyOf": shapes}}, examples)
