"""What goes over the WebSocket: frames of what has changed, and the commands of clients. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from services.gateway.dialects.wiser import translate_loads
from services.gateway.dialects.wiser.translate import BUTTONS, EVENTS
from shared.contracts.loads import LoadState
from shared.contracts.smart_buttons import SmartButtonPressed

LOAD, HVAC_GROUP, BUTTON = "load", "hvacgroup", "button"
KINDS = frozenset({LOAD, HVAC_GROUP, BUTTON})

_decoder = msgspec.json.Decoder(dict[str, Any])


@dataclass(frozen=True, slots=True)
class DumpLoads:
    """Send a frame for each load."""


@dataclass(frozen=True, slots=True)
class ControlLoads:
    """Press a load's button."""

    load: int
    button: str
    event: str


@dataclass(frozen=True, slots=True)
class Follow:
    """Which kinds of frames to send from here on; loads always are."""

    kinds: frozenset[str]


Command = DumpLoads | ControlLoads | Follow


def parse(text: str | bytes) -> Command | None:
    """The command in a message; None for everything else, which is ignored: nothing can be answered."""
    try:
        message = _decoder.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError):
        return None
    name = message.get("command")
    read = _READERS.get(name) if isinstance(name, str) else None
    return read(message) if read is not None else None


def load(number: int, kind: str, reported: LoadState) -> str:
    """What a load of this type has reported."""
    return _encoded({LOAD: {"id": number, "state": translate_loads.state(kind, reported)}})


def hvac_group(number: int, reported: LoadState) -> str:
    """The temperatures of a group."""
    return _encoded({HVAC_GROUP: {"id": number, "state": translate_loads.state(HVAC_GROUP, reported)}})


def button(pressed: SmartButtonPressed) -> str:
    """A press."""
    return _encoded({BUTTON: {"id": pressed.id, "cmd": {"event": pressed.event, "type": pressed.type}}})


def _encoded(frame: Any) -> str:
    return msgspec.json.encode(frame).decode()


def _control(message: dict[str, Any]) -> ControlLoads | None:
    number, button_, event = (message.get(name) for name in ("id", "button", "event"))
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < 2**31:
        return None
    if not (isinstance(button_, str) and isinstance(event, str)) or button_ not in BUTTONS or event not in EVENTS:
        return None
    return ControlLoads(number, button_, event)


def _follow(message: dict[str, Any]) -> Follow | None:
    kinds = message.get("frames")
    if not isinstance(kinds, list):
        return None
    return Follow(frozenset(kind for kind in kinds if isinstance(kind, str)) & KINDS | {LOAD})


_READERS: dict[str, Any] = {"dump_loads": lambda _: DumpLoads(), "ctrl_loads": _control, "follow": _follow}
