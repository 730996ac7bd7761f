"""What every driver of a load offers, what it is told, and whom it tells what the device said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Direction = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Set:
    """Become this: attributes of the load's type and in range, as `rules.attributes` lets them through."""

    target: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fade:
    """Grow brighter or darker until `StopMoving` or the end of the range."""

    direction: Direction


@dataclass(frozen=True, slots=True)
class StopMoving:
    """Stay where you are: the end of a fade or a travel."""


@dataclass(frozen=True, slots=True)
class TiltStep:
    """Turn the slats by one step: `up` opens. A blind without slats moves by a twentieth of its way instead."""

    direction: Direction


@dataclass(frozen=True, slots=True)
class Ping:
    """Show people which load you are, for `time_ms` (500..60000), then be as before."""

    time_ms: int = 2000
    blink_pattern: str = "ramp"
    color: str = "#0000FF"


DriverCommand = Set | Fade | StopMoving | TiltStep | Ping


class Reports(Protocol):
    """Who is told what devices say. Called from the loop; both calls return at once."""

    def reported(self, load: int, attributes: Mapping[str, Any], flags: Mapping[str, int] | None) -> None:
        """The load said so just now. Attributes that the message did not speak of are absent; so may be `flags`."""
        ...

    def available(self, load: int, available: bool, reason: str | None) -> None:
        """The load can be reached, or not, and why; called when that changes and when it is known first."""
        ...


class Driver(Protocol):
    """One load."""

    def start(self) -> None:
        """Begin to listen; the first report and availability come when they are known."""
        ...

    async def command(self, command: DriverCommand) -> None:
        """Hand it to the device; returns when it is handed over, not when it is done.

        `Unavailable`: the device cannot be reached. `Refused`: it has no such thing.
        """
        ...

    async def ask_state(self) -> None:
        """Ask the device to report, where it can be asked; else nothing happens. Raises `Unavailable`."""
        ...

    async def close(self) -> None:
        """Stop listening. What the device does goes on."""
        ...
