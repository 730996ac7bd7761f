"""A print on an open line, from its first line to its end: which state it is in, and what is sent at each turn.

Each turn waits for a mark: `drained` and `parked` on the way into a pause, `resumed` on the way out, `finished` at the
end of the file, `cancelled` behind the cancel script. Marks are passed when the printer has done what stands before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from services.printer_controller import gcode, scripts, temperature_offsets
from services.printer_controller.modal import Modal
from services.printer_controller.print_lines import PrintLines
from services.printer_controller.printing import (
    Outcome,
    PrintEnd,
    PrintProgress,
    PrintSource,
    SessionObserver,
    Stopwatch,
)
from services.printer_controller.serial_line import SerialLine
from shared.contracts.printers import PrinterStatus
from shared.settings import PrinterSettings

S = PrinterStatus
BREAK_WAIT = b"M108\n"


class Stage(Protocol):
    """Who shows the state of the printer and tells of its prints."""

    @property
    def status(self) -> PrinterStatus: ...
    def set_status(self, status: PrinterStatus) -> None: ...
    @property
    def observer(self) -> SessionObserver: ...


class PrintControl:
    """The prints of one connection, one at a time."""

    def __init__(
        self, line: SerialLine, stage: Stage, settings: PrinterSettings, monotonic: Callable[[], float]
    ) -> None:
        self._line = line
        self._sender = line.sender
        self._stage = stage
        self._settings = settings
        self._now = monotonic
        self._source: PrintSource | None = None
        self._lines: PrintLines | None = None
        self._watch = Stopwatch(0.0)
        self._paused_at: Modal | None = None  # what to go back to
        self._parked = False
        self._failing: str | None = None
        self._offsets: Mapping[str, float] = {}

    @property
    def progress(self) -> PrintProgress | None:
        """Where the print under way is."""
        if self._source is None:
            return None
        line, position = self._sender.file_place()
        return PrintProgress(line, position, self._source.size, self._watch.read(self._now()), self._source.run)

    def start(self, source: PrintSource) -> None:
        """Print from the first line."""
        self._source = source
        self._watch = Stopwatch(self._now())
        self._paused_at, self._parked, self._failing = None, False, None
        self._sender.new_print()
        self._lines = PrintLines(source.path, self._more, source.denied)
        self._stage.set_status(S.STARTING)
        self._tell("print_started")
        self._feed()

    def restart(self, source: PrintSource) -> None:
        """Print again from the first line, from a pause. As in OctoPrint there is no cancelling in between."""
        if self._source is not None and self._source.run != source.run:
            self._report_end("cancelled", "restarted")
        self._close_file()
        self.start(source)

    def pause(self, *, by_printer: bool = False) -> None:
        """Stop taking lines; park when those under way are done. A printer that has paused itself parks itself."""
        if self._source is None:
            return
        self._sender.feed(None)
        self._sender.drop_script()
        self._watch.stop(self._now())
        if by_printer:
            self._parked = False
            self._stage.set_status(S.PAUSED)
            self._tell("print_paused")
            return
        self._stage.set_status(S.PAUSING)
        self._sender.barrier("drained")
        self._line.push()

    def resume(self, *, by_printer: bool = False) -> None:
        """Go back to where it stood and take lines again."""
        if self._source is None:
            return
        if by_printer or not self._parked or self._paused_at is None:
            self._go_on()
            return
        self._stage.set_status(S.RESUMING)
        self._sender.digest()
        back = scripts.resume_lines(
            self._settings.gcode.resume, self._paused_at, self._sender.modal.snapshot(), self._settings.volume
        )
        self._sender.enqueue(gcode.commands_of(back), mark="resumed", script=True)
        self._line.push()

    def cancel(self) -> None:
        """Stop taking lines and run the cancel script."""
        if self._source is None:
            return
        self._tell("print_cancelling")
        self._wind_up()

    def offset(self, offsets: Mapping[str, float]) -> None:
        """Move the targets of all lines of the file that come from now on."""
        self._offsets = dict(offsets)
        if self._sender.source is not None:
            self._feed()

    def lost(self, reason: str) -> None:
        """The line is gone, and the print with it; the state is the session's matter."""
        if self._source is not None:
            line, _ = self._sender.file_place()
            self._report_end("failed", f"{reason}; the last acknowledged line is {line}")
            self._close_file()

    def starved(self) -> None:
        """The sender wanted a line of the file and got none."""
        if self._lines is None:
            return
        if self._lines.error is not None:
            self._failing = self._lines.error
            self._wind_up()
        elif self._lines.ended:
            self._finish()

    def passed(self, mark: str) -> None:
        """The printer has done what was marked."""
        turn = _TURNS.get(mark)
        if turn is not None and self._source is not None:
            turn(self)

    def _more(self) -> None:
        """The file has lines, or has ended."""
        self._line.push()
        if self._stage.status is S.STARTING and self._sender.file_lines:
            self._stage.set_status(S.PRINTING)

    def _feed(self) -> None:
        if self._lines is not None:
            self._sender.feed(temperature_offsets.moved_lines(self._lines.take, self._offsets, self._sender.tool_ahead))
        self._line.push()

    def _drained(self) -> None:
        """Everything sent is done, so the position is known: park there."""
        self._sender.digest()
        if self._paused_at is None:
            self._paused_at = self._sender.modal.snapshot()
        parking = scripts.pause_lines(self._settings.gcode.pause, self._paused_at, self._settings.volume)
        self._parked = True
        self._sender.enqueue(gcode.commands_of(parking), script=True)
        self._sender.barrier("parked")

    def _now_paused(self) -> None:
        self._stage.set_status(S.PAUSED)
        at = self._paused_at
        self._tell("print_paused", at=at.place if at is not None else None)

    def _go_on(self) -> None:
        self._paused_at, self._parked = None, False
        self._watch.go_on(self._now())
        self._stage.set_status(S.PRINTING)
        self._tell("print_resumed")
        self._feed()

    def _finish(self) -> None:
        self._sender.feed(None)
        self._stage.set_status(S.FINISHING)
        self._sender.barrier("finished")
        self._line.push()

    def _wind_up(self) -> None:
        """Cancel what waits and switch off; heating that would hold the script up is broken off."""
        self._watch.stop(self._now())
        self._stage.set_status(S.CANCELLING)
        self._sender.feed(None)
        self._sender.drop_script()
        self._close_file()
        if any(gcode.waits_for_heat(text) for text in self._sender.under_way()):
            self._line.write_past_all(BREAK_WAIT)
        self._sender.enqueue(gcode.commands_of(self._settings.gcode.cancel), script=True)
        self._sender.barrier("cancelled")
        self._line.push()

    def _wound_up(self) -> None:
        self._end("failed" if self._failing else "cancelled", self._failing)

    def _done(self) -> None:
        self._end("done", None)

    def _end(self, outcome: Outcome, reason: str | None) -> None:
        self._report_end(outcome, reason)
        self._close_file()
        self._sender.new_print()
        self._stage.set_status(S.OPERATIONAL)

    def _report_end(self, outcome: Outcome, reason: str | None) -> None:
        source, progress = self._source, self.progress
        if source is None or progress is None:
            return
        position = source.size if outcome == "done" else progress.position
        self._source = None
        self._stage.observer.print_ended(
            PrintEnd(source.run, outcome, reason, progress.line, position, progress.print_time)
        )

    def _close_file(self) -> None:
        if self._lines is not None:
            self._lines.close()
            self._lines = None

    def _tell(self, name: str, **more: Any) -> None:
        progress = self.progress
        if progress is not None:
            place = {"line": progress.line, "position": progress.position, "print_time": progress.print_time}
            self._stage.observer.print_event(name, progress.run, {**place, **more})


_TURNS: dict[str, Callable[[PrintControl], None]] = {
    "drained": PrintControl._drained,
    "parked": PrintControl._now_paused,
    "resumed": PrintControl._go_on,
    "finished": PrintControl._done,
    "cancelled": PrintControl._wound_up,
}
