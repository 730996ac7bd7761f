"""JSON schemas of the wire structs as they are sent: a member is required unless the struct leaves out its default.

msgspec's own schemas describe what a struct accepts, where a default is never required, and have no union of a struct
and a dict (`job.filament`).
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from services.gateway.openapi.document import SCHEMAS

Schema = dict[str, Any]
Struct = type[msgspec.Struct]

_PLAIN: Mapping[Any, Schema] = types.MappingProxyType(
    {
        str: {"type": "string"},
        int: {"type": "integer"},
        float: {"type": "number"},
        bool: {"type": "boolean"},
        types.NoneType: {"type": "null"},
        Any: {},
    }
)


def reference(struct: Struct) -> Schema:
    """Where the schema of this struct is."""
    return {"$ref": SCHEMAS + struct.__name__}


def components(structs: Iterable[Struct]) -> dict[str, Schema]:
    """The schemas of these structs, and of all that are in them, by name."""
    found: dict[str, Schema] = {}
    waiting = list(structs)
    while waiting:
        struct = waiting.pop()
        if struct.__name__ in found:
            continue
        hints = get_type_hints(struct)
        members = [(field, hints[field.name]) for field in msgspec.structs.fields(struct)]
        found[struct.__name__] = {
            "type": "object",
            "description": " ".join((struct.__doc__ or "").split()),
            "properties": {field.encode_name: _schema(hint) for field, hint in members},
            "required": [field.encode_name for field, _ in members if _is_always_there(struct, field)],
        }
        waiting += [inner for _, hint in members for inner in _structs(hint)]
    return dict(sorted(found.items()))


def _is_always_there(struct: Struct, field: msgspec.structs.FieldInfo) -> bool:
    return field.required or not struct.__struct_config__.omit_defaults


def _schema(hint: Any) -> Schema:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _union([_schema(argument) for argument in arguments])
    if origin in (list, tuple):
        return {"type": "array", "items": _schema(arguments[0])}  # a tuple here is of one kind
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(arguments[1])}
    return dict(_PLAIN[hint]) if hint in _PLAIN else reference(hint)


def _union(schemas: list[Schema]) -> Schema:
    """Several plain types can stand in one list."""
    if all(list(schema) == ["type"] for schema in schemas):
        return {"type": [schema["type"] for schema in schemas]}
    return {"anyOf": schemas}


def _structs(hint: Any) -> Iterator[Struct]:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield hint
    for argument in get_args(hint):
        yield from _structs(argument)
