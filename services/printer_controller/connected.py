"""A printer that has answered: what it tells is sorted and passed on, for as long as its line is open."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from services.printer_controller import by_hand, gcode, states, temperatures
from services.printer_controller.line_health import Failure
from services.printer_controller.line_window import ASK
from services.printer_controller.port import Link
from services.printer_controller.print_control import PrintControl, Stage
from services.printer_controller.sender import Sender
from services.printer_controller.serial_line import SerialLine
from services.printer_controller.wire import Capability, ErrorLine, FirmwareInfo, Position, Report, SdStatus
from shared.contracts.printers import Heater, PrinterStatus
from shared.settings import PrinterSettings

EMERGENCY = b"M112\n"
EMERGENCY_AGAIN = (0.05, 0.2)  # s: it has no number, so nobody asks for it again if it was damaged
POSITION_EVERY = 0.5  # s between two reports of the position: each is written down before it is told
FAREWELL = 0.5  # s for the last bytes before a line is given up on purpose

_log = logging.getLogger(__name__)


class Owner(Stage, Protocol):
    """The session, as its connection sees it."""

    heaters: dict[str, Heater]
    offsets: dict[str, float]
    sd_ready: bool

    def line_ended(self, reason: str, status: PrinterStatus) -> None:
        """The line is closed; `status` says in which state that leaves the printer."""

    def broken(self, error: Exception) -> None:
        """Our own fault; the line is closed."""

    def board_restarted(self, link: Link) -> None:
        """The board has started anew; the link is still open and belongs to the session now."""


class ConnectedPrinter:
    """From the first numbered line to the end of the line.

    `ready` is set when the printer can be used, `off` when it is safe after `switch_off`.
    """

    def __init__(
        self,
        link: Link,
        baudrate: int,
        owner: Owner,
        settings: PrinterSettings,
        monotonic: Callable[[], float],
        safe_lines: list[bytes],
    ) -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.off: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.firmware = ""
        self._owner = owner
        self._settings = settings
        self._now = monotonic
        self._position_due = monotonic()
        self._names = temperatures.heater_names(settings)
        self.sender = Sender(
            rx_buffer=settings.rx_buffer,
            window=settings.window,
            baudrate=baudrate,
            timeouts=settings.timeouts,
            now=monotonic(),
        )
        self.line = SerialLine(link, self.sender, self, settings.timeouts, monotonic, owner.observer.terminal)
        self.control = PrintControl(self.line, owner, settings, monotonic)
        self.sender.enqueue([*safe_lines, b"M115", ASK], mark="ready", certain=True)
        self.line.push()

    def send(self, texts: list[bytes]) -> None:
        """Send these before any further line of a file."""
        self.sender.enqueue(texts)
        self.line.push()

    def send_by_hand(self, texts: list[bytes], *, keep_modes: bool) -> None:
        """The same for what a person sends; some commands go ahead of all that waits."""
        if keep_modes:
            texts = by_hand.keeping_modes(texts, self.sender.modal_ahead())
        for text in texts:
            if gcode.code_of(text) in by_hand.HURRIED:
                self.sender.hurry(text)
        self.send([text for text in texts if gcode.code_of(text) not in by_hand.HURRIED])

    def find_lost_ok(self) -> bool:
        """Ask the printer now what it has done; whether that was worth asking."""
        asked = self.sender.doubt()
        self.line.push()
        return asked

    def switch_off(self) -> None:
        """End the print and make the printer safe; `off` is set when it is."""
        self.control.lost("the service was stopped")
        self.sender.new_print()
        self.sender.drop_script()
        self.sender.enqueue(gcode.commands_of(self._settings.gcode.after_crash), mark="off")
        self.line.push()

    def emergency_stop(self) -> None:
        """`M112` past everything, repeated; then the line is closed. The print under way ends."""
        self.line.write_past_all(EMERGENCY)
        link, loop = self.line.release(), asyncio.get_running_loop()
        for later in EMERGENCY_AGAIN:
            loop.call_later(later, link.write, EMERGENCY)
        loop.call_later(FAREWELL, link.abort)
        self._end("emergency stop", PrinterStatus.ERROR)

    def close(self, reason: str, status: PrinterStatus) -> None:
        """Give the line up; the print under way ends."""
        self.line.close()
        self._end(reason, status)

    def line_broken(self, error: Exception) -> None:
        """Our own rules have failed: the session ends with that."""
        self._owner.broken(error)

    def _end(self, reason: str, status: PrinterStatus) -> None:
        self.control.lost(reason)
        if not self.ready.done():
            self.ready.set_exception(OSError(reason))
            self.ready.exception()  # taken, also when nobody waits for it
        self._owner.line_ended(reason, status)

    # What the line tells (LineEvents)

    def line_lost(self, reason: str) -> None:
        """The port is gone."""
        self._end(reason, PrinterStatus.OFFLINE_AFTER_ERROR)

    def line_failed(self, failure: Failure) -> None:
        """The rules of sending gave up."""
        self._owner.observer.printer_event(failure.kind, {"reason": failure.reason})
        if failure.kind == "board_reset":
            self._restarted(failure.reason)
        else:
            self.close(failure.reason, PrinterStatus.OFFLINE_AFTER_ERROR)

    def board_started(self) -> None:
        """The banner of a board that starts anew: whatever it was told is forgotten."""
        self._owner.observer.printer_event("board_reset", {"reason": "the start banner came"})
        self._restarted("the board was reset")

    def _restarted(self, reason: str) -> None:
        link = self.line.release()
        self.control.lost(reason)
        if not self.ready.done():
            link.abort()
            self._end(reason, PrinterStatus.OFFLINE_AFTER_ERROR)
        else:
            self._owner.board_restarted(link)

    def mark_passed(self, mark: str) -> None:
        """A command that was waited for is done."""
        due = {"ready": self.ready, "off": self.off}.get(mark)
        if due is None:
            self.control.passed(mark)
        elif not due.done():
            due.set_result(None)

    def file_starved(self) -> None:
        """The file has no line ready, or no more."""
        self.control.starved()

    def temperatures_told(self, report: Report) -> None:
        """A report of the heaters."""
        tool = self.sender.modal.tool
        heaters = temperatures.readings(report, self._owner.heaters, self._names, tool, self._owner.offsets)
        if heaters != self._owner.heaters:
            self._owner.heaters = heaters
            self._owner.observer.temperatures_changed(heaters)

    def position_told(self, position: Position) -> None:
        """Where the printer is, and with which tool and feed rate; not told more often than clients look."""
        now = self._now()
        if now < self._position_due:
            return
        self._position_due = now + POSITION_EVERY
        self.sender.digest()
        told = {"x": position.x, "y": position.y, "z": position.z, "e": position.e}
        self._owner.observer.printer_event("position_reported", {**self.sender.modal.snapshot().place, **told})

    def action_asked(self, name: str) -> None:
        """`// action:`: the printer wants its host to do something; what does not fit the state is not done."""
        self._owner.observer.printer_event("action_received", {"action": name})
        act = _ACTIONS.get(name)
        if act is not None:
            act(self, self._owner.status)

    def error_told(self, error: ErrorLine) -> None:
        """The firmware reports an error; after a fatal one it obeys no more."""
        _log.warning("%s reports: %s", self._settings.id, error.text)
        self._owner.observer.printer_event("error_reported", {"text": error.text, "fatal": error.fatal})
        if error.fatal:
            self.close(f"the printer reports: {error.text}", PrinterStatus.ERROR)

    def capability_told(self, capability: Capability) -> None:
        """What the firmware can do."""
        if capability.name == "AUTOREPORT_TEMP" and capability.present and not self.line.reports_itself:
            self.line.reports_itself = True
            self.send([b"M155 S%d" % max(1, round(self._settings.timeouts.temperature))])

    def firmware_told(self, firmware: FirmwareInfo) -> None:
        """Who the firmware is."""
        self.firmware = firmware.text

    def card_told(self, status: SdStatus) -> None:
        """Whether there is a card."""
        if status.what in ("ready", "gone"):
            self._owner.sd_ready = status.what == "ready"

    def oks_recovered(self, count: int) -> None:
        """Some `ok` were lost, and found out about."""
        self._owner.observer.printer_event("ok_recovered", {"count": count})

    def _pause(self, status: PrinterStatus) -> None:
        if status in states.PAUSABLE:
            self.control.pause()

    def _paused(self, status: PrinterStatus) -> None:
        if status in states.PAUSABLE:
            self.control.pause(by_printer=True)

    def _resume(self, status: PrinterStatus) -> None:
        if status is PrinterStatus.PAUSED:
            self.control.resume()

    def _resumed(self, status: PrinterStatus) -> None:
        if status is PrinterStatus.PAUSED:
            self.control.resume(by_printer=True)

    def _cancel(self, status: PrinterStatus) -> None:
        if status in states.BUSY and status is not PrinterStatus.CANCELLING:
            self.control.cancel()

    def _disconnect(self, _: PrinterStatus) -> None:
        self.close("the printer asked to be disconnected", PrinterStatus.OFFLINE)


_ACTIONS: dict[str, Callable[[ConnectedPrinter, PrinterStatus], None]] = {
    "pause": ConnectedPrinter._pause,
    "paused": ConnectedPrinter._paused,
    "resume": ConnectedPrinter._resume,
    "resumed": ConnectedPrinter._resumed,
    "cancel": ConnectedPrinter._cancel,
    "disconnect": ConnectedPrinter._disconnect,
}
