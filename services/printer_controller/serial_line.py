"""One open line to a printer: bytes come in, rules decide, bytes go out, at once and in the same turn of the loop.

The path of an `ok` is the hot path of the whole system: `on_bytes` → `Sender.ok` → `Sender.pump` → `Link.write`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from services.printer_controller.line_health import Failure
from services.printer_controller.port import Link
from services.printer_controller.sender import Sender
from services.printer_controller.terminal_log import TerminalLog
from services.printer_controller.wire import (
    LONGEST_REPLY,
    Action,
    Busy,
    Capability,
    ErrorLine,
    FirmwareInfo,
    Ok,
    Position,
    Received,
    Report,
    Resend,
    SdStatus,
    Start,
    Temperatures,
    Wait,
    decode,
)
from shared.settings import PrinterTimeouts

TICK = 0.05  # s while an answer is due
REST = 0.25  # s otherwise
LONGEST_LISTING = 10.0  # s: names of files on a card may look like anything
WHILE_REPORTING = 5.0  # times the pause between questions where the firmware reports temperatures by itself


class LineEvents(Protocol):
    """What the session wants to know of its line; all are called in the loop and must not wait."""

    def line_lost(self, reason: str) -> None: ...
    def line_failed(self, failure: Failure) -> None: ...
    def board_started(self) -> None: ...
    def mark_passed(self, mark: str) -> None: ...
    def file_starved(self) -> None: ...
    def temperatures_told(self, report: Report) -> None: ...
    def position_told(self, position: Position) -> None: ...
    def action_asked(self, name: str) -> None: ...
    def error_told(self, error: ErrorLine) -> None: ...
    def capability_told(self, capability: Capability) -> None: ...
    def firmware_told(self, firmware: FirmwareInfo) -> None: ...
    def card_told(self, status: SdStatus) -> None: ...
    def oks_recovered(self, count: int) -> None: ...
    def line_broken(self, error: Exception) -> None: ...


class SerialLine:
    """Joins a link and a sender; it is the link's receiver from its making until `close`."""

    def __init__(
        self,
        link: Link,
        sender: Sender,
        events: LineEvents,
        timeouts: PrinterTimeouts,
        monotonic: Callable[[], float],
        terminal: TerminalLog | None = None,
    ) -> None:
        self.sender = sender
        self.reports_itself = False  # temperatures come without being asked for
        self._link = link
        self._events = events
        self._terminal = terminal or TerminalLog()
        self._pause = timeouts.temperature
        self._now = monotonic
        self._partial = b""
        self._open = True
        self._asked_at = monotonic()
        self._recovered = 0
        self._listing_until: float | None = None
        self._loop = asyncio.get_running_loop()
        self._quiet: asyncio.TimerHandle | None = None
        self._timer = self._loop.call_later(TICK, self._tick)
        link.receiver = self

    def on_bytes(self, data: bytes) -> None:
        """The link's callback."""
        try:
            self._take(data)
        except Exception as error:
            self._break(error)

    def _take(self, data: bytes) -> None:
        if self._partial:
            data = self._partial + data
        lines = data.split(b"\n")
        self._partial = lines.pop()
        if self._terminal.wanted:
            self._terminal.received(lines)
        sender, now = self.sender, self._now()
        for line in lines:
            if line == b"ok":
                sender.ok()
            else:
                self._read(line, now)
        if not self._open:
            return
        sender.heard(now)
        self._write(now)
        if len(self._partial) > LONGEST_REPLY:
            self._partial = b""

    def on_lost(self, reason: str) -> None:
        """The link's callback."""
        if self._open:
            self._stop()
            self._events.line_lost(reason)

    def push(self) -> None:
        """Write what may be written: something was enqueued, or the file has lines again."""
        if self._open:
            self._write(self._now())

    def write_past_all(self, data: bytes) -> None:
        """Write ahead of everything and without a number: only for what the firmware takes at any time."""
        if self._open:
            if self._terminal.wanted:
                self._terminal.sent(data)
            self._link.write(data)

    def close(self) -> None:
        """Give the line up at once; nothing is called any more."""
        self._stop()
        self._link.abort()

    def release(self) -> Link:
        """Stop working and hand the open link over."""
        self._stop()
        return self._link

    def _stop(self) -> None:
        self._open = False
        self._timer.cancel()
        if self._quiet is not None:
            self._quiet.cancel()

    def _write(self, now: float) -> None:
        sender = self.sender
        data = sender.pump(now)
        if data:
            if self._terminal.wanted:
                self._terminal.sent(data)
            self._link.write(data)
        if sender.passed or sender.starved or sender.settling or sender.failure is not None:
            self._attend(now)

    def _attend(self, now: float) -> None:
        """What happens now and then; the session may have more to send afterwards."""
        sender = self.sender
        if not self._open:
            return
        if sender.failure is not None:
            failure = sender.failure
            self._stop()
            self._events.line_failed(failure)
            return
        marks, sender.passed = sender.passed, []
        for mark in marks:
            self._events.mark_passed(mark)
        if sender.starved:
            sender.starved = False
            self._events.file_starved()
        if sender.settling and self._quiet is None:
            self._quiet = self._loop.call_later(max(0.001, sender.quiet_at - now), self._quiet_now)
        if marks:
            self.push()

    def _break(self, error: Exception) -> None:
        """Our own fault, or an observer's: nothing more is sent by rules that have failed."""
        self.close()
        self._events.line_broken(error)

    def _quiet_now(self) -> None:
        self._quiet = None
        self._pass_time()

    def _tick(self) -> None:
        self._pass_time()
        if self._open:
            self._look_around()

    def _look_around(self) -> None:
        recovered = self.sender.counters.recovered_oks - self._recovered
        if recovered > 0:
            self._recovered += recovered
            self._events.oks_recovered(recovered)
        self.sender.counters.lines = self.sender.next - 1
        busy = self.sender.waiting or self.sender.source is not None
        self._timer = self._loop.call_later(TICK if busy else REST, self._tick)

    def _pass_time(self) -> None:
        try:
            self._go_on(self._now())
        except Exception as error:
            self._break(error)

    def _go_on(self, now: float) -> None:
        self.sender.tick(now)
        pause = self._pause * (WHILE_REPORTING if self.reports_itself else 1.0)
        if now - self._asked_at >= pause:
            self._asked_at = now
            self.sender.ask()
        self._write(now)

    def _read(self, line: bytes, now: float) -> None:
        """Everything but a plain `ok`."""
        received = decode(line)
        if self._listing_until is not None:
            if now < self._listing_until and not isinstance(received, Ok) and received != SdStatus("list_ends"):
                return
            self._listing_until = None
        reader = _READERS.get(type(received))
        if reader is not None and self._open:
            reader(self, received, now)

    def _ok(self, ok: Ok, _: float) -> None:
        self.sender.ok_with(ok)
        if ok.temperatures:
            self._events.temperatures_told(ok.temperatures)

    def _resend(self, resend: Resend, now: float) -> None:
        self.sender.resend(resend.line, now)

    def _busy(self, _: Busy, now: float) -> None:
        self.sender.silence.at_work(now)

    def _wait(self, _: Wait, __: float) -> None:
        self.sender.silence.at_rest()

    def _temperatures(self, temperatures: Temperatures, now: float) -> None:
        if not self.reports_itself:
            self.sender.silence.at_work(now)  # only a printer that waits for a heater tells unasked
        self._events.temperatures_told(temperatures.report)

    def _position(self, position: Position, _: float) -> None:
        self._events.position_told(position)

    def _start(self, _: Start, __: float) -> None:
        self._events.board_started()

    def _action(self, action: Action, _: float) -> None:
        self._events.action_asked(action.name)

    def _error(self, error: ErrorLine, _: float) -> None:
        if not error.of_the_wire:
            self._events.error_told(error)

    def _card(self, status: SdStatus, now: float) -> None:
        if status.what == "list_begins":
            self._listing_until = now + LONGEST_LISTING
        self._events.card_told(status)

    def _capability(self, capability: Capability, _: float) -> None:
        self._events.capability_told(capability)

    def _firmware(self, firmware: FirmwareInfo, _: float) -> None:
        self._events.firmware_told(firmware)


_READERS: dict[type[Received], Callable[..., None]] = {
    Ok: SerialLine._ok,
    Resend: SerialLine._resend,
    Busy: SerialLine._busy,
    Wait: SerialLine._wait,
    Temperatures: SerialLine._temperatures,
    Position: SerialLine._position,
    Start: SerialLine._start,
    Action: SerialLine._action,
    ErrorLine: SerialLine._error,
    SdStatus: SerialLine._card,
    Capability: SerialLine._capability,
    FirmwareInfo: SerialLine._firmware,
}
