"""The language of conditions: `not night and (home or guests)` over the symbols of flags.

`or` binds weakest, then `and`, then `not`; also `true` and `false`. Nothing is ever executed: text becomes a small
tree, and the tree is evaluated. Length and depth are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shared.errors import Invalid

LONGEST = 1000
DEEPEST = 32
WORDS = frozenset({"not", "and", "or", "true", "false"})
_SYMBOL = re.compile("[A-Za-z0-9_]{1,64}")
_TOKEN = re.compile(r"\s*([A-Za-z0-9_]+|[()]|\S)")


@dataclass(frozen=True, slots=True)
class Constant:
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True, slots=True)
class Symbol:
    """The value of a flag."""

    name: str


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    of: Expression


@dataclass(frozen=True, slots=True)
class All:
    """`and`."""

    of: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """`or`."""

    of: tuple[Expression, ...]


Expression = Constant | Symbol | Not | All | Any


def is_symbol(text: str) -> bool:
    """Whether a flag may be called so: letters, digits and `_`, and no word of this language."""
    return _SYMBOL.fullmatch(text) is not None and text.lower() not in WORDS


def parse(text: str) -> Expression:
    """The expression; words in any case, symbols as they are.

    Raises `Invalid` (`bad_expression`) with a sentence and the `position` (from 0) in its detail.
    """
    if len(text) > LONGEST:
        raise _wrong(f"an expression has at most {LONGEST} characters", LONGEST)
    return _Parser(text).whole()


def evaluate(expression: Expression, flags: Mapping[str, bool]) -> bool:
    """The value with these flags. A symbol that no flag has is false."""
    match expression:
        case Constant(value):
            return value
        case Symbol(name):
            return flags.get(name, False)
        case Not(of):
            return not evaluate(of, flags)
        case All(parts):
            return all(evaluate(part, flags) for part in parts)
        case Any(parts):
            return any(evaluate(part, flags) for part in parts)


def symbols(expression: Expression) -> frozenset[str]:
    """The flags that it speaks of."""
    return frozenset(_symbols(expression))


def _symbols(expression: Expression) -> Iterator[str]:
    match expression:
        case Symbol(name):
            yield name
        case Not(of):
            yield from _symbols(of)
        case All(parts) | Any(parts):
            for part in parts:
                yield from _symbols(part)
        case Constant():
            return


def _wrong(sentence: str, position: int) -> Invalid:
    return Invalid(f"{sentence} (at character {position + 1})", code="bad_expression", detail={"position": position})


class _Parser:
    """Recursive descent; `_depth` bounds the recursion."""

    def __init__(self, text: str) -> None:
        self._tokens = [(match[1], match.start(1)) for match in _TOKEN.finditer(text)]
        self._end = len(text)
        self._at = 0
        self._depth = 0

    def whole(self) -> Expression:
        found = self._any()
        word, position = self._next()
        if word:
            raise _wrong(f"{word[:20]!r} is not expected here", position)
        return found

    def _next(self) -> tuple[str, int]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("", self._end)

    def _takes(self, word: str) -> bool:
        if self._next()[0].lower() != word:
            return False
        self._at += 1
        return True

    def _any(self) -> Expression:
        parts = [self._all()]
        while self._takes("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Any(tuple(parts))

    def _all(self) -> Expression:
        parts = [self._not()]
        while self._takes("and"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _not(self) -> Expression:
        if self._depth >= DEEPEST:
            raise _wrong(f"an expression may be {DEEPEST} levels deep", self._next()[1])
        self._depth += 1
        found = Not(self._not()) if self._takes("not") else self._single()
        self._depth -= 1
        return found

    def _single(self) -> Expression:
        word, position = self._next()
        if not word:
            raise _wrong("the expression ends where a symbol is expected", position)
        self._at += 1
        if word == "(":
            inner = self._any()
            if not self._takes(")"):
                raise _wrong("a ')' is missing", self._next()[1])
            return inner
        if word.lower() in ("true", "false"):
            return Constant(word.lower() == "true")
        if not is_symbol(word):
            raise _wrong(f"{word[:20]!r} is not a symbol", position)
        return Symbol(word)
