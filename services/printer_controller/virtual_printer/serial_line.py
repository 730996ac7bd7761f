"""Board and wire together: what was seen on the line goes in with its time of arrival, what is due comes out."""

from __future__ import annotations

from .firmware import Firmware
from .wire_clock import NEVER, InboundWire, OutboundWire


class SerialLine:
    """A board at the end of a wire of `baudrate` (0: not paced) and an adapter with `latency` seconds."""

    def __init__(self, board: Firmware, baudrate: int, latency: float) -> None:
        self.board = board
        self._paced = bool(baudrate)
        self._inbound = InboundWire(baudrate)
        self._outbound = OutboundWire(baudrate, latency)

    def heard(self, data: bytes, now: float) -> None:
        """`data` was seen on the line at `now`."""
        self.advance(now)
        if self._paced:
            self._inbound.put(data, now)
        else:
            self.board.receive(data, now)
            self._collect()

    def advance(self, now: float) -> None:
        """Do all that is due up to `now`, bytes and events in the order of their times."""
        board = self.board
        while (due := min(self._inbound.next_arrival(), board.next_event())) <= now:
            data = self._inbound.arrived(due)
            if data:
                board.receive(data, due)
            board.advance(due)
        board.advance(now)
        self._collect()

    def _collect(self) -> None:
        for at, reply in self.board.voice.take():
            self._outbound.put(reply, at)

    def due(self, now: float) -> bytes:
        """What the host may see now; each byte is given once."""
        return self._outbound.due(now)

    def next_event(self) -> float:
        """When `advance` is needed; a little lateness does no harm."""
        return min(self._inbound.next_arrival(), self.board.next_event())

    def next_reply(self) -> float:
        """When `due` has something; lateness would slow the wire down."""
        self._collect()  # also what was said by a control command
        return self._outbound.next_due()

    def inbound_idle(self) -> bool:
        """Whether nothing is on its way to the board."""
        return self._inbound.next_arrival() == NEVER

    def cut(self) -> None:
        """The cable is pulled: what is on the wire, in both directions, is lost."""
        self._inbound.cut()
        self._outbound.cut()
