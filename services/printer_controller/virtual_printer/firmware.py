"""The firmware: bytes and time in, replies with their times out; it holds no socket, no clock and no thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from .card import SAMPLE, SAMPLE_NAME, Card
from .command_log import CommandLog
from .commands import HANDLERS, URGENT, unknown
from .commands.table import Handler
from .counters import Counters
from .emergency import EmergencyParser
from .faults import Repeating, ResendStorm
from .motion import Motion
from .options import Options
from .parser import Command, Refusal, check, split_code, without_comment
from .planner import Planner
from .thermostat import Thermostat
from .voice import Voice

NEVER = float("inf")
LONGEST_LINE = 4_096  # bytes kept of a line that does not end
IDLE_SECONDS = 1.0
BANNER = (
    "start",
    "echo: External Reset",
    "echo:Jobwire virtual printer",
    "echo: Free Memory: 4096  PlannerBufferBytes: 1152",
)


class Firmware:
    """One board. `receive` and `advance` must be called with times that do not go back (seconds, any origin)."""

    def __init__(self, options: Options, log: CommandLog | None = None) -> None:
        self.options = options
        self.log = log or CommandLog(None)
        self.now = 0.0
        self.counters = Counters()
        self.repeating = Repeating(options.seed, self.counters)
        self.voice = Voice(options, self.counters, self.repeating)
        self.thermostat = Thermostat(options)
        self.emergency = EmergencyParser() if options.emergency_parser else None
        self.dead = False  # halted or without power
        self.halted = False  # by a kill; only a reset revives it
        self.power_at = NEVER
        self._begin()

    def _begin(self) -> None:
        """Everything that a reset forgets."""
        self.card = Card({SAMPLE_NAME: SAMPLE} if self.options.card else {})
        self.motion = Motion(self.options.acceleration)
        self.planner = Planner(self.options, self.counters)
        self.fan = 0
        self.last_number = 0
        self.ring = b""
        self.queue: deque[Command] = deque()
        self.running: Iterator[float] | None = None
        self.command = Command(None, "")
        self.ok_words = ""
        self.cancelled = False  # M108: the wait under way ends at once
        self.busy_interval = self.options.busy_interval
        self.busy_until = 0.0
        self.report_every = 0.0
        self.wake = self.busy_at = self.report_at = self.idle_at = NEVER
        if self.emergency:
            self.emergency.forget()

    @property
    def instant(self) -> bool:
        """Moves, heaters and dwells take no time."""
        return not self.options.speed

    @property
    def command_number(self) -> int | None:
        """The line number of the command that is executed now."""
        return self.command.number

    def say(self, text: str) -> None:
        """One line to the host, now."""
        self.voice.say(text, self.now)

    def receive(self, data: bytes, at: float) -> None:
        """`data` has arrived in the receive interrupt at `at`."""
        self.now = at
        self.counters.received_bytes += len(data)
        if self.dead or at < self.voice.silent_until:
            self.counters.swallowed_bytes += len(data)
            return
        if self.emergency:
            for code in self.emergency.heard(data):
                URGENT[code](self)
        if b"\r" in data:
            data = data.replace(b"\r", b"\n")
        self._work(data)

    def next_event(self) -> float:
        """When something becomes due without a byte from outside."""
        return min(self.wake, self.busy_at, self.report_at, self.idle_at, self.power_at)

    def advance(self, at: float) -> None:
        """Do all that is due up to `at`, each at its own time."""
        while (due := self.next_event()) <= at:
            self.now = max(self.now, due)
            if self.power_at <= due:
                self.reset()
            elif self.wake <= due:
                self._resume()
                self._work()
            elif self.busy_at <= due:
                self.busy_at = due + self.busy_interval
                self.say("echo:busy: processing")
            elif self.report_at <= due:
                self.report_at = due + self.report_every
                self.say(f" {self.thermostat.report(due)}")
            else:
                self.idle_at = due + IDLE_SECONDS
                self.say("wait")
        self.now = max(self.now, at)

    def reset(self) -> None:
        """Start anew: banner, line number 0, heaters off, nothing planned; also what power coming back does."""
        self.counters.resets += 1
        self.thermostat.off(self.now)
        self._begin()
        self.dead = self.halted = False
        self.power_at = NEVER
        for line in BANNER:
            self.say(line)

    def kill(self) -> None:
        """Halt for good (M112, thermal runaway): heaters off, all moves gone, deaf until a reset."""
        self.say("Error:Printer halted. kill() called!")
        self._die()
        self.halted = True

    def cut_power(self, seconds: float | None) -> None:
        """Off, for `seconds` or until a reset."""
        self._die()
        self.power_at = NEVER if seconds is None else self.now + seconds

    def _die(self) -> None:
        self.thermostat.off(self.now)
        self._begin()
        self.dead = True

    def hurry(self) -> None:
        """Let the running command look around now."""
        if self.running is not None:
            self.wake = self.now

    def _places(self) -> int:
        return self.options.queue - len(self.queue) - (self.running is not None)

    def _work(self, data: bytes = b"") -> None:
        """Read lines while the queue has room, start commands while none is running."""
        pending = self.ring + data if self.ring else data
        start = 0
        self.ring = b""
        while not self.dead:
            if self.running is None and self.queue:
                self._start(self.queue.popleft())
            elif self._places() > 0 and (end := pending.find(b"\n", start)) >= 0:
                line = pending[start:end]
                start = end + 1
                if line and not self._accept(line) and self.options.drain_on_error:
                    start = len(pending)
            elif self.card.printing and self.running is None:
                self._print_from_card()
            else:
                self._keep(pending[start:])
                break
        if self.options.wait_when_idle:
            self.idle_at = self.now + IDLE_SECONDS if self.running is None and not self.dead else NEVER

    def _keep(self, rest: bytes) -> None:
        """What could not be read yet stays in the ring; what has no room there is lost."""
        room = self.options.rx_buffer if self._places() <= 0 else LONGEST_LINE
        if len(rest) > room:
            self.counters.overflowed_bytes += len(rest) - room
            rest = rest[:room]
        self.ring = rest

    def _accept(self, line: bytes) -> bool:
        """Check a line and let it in; False when it was refused."""
        if self.repeating and line.startswith(b"N"):
            line = self.repeating.spoiled(line)
        line = without_comment(line)
        if not line:
            return True
        verdict = check(line, self.last_number)
        if verdict is Refusal.REPEATED:
            if self.options.ignore_repeated:
                return True
            verdict = Refusal.NUMBER
        if self.repeating and line.startswith(b"N") and self.repeating.struck(ResendStorm):
            verdict = Refusal.CHECKSUM
        if isinstance(verdict, Refusal):
            self.voice.refuse(verdict, self.last_number, self.now)
            return False
        if verdict.number is not None:
            self.last_number = verdict.number
        if self.running is None and not self.queue:
            self._start(verdict)
        else:
            self.queue.append(verdict)
        return True

    def _start(self, command: Command) -> None:
        self.command = command
        self.log.note(command.number, command.text)
        self.counters.executed += 1
        waiting = self._run(command.text)
        if self.dead:
            return
        if waiting is None:
            self._ok()
            return
        self.running = waiting
        self.cancelled = False
        self.busy_at = self.now + self.busy_interval if self.busy_interval else NEVER
        self._resume()

    def _run(self, text: str) -> Iterator[float] | None:
        """Execute a command; what is given back is to be resumed until it ends."""
        code, _, argument = text.partition(" ")
        handler = HANDLERS.get(code)
        if handler is None:
            code, argument = split_code(text)
            handler = HANDLERS.get(code)
        if handler is None:
            handler, argument = unknown, text
        if self.now < self.busy_until:
            return self._stuck(handler, argument)
        return handler(self, argument)

    def _stuck(self, handler: Handler, argument: str) -> Iterator[float]:
        while self.now < self.busy_until:
            yield self.busy_until
        yield from handler(self, argument) or ()

    def _resume(self) -> None:
        """Let the running command go on: it says when it wants to look again, or ends and is answered."""
        if self.running is None:
            return
        self.planner.advance(self.now)
        self.thermostat.advance(self.now)
        wake = next(self.running, None)
        if wake is not None:
            self.wake = wake
            return
        self.running = None
        self.wake = self.busy_at = NEVER
        if not self.dead:
            self.planner.settle()
            self._ok()

    def _ok(self) -> None:
        """Answer the command: its line's place is still taken, as in Marlin."""
        words, self.ok_words = self.ok_words, ""
        if not self.command.answered:
            return
        if self.options.advanced_ok and not words:
            self.planner.advance(self.now)
            number = self.command.number
            places = self.options.queue - len(self.queue) - 1
            words = f"{'' if number is None else f' N{number}'} P{self.planner.free} B{places}"
        self.voice.ok(f"ok{words}", self.now)

    def _print_from_card(self) -> None:
        line = self.card.next_line()
        if line is None:
            self.say("Done printing file")
        elif text := without_comment(line).decode("utf-8", "surrogateescape").rstrip():
            self._start(Command(None, text, answered=False))
