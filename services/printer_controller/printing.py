"""What a print is made of, as values: where it comes from, how it ends, how far it is, how long it has taken."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from services.printer_controller.terminal_log import TerminalLog
from shared.contracts.printers import Heater, PrinterStatus

Outcome = Literal["done", "cancelled", "failed"]


@dataclass(frozen=True)
class PrintSource:
    """A file to print for the run `run`; `size` in bytes. The print ends before a line with a command of `denied`."""

    run: str
    path: Path
    size: int
    name: str
    denied: frozenset[bytes] = frozenset()


@dataclass(frozen=True)
class PrintEnd:
    """`line` is the last line of the file that the printer acknowledged, `position` the bytes up to behind it.

    `print_time` in seconds, pauses not counted.
    """

    run: str
    outcome: Outcome
    reason: str | None
    line: int
    position: int
    print_time: float


@dataclass(frozen=True)
class PrintProgress:
    """Where the print under way is; meanings as in `PrintEnd`."""

    line: int
    position: int
    size: int
    print_time: float
    run: str


class SessionObserver(Protocol):
    """Who is told what happens in a session. All are called in the loop, at once, and must not wait."""

    terminal: TerminalLog

    def status_changed(self, status: PrinterStatus, error: str) -> None:
        """The printer's state, and what is wrong in an error state."""

    def temperatures_changed(self, heaters: dict[str, Heater]) -> None:
        """A new reading of all heaters."""

    def print_event(self, name: str, run: str, data: dict[str, Any]) -> None:
        """`print_started`, `print_paused`, `print_resumed`, `print_cancelling`, `print_finishing`."""

    def print_ended(self, end: PrintEnd) -> None:
        """The print is over; called exactly once for each."""

    def printer_event(self, name: str, data: dict[str, Any]) -> None:
        """`printer_connected`, `printer_disconnected`, `printer_reset`, `action_received`, `error_reported`, …"""


class Stopwatch:
    """Seconds of printing without the pauses; `now` in seconds of one clock."""

    def __init__(self, now: float) -> None:
        self._started = now
        self._stopped: float | None = None

    def stop(self, now: float) -> None:
        """A pause begins."""
        if self._stopped is None:
            self._stopped = now

    def go_on(self, now: float) -> None:
        """The pause is over."""
        if self._stopped is not None:
            self._started += now - self._stopped
            self._stopped = None

    def read(self, now: float) -> float:
        """Seconds so far."""
        return (now if self._stopped is None else self._stopped) - self._started
