"""Topics that are not ours: what devices publish below their own names, given to handlers as bytes."""

from __future__ import annotations

from collections.abc import Callable

from shared.bus.packets import Subscription

RawHandler = Callable[[str, bytes, bool], None]
_CACHED = 4_096


class RawFollowers:
    """Handlers by MQTT filter: called with topic, payload and whether it was retained. They do not wait."""

    def __init__(self) -> None:
        self._exact: dict[str, list[RawHandler]] = {}
        self._wild: dict[str, list[RawHandler]] = {}
        self._matches: dict[str, list[RawHandler]] = {}

    def add(self, filter: str, handler: RawHandler) -> bool:
        """Whether the filter is new, and so has to be subscribed."""
        place = self._place(filter)
        new = filter not in place
        place.setdefault(filter, []).append(handler)
        self._matches.clear()
        return new

    def remove(self, filter: str, handler: RawHandler) -> bool:
        """Whether nobody follows the filter any more, and so the subscription can end."""
        place = self._place(filter)
        handlers = place.get(filter, [])
        if handler not in handlers:
            return False
        handlers.remove(handler)
        self._matches.clear()
        if handlers:
            return False
        del place[filter]
        return True

    def match(self, topic: str) -> list[RawHandler]:
        """Everybody who wants what is published on `topic`."""
        exact = self._exact.get(topic, [])
        if not self._wild:
            return exact
        found = self._matches.get(topic)
        if found is None:
            wild = (each for filter, handlers in self._wild.items() if fits(filter, topic) for each in handlers)
            found = [*exact, *wild]
            if len(self._matches) >= _CACHED:
                self._matches.clear()
            self._matches[topic] = found
        return found

    def subscriptions(self) -> list[Subscription]:
        """All filters."""
        return [Subscription(filter) for filter in (*self._exact, *self._wild)]

    def _place(self, filter: str) -> dict[str, list[RawHandler]]:
        return self._wild if "+" in filter or "#" in filter else self._exact


def fits(filter: str, topic: str) -> bool:
    """Whether the MQTT filter takes in the topic (MQTT 5.0, 4.7)."""
    wanted, levels = filter.split("/"), topic.split("/")
    if levels[0].startswith("$") and wanted[0] in ("+", "#"):
        return False
    for number, level in enumerate(wanted):
        if level == "#":
            return True
        if number >= len(levels) or level not in ("+", levels[number]):
            return False
    return len(wanted) == len(levels)
