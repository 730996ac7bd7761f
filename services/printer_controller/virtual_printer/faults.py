"""What can be made to go wrong, as typed values, and the dice that decide when: the same seed, the same faults."""

from __future__ import annotations

import random
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from .counters import Counters

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400)]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\r\n]*$")]


class Fault(msgspec.Struct, frozen=True, tag_field="fault", forbid_unknown_fields=True):
    """The root of all faults; `fault` in the JSON names the kind."""


class Repeated(Fault, frozen=True):
    """A fault that strikes by chance (`share`), every n-th time, or always (neither); at most `count` times."""

    share: Share = 0.0
    every: Annotated[int, msgspec.Meta(ge=0)] = 0
    count: Annotated[int, msgspec.Meta(ge=0)] | None = None


class Corrupt(Repeated, frozen=True, tag="corrupt"):
    """One bit of a numbered line is turned over."""


class LoseByte(Repeated, frozen=True, tag="lose_byte"):
    """A numbered line loses one byte."""


class LoseOk(Repeated, frozen=True, tag="lose_ok"):
    """An ok never comes."""


class DoubleOk(Repeated, frozen=True, tag="double_ok"):
    """An ok comes twice."""


class DelayOk(Repeated, frozen=True, tag="delay_ok"):
    """An ok, and all that is said after it, comes late."""

    seconds: Seconds = 1.0


class ResendStorm(Repeated, frozen=True, tag="resend_storm"):
    """A right line is refused as if its checksum were wrong."""


class WrongResend(Repeated, frozen=True, tag="wrong_resend"):
    """A Resend asks for the line number that is `offset` away from the right one."""

    offset: int = 100


class Lasting(Fault, frozen=True):
    """A fault that lasts `seconds`, or until it is taken back."""

    seconds: Seconds | None = None


class Unplug(Lasting, frozen=True, tag="unplug"):
    """The cable is out; the board keeps power, its counters and its planner."""


class PowerCut(Lasting, frozen=True, tag="power_cut"):
    """The board is off; the line stays, since the USB adapter lives on the host's power."""


class Silence(Lasting, frozen=True, tag="silence"):
    """All that is said in either direction is swallowed."""


class Busy(Lasting, frozen=True, tag="busy"):
    """The next command is never finished: only `busy: processing` comes."""


class Plug(Fault, frozen=True, tag="plug"):
    """The cable is in again."""


class PowerOn(Fault, frozen=True, tag="power_on"):
    """The board has power again and starts."""


class Reset(Fault, frozen=True, tag="reset"):
    """The board starts anew, as by its button."""


class Action(Fault, frozen=True, tag="action"):
    """The board asks its host for an action: pause, resume, cancel, …"""

    action: Word


class ErrorLine(Fault, frozen=True, tag="error"):
    """The board reports an error, and with `halt` stops for good as after a thermal runaway."""

    message: Word
    halt: bool = False


class Say(Fault, frozen=True, tag="say"):
    """Any line at all."""

    line: Word


AnyFault = (
    Corrupt | LoseByte | LoseOk | DoubleOk | DelayOk | ResendStorm | WrongResend
    | Unplug | Plug | PowerCut | PowerOn | Silence | Busy | Reset | Action | ErrorLine | Say
)  # fmt: skip


OneFault = TypeVar("OneFault", bound=Repeated)


class Dice(Generic[OneFault]):
    """Decides for one repeated fault whether it strikes this time."""

    def __init__(self, fault: OneFault, seed: int) -> None:
        self.fault = fault
        self._random = random.Random(f"{seed}:{type(fault).__name__}")
        self._seen = 0
        self._left = fault.count

    def strikes(self) -> bool:
        """Ask once per line, ok or resend."""
        if self._left == 0:
            return False
        self._seen += 1
        if not self._falls():
            return False
        if self._left is not None:
            self._left -= 1
        return True

    def _falls(self) -> bool:
        fault = self.fault
        if fault.every:
            return self._seen % fault.every == 0
        return not fault.share or self._random.random() < fault.share

    def place(self, length: int) -> int:
        """A random place in a line of `length` bytes."""
        return self._random.randrange(length)


class Repeating:
    """The repeated faults that are on now; one of a kind."""

    def __init__(self, seed: int, counters: Counters) -> None:
        self._seed = seed
        self._counters = counters
        self._dice: dict[type[Repeated], Dice[Any]] = {}

    def __bool__(self) -> bool:
        return bool(self._dice)

    def set(self, fault: Repeated) -> None:
        """Switch on, replacing one of the same kind."""
        self._dice[type(fault)] = Dice(fault, self._seed)

    def clear(self) -> None:
        """Switch all off."""
        self._dice.clear()

    def struck(self, kind: type[OneFault]) -> Dice[OneFault] | None:
        """The dice of `kind` if that fault is on and strikes this time."""
        dice = self._dice.get(kind)
        return dice if dice is not None and dice.strikes() else None

    def spoiled(self, line: bytes) -> bytes:
        """A numbered line as it comes off the wire: right, or with a bit turned over, or a byte short."""
        if corrupt := self.struck(Corrupt):
            self._counters.corrupted += 1
            line = with_flipped_bit(line, corrupt.place(len(line)))
        if lose := self.struck(LoseByte):
            self._counters.lost_bytes += 1
            line = without_byte(line, lose.place(len(line)))
        return line

    def active(self) -> list[Fault]:
        """What is on."""
        return [dice.fault for dice in self._dice.values()]


def with_flipped_bit(line: bytes, place: int) -> bytes:
    """The line with one bit of the byte at `place` turned over, still printable, so that it stays one line."""
    for bit in (1, 2, 4, 8, 16):
        flipped = line[place] ^ bit
        if 0x21 <= flipped < 0x7F:
            return line[:place] + bytes([flipped]) + line[place + 1 :]
    return line[:place] + b"?" + line[place + 1 :]


def without_byte(line: bytes, place: int) -> bytes:
    """The line without the byte at `place`."""
    return line[:place] + line[place + 1 :]
