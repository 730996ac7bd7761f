"""One printer's life on its line: connected when asked, found again when lost, printing when told.

The session decides nothing about G-code or commands: `states` allows, `sender` sends, `print_control` prints. It holds
one connection after the other, and tells its observer what happens.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Mapping

from services.printer_controller import by_hand, connection, gcode, states, temperatures
from services.printer_controller.attempts import Attempts, GivenUp
from services.printer_controller.connected import FAREWELL, ConnectedPrinter
from services.printer_controller.line_health import Counters
from services.printer_controller.modal import Modal
from services.printer_controller.port import Link
from services.printer_controller.printing import PrintEnd, PrintProgress, PrintSource, SessionObserver
from shared.clock import Clock
from shared.contracts.printers import Heater, PrinterStatus
from shared.errors import Conflict
from shared.settings import PrinterSettings

__all__ = ["PrintEnd", "PrintProgress", "PrintSource", "PrinterSession", "SessionObserver"]

S = PrinterStatus
FIRST_PAUSE = 0.2  # s before a lost printer is looked for; doubled up to `timeouts.reconnect`

_log = logging.getLogger(__name__)


class PrinterSession:
    """All calls are made in the loop in which `run` runs."""

    def __init__(self, settings: PrinterSettings, *, clock: Clock, observer: SessionObserver) -> None:
        self.status: PrinterStatus = S.OFFLINE
        self.error = ""
        self.heaters: dict[str, Heater] = {}
        self.offsets: dict[str, float] = {}  # of the targets in files, by heater, in °C
        self.port: str | None = None
        self.baudrate: int | None = None
        self.sd_ready = False
        self.observer = observer
        self.counters = Counters()
        self._settings = settings
        self._clock = clock
        self._printer: ConnectedPrinter | None = None
        self._attempts = Attempts()
        self._home: tuple[str, int] | None = None  # where a lost printer is looked for
        self._lost = asyncio.Event()
        self._fault: Exception | None = None  # our own
        self._safe_lines: list[bytes] = []
        self._modal = Modal()

    # What there is to know

    @property
    def progress(self) -> PrintProgress | None:
        """Where the print under way is; None without one."""
        return self._printer.control.progress if self._printer is not None else None

    @property
    def modal(self) -> Modal:
        """What holds after the last acknowledged line; without a connection, that of the last one."""
        if self._printer is not None:
            self._printer.sender.digest()
            self._modal = self._printer.sender.modal.snapshot()
        return self._modal

    @property
    def firmware(self) -> str:
        """What the firmware says it is."""
        return self._printer.firmware if self._printer is not None else ""

    # What it can be told to do

    async def run(self) -> None:
        """Look for a printer that was lost, for ever; ends by being cancelled, with the line closed.

        Raises only what is our own fault, or an observer's.
        """
        try:
            while True:
                await self._lost.wait()
                self._lost.clear()
                if self._fault is not None:
                    raise self._fault
                await self._seek()
        finally:
            await self.disconnect()

    async def connect(self, port: str | None, baudrate: int | None) -> None:
        """Open the line and wait until the printer can be used; raises OSError when it does not get so far.

        Absent values mean the configured ones, rate 0: find out. A printer that was there and is lost is looked for at
        the same port until `disconnect`.
        """
        await self._give_up("the printer is connected anew")
        place = (port or self._settings.port, self._settings.baudrate if baudrate is None else baudrate)
        try:
            await self._attempts.make(self._establish(*place))
        except GivenUp:
            raise
        except OSError as error:
            self.set_status(S.OFFLINE_AFTER_ERROR, str(error))
            raise

    async def disconnect(self) -> None:
        """Close the line and look for the printer no more; a print under way ends `failed`, its heaters off."""
        await self._say_farewell()
        await self._give_up("the printer was disconnected")
        if self.status is not S.OFFLINE:
            self.set_status(S.OFFLINE)

    def start(self, source: PrintSource) -> None:
        """Print from the first line; only when `states.decide` allowed it."""
        self._demand().control.start(source)

    def restart(self, source: PrintSource) -> None:
        """Print again from the first line; only when `states.decide` allowed it."""
        self._demand().control.restart(source)

    def pause(self) -> None:
        """Park; only when `states.decide` allowed it."""
        self._demand().control.pause()

    def resume(self) -> None:
        """Go on; only when `states.decide` allowed it."""
        self._demand().control.resume()

    def cancel(self) -> None:
        """End the print; only when `states.decide` allowed it."""
        self._demand().control.cancel()

    def send(self, lines: list[str], *, keep_modes: bool = False) -> None:
        """Send commands between the lines of a running print. Raises `Invalid` for lines that must not be sent."""
        printer, texts = self._demand(), by_hand.texts_of(lines)
        if by_hand.stops_at_once(texts):
            self.emergency_stop()
        else:
            printer.send_by_hand(texts, keep_modes=keep_modes)

    def offset_temperatures(self, offsets: Mapping[str, float]) -> None:
        """Move the targets in files from now on, until the line is closed; heaters that are not named stay."""
        control, self.offsets = self._demand().control, {**self.offsets, **offsets}
        control.offset(self.offsets)
        self.heaters = temperatures.with_offsets(self.heaters, self.offsets)

    def find_lost_ok(self) -> bool:
        """Ask the printer now what it has done, when an answer is due; whether it was asked."""
        return self._printer is not None and self._printer.find_lost_ok()

    def make_safe(self, lines: list[str]) -> None:
        """Send these before anything else: at once, or as the first lines when the printer is connected again."""
        if self._printer is not None and self.status in states.OPERATIONAL:
            self._printer.send(gcode.commands_of(lines))
        else:
            self._safe_lines = gcode.commands_of(lines)

    def emergency_stop(self) -> None:
        """`M112` at once, past everything. The print is over; the printer must be connected again on purpose."""
        if self._printer is not None:
            self.observer.printer_event("emergency_stopped", {})
            self._printer.emergency_stop()

    async def stop(self) -> None:
        """The service stops: end the print, switch the printer off as far as half a second allows, close."""
        await self.disconnect()

    async def _say_farewell(self) -> None:
        """Switch off a printer that is left in the middle of a print: nobody would watch its heaters."""
        printer = self._printer
        if printer is not None and printer.control.progress is not None:
            printer.switch_off()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL):
                    await printer.off

    # What its connection tells (Owner)

    def set_status(self, status: PrinterStatus, error: str = "") -> None:
        """The printer is in another state."""
        if (status, error) != (self.status, self.error):
            self.status, self.error = status, error
            self.observer.status_changed(status, error)

    def line_ended(self, reason: str, status: PrinterStatus) -> None:
        """The line is closed; a printer that was lost without wanting to is looked for."""
        self._leave()
        if status is not S.OFFLINE_AFTER_ERROR:
            self._home = None
        self.observer.printer_event("printer_disconnected", {"reason": reason})
        self.set_status(status, "" if status is S.OFFLINE else reason)
        self._lost.set()

    def broken(self, error: Exception) -> None:
        """Nothing that the printer did: `run` raises it."""
        self._leave()
        self._fault = error
        self._lost.set()

    def board_restarted(self, link: Link) -> None:
        """The board has started anew on a line that is still open: greet it again."""
        self._leave()
        self.set_status(S.CONNECTING)
        self._attempts.begin(self._greet_again(link))

    # The life of the line

    async def _establish(self, port: str, baudrate: int) -> None:
        silent = self.status is S.OFFLINE_AFTER_ERROR  # looking for it again is nothing new
        link, rate = await connection.connect(port, baudrate, self._settings, _ignore if silent else self.set_status)
        await self._serve(link, port, rate)

    async def _greet_again(self, link: Link) -> None:
        port, rate = self.port or "", self.baudrate or 0
        try:
            await connection.greet(link, booting=False, within=connection.BOOTING + self._settings.timeouts.greeting)
            await self._serve(link, port, rate)
        except OSError as error:
            link.abort()
            self.set_status(S.OFFLINE_AFTER_ERROR, str(error) or "the board did not answer after its reset")
            self._lost.set()
        except asyncio.CancelledError:
            link.abort()
            raise

    async def _serve(self, link: Link, port: str, rate: int) -> None:
        """Make the greeted printer ours and wait until it is ready."""
        printer = ConnectedPrinter(link, rate, self, self._settings, self._clock.monotonic, self._safe_lines)
        self._printer, self.port, self.baudrate = printer, port, rate
        self.counters = printer.sender.counters
        try:
            await printer.ready
        except asyncio.CancelledError:
            printer.line.close()
            self._leave()
            raise
        self._safe_lines = []
        self._home = (port, rate)
        self.observer.printer_event("printer_connected", {"port": port, "baudrate": rate, "firmware": printer.firmware})
        self.set_status(S.OPERATIONAL)
        printer.send(gcode.commands_of(self._settings.gcode.connect))

    async def _seek(self) -> None:
        """Try the place where the printer was until it is there, or wanted elsewhere, or not at all."""
        pause = FIRST_PAUSE
        while (home := self._home) is not None and self._printer is None:
            await self._clock.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
            pause = min(2 * pause, self._settings.timeouts.reconnect)
            if self._home != home or self._printer is not None or self._attempts.under_way:
                return
            try:
                await self._attempts.make(self._establish(*home))
            except OSError as error:
                _log.debug("%s: %s", self._settings.id, error)

    async def _give_up(self, reason: str) -> None:
        """Close what is open, end what is trying to open, and look for nothing."""
        self._home = None
        await self._attempts.give_up()
        if self._printer is not None:
            self._printer.close(reason, S.OFFLINE)

    def _leave(self) -> None:
        if self._printer is not None:
            self._modal = self.modal
            self._printer = None
        self.heaters, self.offsets = {}, {}
        self.sd_ready = False

    def _demand(self) -> ConnectedPrinter:
        if self._printer is None:
            raise Conflict("Printer is not operational", code="printer_not_operational")
        return self._printer


def _ignore(_: PrinterStatus) -> None:
    """A printer that is looked for in silence."""
