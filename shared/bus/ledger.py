"""The order of acknowledgements: handlers end as they like, acknowledgements leave in the order of arrival.

MQTT 5 asks for that order (4.6), and some brokers acknowledge the wrong message without it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable


class Ticket:
    """A place in the line. Every `part` that was `expected` must be `done` before the front may pass it."""

    __slots__ = ("_ledger", "_left", "packet_id")

    def __init__(self, ledger: Ledger, packet_id: int) -> None:
        self._ledger = ledger
        self._left = 1
        self.packet_id = packet_id

    @property
    def finished(self) -> bool:
        return self._left == 0

    def expect(self, parts: int) -> None:
        """Wait for `parts` more."""
        self._left += parts

    def done(self) -> None:
        """One part is dealt with, for good: committed, dropped or dead-lettered."""
        self._left -= 1
        if not self._left:
            self._ledger.advance()


class Ledger:
    """The line of one connection. After `close` nothing is acknowledged: its packet ids mean nothing elsewhere."""

    def __init__(self, acknowledge: Callable[[int], None]) -> None:
        self._acknowledge = acknowledge
        self._line: deque[Ticket] = deque()
        self._closed = False
        self.backlog = False
        """Whether what arrives may have waited at the broker for long."""

    def __len__(self) -> int:
        return len(self._line)

    def arrived(self, packet_id: int) -> Ticket:
        """A message came in; its ticket waits for one part (the taking in itself). `packet_id` 0: nothing to say."""
        ticket = Ticket(self, packet_id)
        if packet_id:
            self._line.append(ticket)
        return ticket

    def advance(self) -> None:
        """Acknowledge everything at the front that is finished."""
        while self._line and self._line[0].finished:
            ticket = self._line.popleft()
            if not self._closed:
                self._acknowledge(ticket.packet_id)

    def close(self) -> None:
        """The connection is gone."""
        self._closed = True
        self._line.clear()
