"""A session on a virtual printer's line, with everything that it told its observer, for tests over a real pty."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.printer_controller.printing import PrintEnd, PrintSource
from services.printer_controller.session import PrinterSession
from services.printer_controller.terminal_log import TerminalLog
from shared.clock import SystemClock
from shared.contracts.printers import Heater, PrinterStatus
from shared.settings import PrinterSettings
from tests.support.gcode import print_file, sent_lines
from tests.support.virtual_printer import VirtualPrinterProcess


class Recorder:
    """An observer that remembers: statuses, names of events, ends of prints."""

    def __init__(self) -> None:
        self.statuses: list[PrinterStatus] = []
        self.errors: list[str] = []
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.ends: list[PrintEnd] = []
        self.ended_at = 0.0
        self.heaters: dict[str, Heater] = {}
        self.terminal = TerminalLog()

    def status_changed(self, status: PrinterStatus, error: str) -> None:
        self.statuses.append(status)
        self.errors.append(error)

    def temperatures_changed(self, heaters: dict[str, Heater]) -> None:
        self.heaters = heaters

    def print_event(self, name: str, run: str, data: dict[str, Any]) -> None:
        self.events.append((name, {"run": run, **data}))

    def print_ended(self, end: PrintEnd) -> None:
        self.ends.append(end)
        self.ended_at = time.monotonic()

    def printer_event(self, name: str, data: dict[str, Any]) -> None:
        self.events.append((name, data))

    def names(self) -> list[str]:
        """The names of all events, in order."""
        return [name for name, _ in self.events]

    def told(self, name: str) -> dict[str, Any]:
        """The data of the newest event of that name."""
        return next(data for known, data in reversed(self.events) if known == name)


class SessionOnPrinter:
    """A session, its recorder and its printer; made by `connected`."""

    def __init__(self, printer: VirtualPrinterProcess, folder: Path, settings: dict[str, Any]) -> None:
        self.printer = printer
        self.recorder = Recorder()
        self.settings = PrinterSettings(id="printer", **{"port": printer.port, **settings})
        self.session = PrinterSession(self.settings, clock=SystemClock(), observer=self.recorder)
        self._folder = folder
        self._running = asyncio.create_task(self.session.run())

    async def leave(self) -> None:
        """Stop the session."""
        await self.session.stop()
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    def file(self, lines: int = 0, *, content: bytes | None = None, run: str = "run-1") -> PrintSource:
        """A print file, of `lines` moves or with that content."""
        data = print_file(lines) if content is None else content
        path = self._folder / f"{run}.gcode"
        path.write_bytes(data)
        return PrintSource(run=run, path=path, size=len(data), name=path.name)

    async def until(self, true: Callable[[], bool], within: float = 10.0) -> None:
        """Wait for a condition; AssertionError with the state of things when it does not come true."""
        end = time.monotonic() + within
        while not true():
            assert time.monotonic() < end, f"{self.session.status} {self.session.progress} {self.recorder.events[-5:]}"
            await asyncio.sleep(0.005)

    async def until_status(self, status: PrinterStatus, within: float = 10.0) -> None:
        """Wait for a status."""
        await self.until(lambda: self.session.status is status, within)

    async def end(self, within: float = 30.0) -> PrintEnd:
        """Wait for the end of the newest print."""
        await self.until(lambda: bool(self.recorder.ends) and self.session.progress is None, within)
        return self.recorder.ends[-1]

    async def until_line(self, line: int, within: float = 20.0) -> None:
        """Wait until the printer has acknowledged that line of the file."""
        await self.until(lambda: (at := self.session.progress) is not None and at.line >= line, within)

    def moves(self) -> list[str]:
        """The moves with extrusion that the printer executed, in order."""
        return [text for _, text in self.printer.executed() if text.startswith("G1 X") and " E" in text]

    def commands(self) -> list[str]:
        """Everything that the printer executed, in order."""
        return [text for _, text in self.printer.executed()]

    @staticmethod
    def wanted(source: PrintSource) -> list[str]:
        """What the printer must have executed of a file."""
        return sent_lines(source.path.read_bytes())
