"""What a client may say on the push channel: `auth`, `throttle`, `subscribe`. Pure.

As OctoPrint does it, whatever makes no sense is ignored: the channel has no way to answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import msgspec

from services.gateway.dialects.octoprint.push import filters
from services.gateway.dialects.octoprint.push.filters import Lines

_decoder = msgspec.json.Decoder(dict[str, Any])


@dataclass(frozen=True, slots=True)
class Auth:
    """Who listens: the name and the session token that /api/login has given."""

    name: str
    token: str


@dataclass(frozen=True, slots=True)
class Throttle:
    """`current` comes every `factor` half seconds."""

    factor: int


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a listener wants: `current` and `history` with which lines in them, and which events (None: all of them)."""

    state: bool = True
    logs: Lines = True
    messages: Lines = True
    events: frozenset[str] | None = None

    @property
    def wants_lines(self) -> bool:
        """Whether any line of the terminal is to be sent."""
        return self.state and (self.logs is not False or self.messages is not False)

    def wants_event(self, name: str) -> bool:
        """Whether an event of this name is to be sent."""
        return self.events is None or name in self.events


EVERYTHING = Subscription()
Command = Auth | Throttle | Subscription


def parse(text: str) -> Command | None:
    """The command in a message; None when there is none or it makes no sense."""
    try:
        message = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    for name, read in _READERS.items():
        if name in message:
            return read(message[name])
    return None


def _auth(value: Any) -> Auth | None:
    name, colon, token = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    return Auth(name, token) if colon else None


def _throttle(value: Any) -> Throttle | None:
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        return None
    return Throttle(value)


def _subscribe(value: Any) -> Subscription | None:
    """What is not named is not wanted; one value that makes no sense voids the whole, and the former one stays."""
    if not isinstance(value, dict):
        return None
    state, events = value.get("state", False), value.get("events", False)
    if not isinstance(events, bool | list) or not isinstance(value.get("plugins", False), bool | list):
        return None
    lines = state if isinstance(state, dict) else {"logs": state}  # as in OctoPrint, `true` is without the messages
    if not isinstance(state, bool | dict):
        return None
    try:
        logs, messages = (filters.parse(lines.get(name, False)) for name in ("logs", "messages"))
    except ValueError:
        return None
    wanted = None if events is True else frozenset(name for name in events or () if isinstance(name, str))
    return Subscription(state is not False, logs, messages, wanted)


# The first one that a message has is what it says.
_READERS: Mapping[str, Callable[[Any], Command | None]] = MappingProxyType(
    {"auth": _auth, "throttle": _throttle, "subscribe": _subscribe}
)
