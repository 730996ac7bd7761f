"""What a session reported and the database does not know yet: ordered, bounded, never lost while the process lives."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from services.printer_controller.printing import PrintEnd

LOG = logging.getLogger(__name__)

LIMIT = 1000
ROOM_FOR_PRINTS = 200  # of the limit, kept free of mere reports


@dataclass(frozen=True)
class PrintStep:
    """A print began, paused, went on, …: `name` as of the event."""

    name: str
    run: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PrintEnded:
    """A print is over."""

    end: PrintEnd


@dataclass(frozen=True)
class Report:
    """Something the printer said or did beside prints."""

    name: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Unselected:
    """The line was closed, and with it the selection went, as OctoPrint does it."""


@dataclass(frozen=True)
class MadeSafe:
    """The after-crash script was given to the printer."""


Note = PrintStep | PrintEnded | Report | Unselected | MadeSafe


class NotesFull(Exception):
    """The database has taken nothing for so long that a print's own notes do not fit any more."""


class Notes:
    """`add` never waits; a report too many is counted and dropped, a print's note too many raises `NotesFull`."""

    def __init__(self, printer: str) -> None:
        self.dropped: Counter[str] = Counter()
        self._printer = printer
        self._waiting: deque[Note] = deque()
        self._arrived = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, note: Note) -> None:
        """Put a note behind the others."""
        if isinstance(note, Report) and len(self._waiting) >= LIMIT - ROOM_FOR_PRINTS:
            self._drop(note)
            return
        if len(self._waiting) >= LIMIT:
            raise NotesFull(f"{self._printer}: {LIMIT} notes wait for the database")
        self._waiting.append(note)
        self._arrived.set()

    def first(self) -> Note | None:
        """The oldest note; it stays until `done`."""
        return self._waiting[0] if self._waiting else None

    def done(self) -> None:
        """The oldest note is in the database."""
        self._waiting.popleft()

    async def wait(self) -> None:
        """Until there is a note."""
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()

    def _drop(self, report: Report) -> None:
        self.dropped[report.name] += 1
        if self.dropped[report.name] == 1:
            LOG.warning("%s: too many reports wait; dropping %s from now on", self._printer, report.name)
