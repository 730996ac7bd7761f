"""The control commands as typed values, and what each does to the printer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol

import msgspec

from shared.errors import Invalid

from .counters import Counters
from .faults import (
    Action,
    AnyFault,
    Busy,
    ErrorLine,
    Fault,
    Plug,
    PowerCut,
    PowerOn,
    Repeated,
    Reset,
    Say,
    Silence,
    Unplug,
)
from .firmware import Firmware

NEVER = float("inf")

Answer = dict[str, Any]


class Read(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`{"read": …}`: look at the printer without changing it."""

    read: Literal["counters", "temperatures", "position", "state", "faults"]


class Clear(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`{"clear": true}`: all faults off, all counters to zero; `false` only switches the faults off."""

    clear: bool


class Bench(Protocol):
    """The printer on its line, as control commands reach it."""

    board: Firmware

    def unplug(self, seconds: float | None) -> None:
        """Pull the cable, for some seconds or until `plug`."""

    def plug(self) -> None:
        """Put the cable in again."""

    def plugged(self) -> bool:
        """Whether the cable is in."""


class _Family(msgspec.Struct):
    fault: str | msgspec.UnsetType = msgspec.UNSET
    read: str | msgspec.UnsetType = msgspec.UNSET
    clear: bool | msgspec.UnsetType = msgspec.UNSET


def decode(line: bytes | str) -> Fault | Read | Clear:
    """One command from its JSON; Invalid with the reason when it is none."""
    try:
        return _decode(line)
    except msgspec.MsgspecError as error:
        raise Invalid(f"not a control command: {error}") from error


def _decode(line: bytes | str) -> Fault | Read | Clear:
    family = msgspec.json.decode(line, type=_Family)
    kind: Any = AnyFault
    if family.fault is msgspec.UNSET:
        kind = Clear if family.read is msgspec.UNSET else Read
    command: Fault | Read | Clear = msgspec.json.decode(line, type=kind)
    return command


def act(bench: Bench, command: Fault | Read | Clear) -> Answer:
    """Do one command at `bench.board.now` and answer."""
    if isinstance(command, Read):
        return {command.read: READINGS[command.read](bench)}
    if isinstance(command, Repeated):
        bench.board.repeating.set(command)
    else:
        ACTIONS[type(command)](bench, command)
    return {"ok": True}


def _until(bench: Bench, seconds: float | None) -> float:
    return NEVER if seconds is None else bench.board.now + seconds


def _silence(bench: Bench, fault: Silence) -> None:
    bench.board.voice.silent_until = _until(bench, fault.seconds)


def _busy(bench: Bench, fault: Busy) -> None:
    bench.board.busy_until = _until(bench, fault.seconds)


def _error(bench: Bench, fault: ErrorLine) -> None:
    bench.board.say(f"Error:{fault.message}")
    if fault.halt:
        bench.board.kill()


def _clear(bench: Bench, command: Clear) -> None:
    board = bench.board
    board.repeating.clear()
    board.voice.silent_until = 0.0
    board.busy_until = 0.0
    board.hurry()
    if command.clear:
        fresh = Counters()
        for name in fresh.__struct_fields__:
            setattr(board.counters, name, getattr(fresh, name))


ACTIONS: dict[type, Callable[[Bench, Any], None]] = {
    Clear: _clear,
    Unplug: lambda bench, fault: bench.unplug(fault.seconds),
    Plug: lambda bench, _: bench.plug(),
    PowerCut: lambda bench, fault: bench.board.cut_power(fault.seconds),
    PowerOn: lambda bench, _: bench.board.reset(),
    Reset: lambda bench, _: bench.board.reset(),
    Silence: _silence,
    Busy: _busy,
    Action: lambda bench, fault: bench.board.say(f"//action:{fault.action}"),
    ErrorLine: _error,
    Say: lambda bench, fault: bench.board.say(fault.line),
}


def _counters(bench: Bench) -> Answer:
    counters: Answer = msgspec.to_builtins(bench.board.counters)
    return counters


def _temperatures(bench: Bench) -> Answer:
    bench.board.thermostat.advance(bench.board.now)
    heaters = bench.board.thermostat.heaters()
    return {name: {"actual": round(heater.temperature, 2), "target": heater.target} for name, heater in heaters.items()}


def _position(bench: Bench) -> Answer:
    motion = bench.board.motion
    return dict(motion.position) | {"feed": motion.feed, "fan": bench.board.fan, "absolute_e": motion.absolute_e}


def _state(bench: Bench) -> Answer:
    board = bench.board
    board.planner.advance(board.now)
    return {
        "last_number": board.last_number,
        "dead": board.dead,
        "plugged": bench.plugged(),
        "running": board.command.text if board.running is not None else None,
        "queued": len(board.queue),
        "planner_free": board.planner.free,
        "tool": board.thermostat.tool,
        "card": board.card.status(),
    }


def _faults(bench: Bench) -> list[Any]:
    faults: list[Any] = msgspec.to_builtins(bench.board.repeating.active())
    return faults


READINGS: dict[str, Callable[[Bench], Any]] = {
    "counters": _counters,
    "temperatures": _temperatures,
    "position": _position,
    "state": _state,
    "faults": _faults,
}
