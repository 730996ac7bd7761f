"""The numbered lines of one serial line: which number comes next, what is under way, what can be sent again.

Numbers up to `acknowledged` are done, those up to before `cursor` are under way, those up to before `next` have to be
sent again, `next` was never used. The last lines stand in a ring, with the place in the file that each came from.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from services.printer_controller.gcode import asks_temperatures
from services.printer_controller.modal import Modal, ModalFollower
from services.printer_controller.print_lines import Entry
from services.printer_controller.wire import encode
from shared.errors import Unavailable

RING = 1024  # lines
MOST_UNDER_WAY = 64  # lines
WAITING_COMMANDS = 2000
ROOM_LEFT = 8  # bytes of the printer's buffer that stay free
ASK = b"M105"

_MASK = RING - 1
_DIGEST_EVERY = 255  # lines; a mask, and well below the ring


@dataclass(frozen=True, slots=True)
class Command:
    """A host command: its text, and whether it belongs to a script of the print.

    `mark` is passed when it is done; `certain`: only when that is proved, not only counted. `hurried`: out of turn.
    """

    entry: Entry
    mark: str | None = None
    script: bool = False
    certain: bool = False
    hurried: bool = False


class LineWindow:
    """Numbers lines and keeps them; host commands go before file lines."""

    def __init__(self, *, rx_buffer: int | None, window: bool) -> None:
        self.acknowledged = 0
        self.cursor = 1
        self.next = 1
        self.source: Callable[[], Entry | None] | None = None
        self.starved = False  # there was room, and the file had no line ready
        self.file_lines = 0  # of this print, sent
        self.tells_temperatures = False  # answers `M105` with `ok T:…`
        self.modal = ModalFollower()
        self._window = window
        self._room_lines = 1
        self._room_bytes = max(0, rx_buffer - ROOM_LEFT) if rx_buffer and window else 0
        self._wires: list[bytes] = [b""] * RING
        self._entries: list[Entry] = [(b"", 0, 0)] * RING
        self._flying = 0  # bytes under way
        self._overhead = 8  # bytes around a text at most: N, number, blank, star, checksum, newline
        self._commands: deque[Command] = deque()
        self._held: Entry | None = None  # a file line that waits for room
        self._marks: dict[int, tuple[str, bool]] = {}
        self._digested = 0
        self._print_from = 1
        self._last_file: tuple[int, int] = (0, 0)

    def feed(self, source: Callable[[], Entry | None] | None) -> None:
        """Send file lines from `source` from now on; None stops it, and a line that waits for room goes later."""
        self.source = source
        self.starved = False

    def new_print(self) -> None:
        """Forget the file of the print before."""
        self.digest()
        self.source, self._held, self._last_file, self.file_lines = None, None, (0, 0), 0
        self._print_from = self.next

    def enqueue(
        self, texts: Iterable[bytes], *, mark: str | None = None, script: bool = False, certain: bool = False
    ) -> None:
        """Send these before any further file line; `mark` is passed when the last one is done.

        Raises `Unavailable` when too many wait already.
        """
        commands = [Command((text, 0, 0), None, script) for text in texts]
        if len(self._commands) + len(commands) > WAITING_COMMANDS:
            raise Unavailable("Too many commands wait for the printer", code="queue_full")
        if commands:
            commands[-1] = Command(commands[-1].entry, mark, script, certain)
        self._commands.extend(commands)

    def barrier(self, mark: str) -> None:
        """Pass `mark` when everything before it was carried out, not only taken into a buffer."""
        self.enqueue((b"M400", ASK), mark=mark, script=True, certain=True)

    def drop_script(self) -> None:
        """Forget the script lines that wait, and every mark."""
        self._commands = deque(command for command in self._commands if not command.script)
        self._marks.clear()

    @property
    def idle(self) -> bool:
        """Whether nothing is under way or waits."""
        return self.cursor - self.acknowledged == 1 and self.cursor == self.next and not self._commands

    def file_place(self) -> tuple[int, int]:
        """The last acknowledged line of the file that is printed, and the position behind it."""
        for number in range(self.acknowledged, max(self._digested, self._print_from - 1), -1):
            entry = self._entries[number & _MASK]
            if entry[1]:
                return entry[1], entry[2]
        return self._last_file

    def digest(self) -> None:
        """Read what was acknowledged since the last time: for `modal` and `file_place`."""
        if self._digested < self.acknowledged:
            self._last_file = self.file_place()
            numbers = range(self._digested + 1, self.acknowledged + 1)
            self.modal.follow([self._entries[number & _MASK][0] for number in numbers])
            self._digested = self.acknowledged

    def modal_ahead(self) -> Modal:
        """What will hold when all lines that were sent or wait are done, and no line of the file comes in between."""
        self.digest()
        ahead = ModalFollower(self.modal.snapshot())
        ahead.follow([self._entries[number & _MASK][0] for number in range(self.acknowledged + 1, self.next)])
        ahead.follow([command.entry[0] for command in self._commands])
        return ahead.snapshot()

    def tool_ahead(self) -> int:
        """The tool that the next line of the file finds in use."""
        return self.modal_ahead().tool

    def under_way(self) -> list[bytes]:
        """The texts of the lines that were sent and are not done."""
        return [self._entries[number & _MASK][0] for number in range(self.acknowledged + 1, self.cursor)]

    def _newest_question(self, after: int) -> int | None:
        """The number of the `M105` that an answer now belongs to: the oldest under way, else the newest done."""
        entries = self._entries
        for number in range(max(self.acknowledged, after) + 1, self.cursor):
            if asks_temperatures(entries[number & _MASK][0]):
                return number
        for number in range(self.acknowledged, max(after, self.acknowledged - MOST_UNDER_WAY), -1):
            if asks_temperatures(entries[number & _MASK][0]):
                return number
        return None

    def _acknowledge(self, number: int) -> None:
        """All lines up to `number`, and none behind it, are done."""
        self.acknowledged = number
        self._flying = sum(len(self._wires[n & _MASK]) for n in range(number + 1, self.cursor))

    def _next_wire(self, under_way: int) -> bytes | None:
        """The next line, if there is one and it may go; it counts as under way only when `cursor` moves on."""
        if self.cursor < self.next:
            wire = self._wires[self.cursor & _MASK]
            return wire if under_way < self._room_lines or self._flying + len(wire) <= self._room_bytes else None
        room = self._room_bytes - self._flying - self._overhead if under_way >= self._room_lines else RING
        if room <= 0:
            return None
        if self._commands:
            return self._command_wire(room)
        if self.source is None:
            return None
        entry = self._held or self.source()
        if entry is None:
            self.starved = True
            return None
        if len(entry[0]) > room:
            self._held = entry
            return None
        self._held = None
        self.file_lines += 1
        return self._numbered(entry)

    def _command_wire(self, room: int) -> bytes | None:
        command = self._commands[0]
        text = command.entry[0]
        if len(text) > room:
            return None
        self._commands.popleft()
        if command.mark is not None:
            self._marks[self.next] = (command.mark, command.certain)
        return self._numbered(command.entry)

    def _numbered(self, entry: Entry) -> bytes:
        number = self.next
        wire = encode(number, entry[0])
        slot = number & _MASK
        self._wires[slot] = wire
        self._entries[slot] = entry
        self.next = number + 1
        if not number & _DIGEST_EVERY:
            self._overhead = len(str(number + _DIGEST_EVERY)) + 7
            self.digest()
        return wire
