"""What a row of the topic catalogue is: how a topic is built and parsed, and which rules its kind brings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from shared.errors import Invalid
from shared.identifiers import is_slug


class Kind(StrEnum):
    """What a topic is for; the rules of retaining and expiry follow from it."""

    STATE = "state"
    COMMAND = "command"
    EVENT = "event"
    ASK = "ask"
    ANSWER = "answer"
    PRESENCE = "presence"
    DEAD = "dead"


@dataclass(frozen=True)
class Topic:
    """One row of the catalogue.

    `template` is below the base, `{name}` stands for one level. `payload` is the struct (or union) on it; `answer` the
    struct that answers it. `producer` and `consumers` name services, `outside` means anybody else. `expiry` in seconds.
    """

    template: str
    kind: Kind
    payload: Any
    doc: str
    producer: str
    consumers: tuple[str, ...] = ()
    answer: Any = None
    qos: int = 1
    expiry: int | None = None
    _pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(self.template))
        object.__setattr__(self, "_pattern", re.compile(pattern))

    @property
    def retain(self) -> bool:
        """State and presence are retained; commands, requests, answers and events never are."""
        return self.kind in (Kind.STATE, Kind.PRESENCE)

    def build(self, base: str, **levels: str) -> str:
        """The concrete topic. Raises `Invalid` for a level that is not a slug."""
        for name, level in levels.items():
            if not is_slug(level):
                raise Invalid(
                    f"{level!r} cannot be a {name}: use letters, digits, '_' and '-', at most 64", code="bad_name"
                )
        return f"{base}/{self.template.format(**levels)}"

    def filter(self, base: str, **levels: str) -> str:
        """The subscription filter: `+` for every level that is not given."""
        return f"{base}/" + re.sub(r"{(\w+)}", lambda m: levels.get(m[1], "+"), self.template)

    def parse(self, base: str, topic: str) -> dict[str, str] | None:
        """The levels of a concrete topic, or None when it is another topic."""
        if not topic.startswith(base + "/"):
            return None
        match = self._pattern.fullmatch(topic[len(base) + 1 :])
        return match.groupdict() if match else None


GATEWAY = "gateway"
ANYBODY = "*"
OUTSIDE = "outside"


def ask(service: str, verb: str, request: Any, answer: Any, doc: str) -> Topic:
    """The row of a request to `service`; it expires after ten seconds."""
    return Topic(f"ask/{service}/{verb}", Kind.ASK, request, doc, GATEWAY, (service,), answer=answer, expiry=10)
