"""Every line reaches the printer once and in order, or nothing more is sent: the rules, without clock and socket.

All lines are numbered, so the printer itself refuses what is doubled, missing or damaged. The rules here decide what
an `ok` stands for, and how to find out when one is missing:

* A Resend stops sending until the wire is quiet, because the lines that follow the bad one are refused too, each with
  a Resend of its own. The `ok` that follows a Resend stands for no line.
* After a Resend one line goes alone: if the answer to it is another Resend, nothing more has to be sorted out.
* The `ok` of an `M105` carries temperatures, so it is known which line it belongs to, and all lines before it are done
  too. That is how a lost or doubled `ok` is found out, and why a silent printer is asked with `M105`, as a line in the
  same sequence: a printer that is only slow answers in its turn, and nothing was guessed.
* A printer that answers `M105` with a plain `ok` is asked for its counter instead where it matters, by a line with a
  number that cannot be next: it refuses the line and names the number that it expects.
* A printer never expects a line again that it has answered. If it does twice, the board has started anew.
"""

from __future__ import annotations

from services.printer_controller.gcode import empties_buffers, runs_long
from services.printer_controller.line_health import Counters, Failure
from services.printer_controller.line_window import ASK, MOST_UNDER_WAY, RING, Command, LineWindow
from services.printer_controller.resend_limits import ResendLimits
from services.printer_controller.silence import Silence
from services.printer_controller.wire import Ok, encode
from shared.settings import PrinterTimeouts

LONGEST_UNREST = 5.0  # s of Resends without a pause
LONGEST_QUIET = 0.5  # s
_BITS = 10  # on the wire per byte


class Sender(LineWindow):
    """The state of one serial line after `M110 N0`. Times are seconds of any clock that does not jump.

    Hand it all lines of a chunk, then `heard`, then write what `pump` gives; between chunks, `tick` and `pump`.
    """

    def __init__(
        self, *, rx_buffer: int | None, window: bool, baudrate: int, timeouts: PrinterTimeouts, now: float
    ) -> None:
        super().__init__(rx_buffer=rx_buffer, window=window)
        self.settling = False
        self.quiet_at = 0.0
        self.failure: Failure | None = None
        self.passed: list[str] = []  # marks whose command is done, for the session to take
        self.counters = Counters()
        self.silence = Silence(timeouts, now)
        self._byte = _BITS / (baudrate or 115200)
        self._limits = ResendLimits()
        self._probe = False
        self._probed = (0, 0)  # the number of the last probe, and what was acknowledged when it was sent
        self._asked_before = 0  # an `M105` up to here is not waited for any more
        self._proven = 0  # done for certain: even if the newest answer was an echo of the one before
        self._told = 0  # the question that was answered last
        self._doubt: tuple[int, int] | None = None  # an impossible Resend, and what was acknowledged then
        self._prove = self._proving = False  # by a question for the counter: to be asked, being asked
        self._swallow = False  # the next `ok` belongs to a Resend
        self._answers_due = 0
        self._in_the_air = 0  # bytes that followed a bad line
        self._unrest_since = 0.0
        self._trial = 0  # the line sent alone after a fault, until something is acknowledged

    @property
    def waiting(self) -> bool:
        """Whether an answer is due."""
        return self.cursor - self.acknowledged > 1 or bool(self._marks)

    def ask(self) -> None:
        """Ask for temperatures, unless an answer is due anyway."""
        question = self._newest_question(self._asked_before)
        if question is not None and question > self.acknowledged:
            return
        if all(command.entry[0] != ASK for command in self._commands):
            self._asked_before = max(self._asked_before, self.acknowledged)
            self._commands.append(Command((ASK, 0, 0)))

    def hurry(self, text: bytes) -> None:
        """Send this as the next line whatever is under way: the firmware looks for it before its turn comes."""
        self._commands.appendleft(Command((text, 0, 0), hurried=True))
        self._probe = self._probe or self.cursor == self.next  # what is due again has to come first

    def doubt(self) -> bool:
        """Somebody thinks that an `ok` was lost: ask now, unless a question is under way; whether that is done.

        Nothing is believed on his word: what an answer is worth is decided as ever.
        """
        self._probe = self._probe or (self.waiting and not self._proving and self._probed[0] <= self.acknowledged)
        return self._probe

    def ok(self) -> None:
        """An `ok` that tells nothing more."""
        if self.settling and self._swallow:
            self._swallowed()
            return
        number = self.acknowledged + 1
        if number < self.cursor:
            self.acknowledged = number
            self._trial = 0
            self._flying -= len(self._wires[number & (RING - 1)])
            if self._marks:
                self._pass_marks(told=False)
        elif self._proving and not self.counters.resends:  # a firmware without numbers, but it has come to the end
            self._proved()
        else:
            self._prove = self._prove or self._proving  # the Resend was lost: ask again
            self.counters.unexpected_oks += 1

    def ok_with(self, ok: Ok) -> None:
        """An `ok` that tells the line it stands for, or temperatures, or the free places."""
        if self._window and ok.buffer_free is not None and ok.buffer_free > self._room_lines:
            self._room_lines = min(ok.buffer_free, MOST_UNDER_WAY)
        if ok.temperatures is not None:
            self._told_temperatures()
        elif ok.line is None:
            self.ok()
        elif self.acknowledged < ok.line < self.cursor:
            self.counters.recovered_oks += ok.line - self.acknowledged - 1
            self._acknowledge(ok.line)
            self._trial = 0
            self._pass_marks(told=False)
        elif self.settling and self._swallow:
            self._swallowed()
        else:
            self.counters.unexpected_oks += 1

    def resend(self, line: int, now: float) -> None:
        """The printer has refused what came and expects `line`."""
        self.counters.resends += 1
        possible = self._proven < line <= self.next and line >= self.next - RING
        if self._proving and line == self.next:
            self.settling = True
            self._answers_due = self._in_the_air = 0
            self._unrest_since = now
            self._proved()
        elif self.settling:
            self._answers_due -= 1
        else:
            self._begin_settling(line, possible, now)
        self._prove = self._proving = False
        if possible:
            self.cursor = line
            self._acknowledge(min(self.acknowledged, line - 1))
        self._swallow = True
        self.silence.at_work(now)
        quiet = self.silence.settling() * 2 ** (self._limits.repeats - 1)
        self.quiet_at = now + min(quiet + self._in_the_air * self._byte, LONGEST_QUIET)

    def heard(self, now: float) -> None:
        """All lines of a chunk were handed over."""
        self.silence.heard(now, self.acknowledged)

    def tick(self, now: float) -> None:
        """Time has passed: end a settling, ask a silent printer, give up a dead one."""
        if self.settling:
            if now >= self.quiet_at:
                self._end_settling()
            elif now - self._unrest_since >= LONGEST_UNREST:
                self._fail("resend_storm", f"the printer asked for line N{self.cursor} without a pause")
        elif self.waiting:
            texts = self.under_way()
            long = any(map(runs_long, texts))
            if (reason := self.silence.dead(now, long or any(map(empties_buffers, texts)))) is not None:
                self._fail("silence", reason)
            elif self.silence.probe_due(now, long):
                self._suspect()

    def pump(self, now: float) -> bytes:
        """The bytes to write now: whatever may be under way and is not yet."""
        if self.settling or self.failure is not None:
            return b""
        under_way = self.cursor - self.acknowledged - 1
        if self._probe:
            return self._probing()
        if self._prove or self._proving:
            return self._ask_for_the_counter()
        out: list[bytes] = []
        rested = under_way == 0 and not self._marks
        most = MOST_UNDER_WAY if self._room_bytes else self._room_lines
        if self._trial:
            most = under_way + 1 if self.cursor == self._trial else 0
        while under_way < most:
            wire = self._next_wire(under_way)
            if wire is None:
                break
            out.append(wire)
            self._flying += len(wire)
            self.cursor += 1
            under_way += 1
        if rested and out:
            self.silence.spoken_to(now)
        return out[0] if len(out) == 1 else b"".join(out)

    def _suspect(self) -> None:
        """The printer is silent too long: ask it. Or, where answers cannot be told apart, believe the last one.

        After a probe that was answered by any `ok`, with nothing sent behind it, more would have come by now.
        """
        number, before = self._probed
        if self._proving:
            self._prove = True
            self.silence.probes += 1
        elif number == self.cursor - 1 and self.acknowledged > before and not self.tells_temperatures:
            self.counters.recovered_oks += number - self.acknowledged
            self._acknowledge(number)
            self._pass_marks(told=True)
        else:
            self.silence.probes += 1
            self._probe = True

    def _probing(self) -> bytes:
        """Ask out of turn, whatever is under way: a line that is due again serves as well as a new question."""
        hurried = bool(self._commands) and self._commands[0].hurried
        self._probe = False
        self.counters.probes += not hurried
        if self.cursor < self.next:
            wire = self._wires[self.cursor & (RING - 1)]
        elif hurried:
            wire = self._numbered(self._commands.popleft().entry)
        else:
            self._asked_before = self.cursor - 1
            wire = self._numbered((ASK, 0, 0))
        self._probed = (self.cursor, self.acknowledged)
        self._flying += len(wire)
        self.cursor += 1
        return wire

    def _ask_for_the_counter(self) -> bytes:
        """A question that no printer takes for the next line; everything waits for the answer."""
        if not self._prove or self.cursor - self.acknowledged > 1 or self.cursor < self.next:
            return b""
        self._prove, self._proving = False, True
        return encode(0, ASK)

    def _proved(self) -> None:
        self._prove = self._proving = False
        self._pass_marks(told=True)

    def _told_temperatures(self) -> None:
        self.tells_temperatures = True
        number = self._newest_question(self._asked_before)
        if number is None:
            self.counters.unexpected_oks += 1
            return
        self._asked_before = number
        self._proven = max(self._proven, self._told or number)
        self._told = number
        self.counters.recovered_oks += max(0, number - self.acknowledged - 1)
        self._acknowledge(number)
        self._trial = 0
        self._pass_marks(told=True)

    def _pass_marks(self, *, told: bool) -> None:
        """Pass the marks of all lines that are done; `told`: that is certain."""
        for number, (mark, certain) in list(self._marks.items()):
            if number > self.acknowledged:
                continue
            if told or not certain:
                del self._marks[number]
                self.passed.append(mark)
            elif not self.tells_temperatures:
                self._prove = True

    def _begin_settling(self, line: int, possible: bool, now: float) -> None:
        self.counters.faults += 1
        self.settling = True
        self._unrest_since = now
        self._answers_due = self.cursor - 1 - line if possible else 0
        self._in_the_air = self._flying
        if reason := self._limits.fault(line, now):
            self._fail("resend_storm", reason)
        if possible:
            self._doubt = None
        elif self._doubt != (line, self.acknowledged):
            self._doubt = (line, self.acknowledged)
        elif line > self.next:
            self._fail("resend_storm", f"the printer asks for line N{line}, which was never sent")
        else:
            reason = f"the board has started anew: it asks for line N{line} although it had taken N{self._proven}"
            self._fail("board_reset", reason)

    def _swallowed(self) -> None:
        self._swallow = False
        if self._answers_due <= 0:
            self._end_settling()

    def _end_settling(self) -> None:
        self.settling = self._swallow = False
        self.silence.excuse()
        if self._doubt is not None:  # what the printer said cannot be: let it speak again
            self.cursor = self.acknowledged + 1
            self._flying = 0
            self._probe = True
        self._trial = self.cursor

    def _fail(self, kind: str, reason: str) -> None:
        if self.failure is None:
            self.failure = Failure(kind, reason)
