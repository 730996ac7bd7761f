"""What is wrong with a payload, in words for whoever wrote it: no names of types, and little of the payload."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

LONGEST = 300
_SHOWN = 40  # characters of a value that is repeated
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "null": "null",
    "array": "a list",
    "object": "a JSON object",
    "datetime": "a date and time",
}
# The sentences of msgspec's decoder, and ours. `where` is the place that it names, as a path from `$`.
_WHERE = r"(?: - at `(?P<where>key in `\$\S*`|\$[^`]*)`)?"
_EXPECTED = re.compile(
    r"Expected `(?P<wanted>[^`]+)`(?P<bound>[^`]*?)(?:, got `(?P<found>[^`]+)`)?" + _WHERE, re.DOTALL
)
_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]+)`" + _WHERE)
_VALUE = re.compile(r"Invalid (?:enum )?value '?(?P<value>.*?)'?" + _WHERE, re.DOTALL)
_ELSE = re.compile(r".*?" + _WHERE, re.DOTALL)


def plain(error: Exception, commands: Sequence[str] = (), tag: str | None = None) -> str:
    """One short sentence. `commands` are the names that the field `tag` may have, where there is such a field."""
    text = str(error)
    if isinstance(error, UnicodeDecodeError):
        return "not text in UTF-8"
    if isinstance(error, msgspec.ValidationError):
        return _not_fitting(text, commands, tag)[:LONGEST]
    if isinstance(error, msgspec.DecodeError):
        why = text.removeprefix("JSON is malformed: ").replace("Input data was truncated", "it ends too early")
        return f"not JSON: {why}"[:LONGEST]
    return "a number in it is out of range" if isinstance(error, OverflowError) else "it cannot be read"


def _not_fitting(text: str, commands: Sequence[str], tag: str | None) -> str:
    if found := _MISSING.fullmatch(text):
        name = found["field"]
        choice = f"; one of {', '.join(commands)}" if name == tag and commands else ""
        return f"{_place(found['where'], name)} is missing{choice}"
    if found := _VALUE.fullmatch(text):
        value, place = _cut(found["value"]), _place(found["where"])
        if tag is not None and place == f"`{tag}`":
            return f"unknown {tag} '{value}': one of {', '.join(commands)}"
        return f"{place} cannot be '{value}'"
    if found := _EXPECTED.fullmatch(text):
        wanted, got = _kind(found["wanted"]), found["found"]
        bound = found["bound"].removeprefix(" of")
        return f"{_place(found['where'])} must be {wanted}{bound}" + (f", not {_kind(got)}" if got else "")
    found = _ELSE.fullmatch(text)
    place = _place(found["where"]) if found else "a field"
    return f"{place} must be {_KINDS['datetime']}" if "RFC3339" in text else f"{place} has a value that it cannot have"


def _kind(names: str) -> str:
    return " or ".join(dict.fromkeys(_named(names)))


def _named(names: str) -> Iterator[str]:
    for name in names.split(" | "):
        yield _KINDS.get(name, "something else")


def _place(where: str | None, field: str = "") -> str:
    """`$.lines[...]` and a field below it as people write it; the whole message has no path."""
    path = re.sub(r"\[\.*\d*\]", "", (where or "").removeprefix("key in `").strip("`")).removeprefix("$").strip(".")
    path = ".".join(part for part in (path, field) if part)
    return f"`{path}`" if path else "the message"


def _cut(value: str) -> str:
    return value if len(value) <= _SHOWN else value[:_SHOWN] + "…"
