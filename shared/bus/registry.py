"""Who wants which messages: from a concrete topic to its handlers, and the filters to subscribe."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from shared.bus.codec import Reader, Words
from shared.bus.delivery import Delivery
from shared.bus.packets import Subscription
from shared.contracts.topics import Topic
from shared.errors import Invalid
from shared.identifiers import is_slug

Handler = Callable[[Delivery], Awaitable[Any]]
Lane = Callable[[Delivery], str]
_CACHED = 4_096


@dataclass(frozen=True, eq=False)
class Registration:
    """One handler of one catalogue row. `commands`: retained and expired messages are refused, askers answered."""

    topic: Topic
    filter: str
    levels: Mapping[str, str]
    handler: Handler
    reader: Reader
    lane: Lane | None
    commands: bool


class Match(NamedTuple):
    """A handler that wants a message, and the levels of its topic."""

    registration: Registration
    levels: dict[str, str]


class Registry:
    """The handlers of one process."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._registrations: list[Registration] = []
        self._matches: dict[str, list[Match]] = {}

    def add(
        self,
        topic: Topic,
        handler: Handler,
        *,
        levels: Mapping[str, str],
        lane: Lane | None,
        commands: bool,
        words: Words | None = None,
    ) -> Registration:
        """Raises `Invalid` for a level that is not a slug or that the topic does not have."""
        for name, level in levels.items():
            if not is_slug(level) or f"{{{name}}}" not in topic.template:
                raise Invalid(f"{topic.template} has no level {name}={level!r}", code="bad_name")
        registration = Registration(
            topic=topic,
            filter=topic.filter(self._base, **levels),
            levels=dict(levels),
            handler=handler,
            reader=Reader(topic, lenient=commands, words=words),
            lane=lane,
            commands=commands,
        )
        self._registrations.append(registration)
        self._matches.clear()
        return registration

    def match(self, name: str) -> list[Match]:
        """Everybody who wants a message on the concrete topic `name`."""
        matches = self._matches.get(name)
        if matches is None:
            matches = [
                Match(one, levels)
                for one in self._registrations
                if (levels := one.topic.parse(self._base, name)) is not None and _within(one.levels, levels)
            ]
            if len(self._matches) >= _CACHED:
                self._matches.clear()
            self._matches[name] = matches
        return matches

    def subscriptions(self) -> list[Subscription]:
        """One filter a topic: one that another of the same row covers is left out, or its messages would come twice."""
        wanted: dict[str, Subscription] = {}
        for one in self._registrations:
            covered = any(
                other.topic == one.topic and other.filter != one.filter and _within(other.levels, one.levels)
                for other in self._registrations
            )
            if not covered:
                wanted[one.filter] = Subscription(one.filter, one.topic.qos, one.commands)
        return list(wanted.values())


def _within(fixed: Mapping[str, str], levels: Mapping[str, str]) -> bool:
    return all(levels.get(name) == level for name, level in fixed.items())
