"""Builds a tree of setting structs from a TOML file and the environment, and says in one sentence what is wrong."""

from __future__ import annotations

import dataclasses
import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import msgspec
from msgspec import inspect
from msgspec.structs import FieldInfo

from shared.setting_places import Places, SettingPath

PREFIX = "JOBWIRE_"
CONFIG = "JOBWIRE_CONFIG"
RESERVED = "JOBWIRE_TEST_"
SECRET = "secret"  # noqa: S105 (the mark, not one of them)
MASK = "********"

Tree = dict[str, Any]
Root = TypeVar("Root", bound=msgspec.Struct)
SWITCHES = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}
NUMBERS: dict[type[inspect.Type], type[int] | type[float]] = {inspect.IntType: int, inspect.FloatType: float}


class SettingsError(Exception):
    """A setting is unknown, of the wrong type or out of range; the text is one sentence for people."""


@dataclass(frozen=True)
class Variable:
    """One environment variable: the path of its setting in the tree and what it may hold."""

    name: str
    path: tuple[str, ...]
    field: FieldInfo
    kind: inspect.Type
    secret: bool


def load(root: type[Root], environ: Mapping[str, str], config: Path | None) -> Root:
    """The tree as structs; see `read_tree`. Raises `SettingsError`."""
    tree, places = _read(root, environ, config)
    return _build(root, tree, (), places)


def read_tree(root: type[msgspec.Struct], environ: Mapping[str, str], config: Path | None) -> Tree:
    """Only what was given, as nested dicts, the environment over the file. Raises `SettingsError` for unknown names."""
    return _read(root, environ, config)[0]


def _read(root: type[msgspec.Struct], environ: Mapping[str, str], config: Path | None) -> tuple[Tree, Places]:
    """What was given, and where."""
    file = config or (Path(environ[CONFIG]) if environ.get(CONFIG) else None)
    text = "" if file is None else _text_of(file)
    tree, places = ({} if file is None else _toml(text, file)), Places(file, text)
    _check_keys(root, tree, (), places)
    known = {variable.name: variable for variable in variables(root)}
    names: dict[SettingPath, str] = {}
    for name in sorted(environ):
        if name.startswith(PREFIX) and not name.startswith(RESERVED) and name != CONFIG:
            variable, value = _variable(name, environ, known)
            _place(tree, variable.path, _parse(variable, value, name))
            names[variable.path] = name
    return tree, dataclasses.replace(places, variables=names)


def variables(root: type[msgspec.Struct], path: tuple[str, ...] = ()) -> Iterator[Variable]:
    """Every environment variable there is, in the order of the tree; lists of tables have none."""
    for field in msgspec.structs.fields(root):
        here = (*path, field.name)
        kind, secret = _plain(field.type)
        if isinstance(kind, inspect.StructType):
            yield from variables(kind.cls, here)
        elif _table(kind) is None:
            yield Variable(PREFIX + "_".join(here).upper(), here, field, kind, secret)


def masked(section: msgspec.Struct) -> Tree:
    """The values of a struct as plain data, secrets masked (of an address only its password)."""
    shown: Tree = {}
    for field in msgspec.structs.fields(section):
        value = getattr(section, field.name)
        hide = _plain(field.type)[1] and value is not None
        shown[field.name] = _hidden(value) if hide else _masked_value(value)
    return shown


def nearest(name: str, names: Iterable[str], shown: Mapping[str, str] | None = None) -> str:
    """`; did you mean 'x'?` for the known name most like `name` (as `shown` spells it), or nothing."""
    match = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return f"; did you mean {(shown or {}).get(match[0], match[0])!r}?" if match else ""


def _masked_value(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return masked(value)
    return [_masked_value(each) for each in value] if isinstance(value, list) else value


def _hidden(secret: str) -> str:
    parts = urlsplit(secret)
    if not (parts.scheme and parts.hostname):
        return MASK
    if parts.password is None:
        return secret
    user, host = parts.netloc.rsplit("@", 1)
    return urlunsplit(parts._replace(netloc=f"{user.split(':', 1)[0]}:{MASK}@{host}"))


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror or error})") from None
    except ValueError:
        raise SettingsError(f"{path}: is not valid TOML (it is not UTF-8)") from None


def _toml(text: str, path: Path) -> Tree:
    try:
        return tomllib.loads(text)
    except ValueError as error:
        raise SettingsError(f"{path}: is not valid TOML ({error})") from None


@cache
def _plain(annotation: Any) -> tuple[inspect.Type, bool]:
    """The type without `| None` and annotations, and whether it is marked as a secret."""
    kind = inspect.type_info(annotation)
    secret = False
    if isinstance(kind, inspect.UnionType):
        kind = next(each for each in kind.types if not isinstance(each, inspect.NoneType))
    if isinstance(kind, inspect.Metadata):
        secret = bool((kind.extra or {}).get(SECRET))
        kind = kind.type
    return kind, secret


@cache
def _fields(section: type[msgspec.Struct]) -> tuple[FieldInfo, ...]:
    """Looked up once for ten thousand tables of one kind."""
    return msgspec.structs.fields(section)


def _table(kind: inspect.Type) -> type[msgspec.Struct] | None:
    """The struct that a section, or each entry of a list of tables, is made of."""
    if isinstance(kind, inspect.ListType):
        kind = kind.item_type
    return kind.cls if isinstance(kind, inspect.StructType) else None


def _check_keys(section: type[msgspec.Struct], tree: Tree, path: SettingPath, places: Places) -> None:
    known = {field.name: _table(_plain(field.type)[0]) for field in _fields(section)}
    for key, value in tree.items():
        here = (*path, key)
        if key not in known:
            place = places.table(here).removesuffix(f": {'.'.join(here)}")
            name = re.sub(r"\[\d+\]", "", ".".join(here))
            raise SettingsError(f"{place}: unknown setting {name!r}{nearest(key, known)}")
        table = known[key]
        if table is not None:
            for entry, inside in _entries(value, here):
                if isinstance(inside, dict):
                    _check_keys(table, inside, entry, places)


def _entries(value: Any, path: SettingPath) -> list[tuple[SettingPath, Any]]:
    """A table, or each of a list of tables, with its path."""
    if not isinstance(value, list):
        return [(path, value)]
    return [((*path[:-1], f"{path[-1]}[{number}]"), entry) for number, entry in enumerate(value, 1)]


def _variable(name: str, environ: Mapping[str, str], known: Mapping[str, Variable]) -> tuple[Variable, str]:
    """The variable that `name` sets and its text, read from a file for the `<NAME>_FILE` of a secret."""
    if name in known:
        return known[name], environ[name]
    secret = known.get(name.removesuffix("_FILE"))
    if secret is None or not secret.secret:
        files = [f"{variable.name}_FILE" for variable in known.values() if variable.secret]
        rest = {each.removeprefix(PREFIX): each for each in (*known, *files, CONFIG)}
        hint = nearest(name.removeprefix(PREFIX), rest, rest)
        raise SettingsError(f"unknown environment variable {name!r}{hint}")
    if secret.name in environ:
        raise SettingsError(f"{secret.name} and {name} are both set; give one of them")
    try:
        return secret, Path(environ[name]).read_text(encoding="utf-8").strip("\r\n")
    except (OSError, ValueError) as error:
        raise SettingsError(f"{name}: the file cannot be read ({error})") from None


def _place(tree: Tree, path: tuple[str, ...], value: Any) -> None:
    for level in path[:-1]:
        if not isinstance(tree.get(level), dict):
            tree[level] = {}
        tree = tree[level]
    tree[path[-1]] = value


def _parse(variable: Variable, text: str, name: str) -> Any:
    """The value of an environment variable, checked against its setting's type."""
    if isinstance(variable.kind, inspect.ListType):
        return [part.strip() for part in text.split(",") if part.strip()]
    text = text if variable.secret else text.strip()
    if not text:
        raise SettingsError(f"{name} is empty; give it a value or leave it out")
    if isinstance(variable.kind, inspect.BoolType):
        if text.lower() not in SWITCHES:
            raise SettingsError(f"{name}: expected true or false, got {text!r}")
        return SWITCHES[text.lower()]
    number = NUMBERS.get(type(variable.kind))
    if number is None:
        return _leaf(variable.field.type, text, name)
    try:
        return _leaf(variable.field.type, number(text), name)
    except ValueError:
        raise SettingsError(f"{name}: expected a number, got {text!r}") from None


def _leaf(annotation: Any, value: Any, place: str) -> Any:
    try:
        return msgspec.convert(value, annotation)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{place}: {_in_words(annotation, str(error))}") from None


def _in_words(annotation: Any, reason: str) -> str:
    """msgspec's reason without the names of Python's types."""
    kind = _plain(annotation)[0]
    if isinstance(kind, inspect.LiteralType):
        return f"expected one of {', '.join(str(value) for value in kind.values)}"
    reason = re.sub(r" - at `.*`$", "", reason).replace("Expected", "expected").replace("Invalid", "invalid")
    return re.sub(r"`([^`]*)`", lambda match: _words(match[1]), reason)


def _words(types: str) -> str:
    """`int | null` is `a whole number`: in a file and in the environment there is no null."""
    return " or ".join(WORDS.get(each, each) for each in types.split(" | ") if each != "null")


def _build(section: type[Root], tree: Any, path: SettingPath, places: Places) -> Root:
    """One struct from its part of the tree; an error names the place and the path of the setting."""
    if not isinstance(tree, dict):
        raise SettingsError(f"{places.table(path)}: expected a table, got {tree!r}")
    fields = _fields(section)
    values: Tree = {}
    for field in fields:
        if field.name in tree:
            values[field.name] = _value(field, tree[field.name], (*path, field.name), places)
        elif field.required:
            raise SettingsError(f"{places.table(path)}: {field.name} is missing")
    try:
        return section(**values)
    except ValueError as error:
        names = tuple(field.name for field in fields)
        raise SettingsError(f"{places.of_member(path, names, str(error))}: {error}") from None


def _value(field: FieldInfo, value: Any, path: SettingPath, places: Places) -> Any:
    kind, _ = _plain(field.type)
    table = _table(kind)
    if table is None:
        return _leaf(field.type, value, places.of(path))
    if not isinstance(kind, inspect.ListType):
        return _build(table, value, path, places)
    if not isinstance(value, list):
        raise SettingsError(f"{places.table(path)}: expected [[{path[-1]}]] tables")
    return [_build(table, entry, here, places) for here, entry in _entries(value, path)]
