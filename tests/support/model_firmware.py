"""A small firmware in memory and a bad line to it, in simulated time: what the sender's promise is proved against.

It takes lines by Marlin's rules (number, checksum, a receive ring, a command queue) and remembers what it executed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from services.printer_controller import wire
from services.printer_controller.sender import Sender
from shared.settings import PrinterTimeouts

STEP = 0.005  # s of simulated time


@dataclass(frozen=True)
class Faults:
    """Shares of lines, on the way to the printer, or of replies (`lose_ok`, `double_ok`, `lose_resend`)."""

    corrupt: float = 0.0
    lose_byte: float = 0.0
    double_byte: float = 0.0
    lose_line: float = 0.0
    lose_ok: float = 0.0
    double_ok: float = 0.0
    lose_resend: float = 0.0


@dataclass(frozen=True)
class Firmware:
    """Which firmware: `work` are seconds per line, `ring` and `queue` its buffers."""

    advanced_ok: bool = False
    drain_on_error: bool = False
    ok_after_resend: bool = True
    ignore_repeated: bool = False
    tells_temperatures: bool = True
    ring: int = 128
    queue: int = 4
    work: float = 0.0
    pace: int = 0  # bytes per step over the wire; 0: all at once


@dataclass
class ModelFirmware:
    """The board at the far end of the line."""

    firmware: Firmware
    faults: Faults
    random: Random
    last: int = 0
    executed: list[str] = field(default_factory=list)
    unnumbered: list[str] = field(default_factory=list)
    dead: bool = False
    _wire: bytearray = field(default_factory=bytearray)
    _ring: bytearray = field(default_factory=bytearray)
    _queue: deque[tuple[int | None, str]] = field(default_factory=deque)
    _free_at: float = 0.0
    _replies: list[bytes] = field(default_factory=list)

    def receive(self, data: bytes) -> None:
        """Bytes that the host wrote; the line is bad."""
        for line in data.splitlines(keepends=True):
            self._wire += self._damaged(line)

    def _damaged(self, line: bytes) -> bytes:
        chance, faults = self.random.random, self.faults
        at = self.random.randrange(len(line))
        if chance() < faults.lose_line:
            return b""
        if chance() < faults.corrupt:
            return line[:at] + bytes([line[at] ^ 1 << self.random.randrange(8)]) + line[at + 1 :]
        if chance() < faults.lose_byte:
            return line[:at] + line[at + 1 :]
        if chance() < faults.double_byte:
            return line[: at + 1] + line[at:]
        return line

    def work(self, now: float) -> bytes:
        """What the board says up to `now`."""
        pace = self.firmware.pace or len(self._wire)
        arrived, self._wire = self._wire[:pace], self._wire[pace:]
        self._ring += arrived[: self.firmware.ring - len(self._ring)]
        while not self.dead and (self._read_line() or self._execute(now)):
            pass
        replies, self._replies = self._replies, []
        return b"".join(replies)

    def reset(self) -> None:
        """The board starts anew."""
        self.last = 0
        self._ring.clear()
        self._queue.clear()

    def _read_line(self) -> bool:
        if len(self._queue) >= self.firmware.queue or b"\n" not in self._ring:
            if len(self._ring) >= self.firmware.ring and b"\n" not in self._ring:
                self._ring.clear()
            return False
        end = self._ring.index(b"\n")
        line, self._ring = bytes(self._ring[:end]).lstrip(b" "), self._ring[end + 1 :]
        if line.startswith(b"N"):
            self._take_numbered(line)
        elif line:
            self._queue.append((None, line.partition(b"*")[0].decode("latin-1")))
        return True

    def _take_numbered(self, line: bytes) -> None:
        body, star, told = line.rpartition(b"*")
        digits = bytearray()
        for byte in line[1:]:
            if not 48 <= byte <= 57:
                break
            digits.append(byte)
        number = int(digits or b"0")
        if self.firmware.ignore_repeated and self.last - 2 < number <= self.last:
            return
        checksum = 0
        for byte in body:
            checksum ^= byte
        if number != self.last + 1 or not star or not told.isdigit() or int(told) != checksum:
            self._refuse()
            return
        self.last = number
        self._queue.append((number, body.partition(b"*")[0].decode("latin-1").partition(" ")[2]))

    def _refuse(self) -> None:
        if self.firmware.drain_on_error:
            self._ring.clear()
        self._say(b"Error:checksum mismatch, Last Line: %d\n" % self.last)
        if self.random.random() >= self.faults.lose_resend:
            self._say(b"Resend: %d\n" % (self.last + 1))
        if self.firmware.ok_after_resend:
            self._say_ok(b"ok\n")

    def _execute(self, now: float) -> bool:
        if not self._queue or self._free_at > now:
            return False
        self._free_at = now + self.firmware.work
        number, text = self._queue.popleft()
        if number is None:
            self.unnumbered.append(text)
            self._say(b'echo:Unknown command: "x"\n')
        else:
            self.executed.append(text)
        if text == "M105" and self.firmware.tells_temperatures:
            self._say_ok(b"ok T:20.0 /0.0 B:20.0 /0.0\n")
        elif self.firmware.advanced_ok and number is not None:
            self._say_ok(b"ok N%d P15 B%d\n" % (number, self.firmware.queue - 1))
        else:
            self._say_ok(b"ok\n")
        return True

    def _say_ok(self, reply: bytes) -> None:
        if self.random.random() < self.faults.lose_ok:
            return
        self._say(reply)
        if self.random.random() < self.faults.double_ok:
            self._say(reply)

    def _say(self, reply: bytes) -> None:
        self._replies.append(reply)


@dataclass
class Print:
    """How a simulated print went. `executed` are the file's lines; `longest_stall` seconds between two of them."""

    done: bool
    sender: Sender
    executed: list[str]
    seconds: float
    longest_stall: float


class Simulation:
    """A sender and a model firmware, step by step."""

    def __init__(self, firmware: Firmware, faults: Faults, seed: int, *, rx_buffer: int | None, window: bool) -> None:
        self.now = 0.0
        self.model = ModelFirmware(firmware, Faults(), Random(seed))
        self.sender = Sender(rx_buffer=rx_buffer, window=window, baudrate=0, timeouts=PrinterTimeouts(), now=0.0)
        self._faults = faults
        self._partial = b""
        self._lines: list[tuple[bytes, int, int]] = []
        self._taken = 0
        self._finishing = False
        self.done = False

    def print_lines(self, lines: Sequence[str], *, limit: float = 3000.0, reset_after: int | None = None) -> Print:
        """Print `lines` until the end, a failure, or `limit` seconds. The board resets after so many commands."""
        self._lines = [(text.encode(), number, number) for number, text in enumerate(lines, 1)]
        self.sender.enqueue((b"M115", b"M105"), mark="ready", certain=True)
        stall, progress, count, asked = 0.0, 0.0, 0, 0.0
        while self.now < limit and self.sender.failure is None and not self.done:
            self.now += STEP
            self.sender.tick(self.now)
            if self.now - asked >= 5.0:
                asked = self.now
                self.sender.ask()
            self._exchange()
            if reset_after is not None and len(self.model.executed) >= reset_after:
                self.model.reset()
                reset_after = None
            if len(self.model.executed) > count:
                stall, progress, count = max(stall, self.now - progress), self.now, len(self.model.executed)
        for _ in range(2000):  # what the board has taken, it carries out
            self.now += STEP
            self.model.work(self.now)
        executed = [text for text in self.model.executed if text not in ("M105", "M115", "M400")]
        return Print(self.done, self.sender, executed, self.now, stall)

    def _exchange(self) -> None:
        for _ in range(500):
            out = self.sender.pump(self.now)
            if out:
                self.model.receive(out)
            self._attend()
            back = self.model.work(self.now)
            if not out and not back:
                return
            *lines, self._partial = (self._partial + back).split(b"\n")
            for line in lines:
                self._hear(line)
            if back:
                self.sender.heard(self.now)

    def _hear(self, line: bytes) -> None:
        received = wire.decode(line)
        if isinstance(received, wire.Ok):
            self.sender.ok_with(received)
        elif isinstance(received, wire.Resend):
            self.sender.resend(received.line, self.now)

    def _attend(self) -> None:
        marks, self.sender.passed = self.sender.passed, []
        if "ready" in marks:
            self.model.faults = self._faults
            self.sender.new_print()
            self.sender.feed(self._take)
        self.done = self.done or "end" in marks
        if self.sender.starved and not self._finishing:
            self._finishing = True
            self.sender.feed(None)
            self.sender.barrier("end")

    def _take(self) -> tuple[bytes, int, int] | None:
        if self._taken == len(self._lines):
            return None
        self._taken += 1
        return self._lines[self._taken - 1]
