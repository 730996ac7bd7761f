"""Paces bytes as a UART does, by a clock of its own: late wake-ups of the process never add up to a slower wire."""

from __future__ import annotations

from collections import deque

BITS_PER_BYTE = 10  # start bit, eight data bits, stop bit
NEVER = float("inf")


def seconds_per_byte(baudrate: int) -> float:
    """How long one byte occupies a wire; 0 where the wire is not paced."""
    return BITS_PER_BYTE / baudrate if baudrate else 0.0


class InboundWire:
    """Bytes on their way to the board: each arrives one byte time after the one before it or after it was seen."""

    def __init__(self, baudrate: int) -> None:
        self._byte = seconds_per_byte(baudrate)
        self._free = 0.0
        self._lumps: deque[tuple[float, bytes]] = deque()  # when the first byte starts, what comes

    def put(self, data: bytes, now: float) -> None:
        """`data` was seen on the line at `now`."""
        start = max(self._free, now)
        for lump in data.splitlines(keepends=True):
            self._lumps.append((start, lump))
            start += len(lump) * self._byte
        self._free = start

    def next_arrival(self) -> float:
        """When the next whole lump (a line, or its beginning) has arrived."""
        if not self._lumps:
            return NEVER
        start, lump = self._lumps[0]
        return start + len(lump) * self._byte

    def arrived(self, until: float) -> bytes:
        """All bytes that arrived up to `until`; each is given once."""
        whole = []
        while self._lumps and self.next_arrival() <= until:
            whole.append(self._lumps.popleft()[1])
        if self._lumps and self._byte:
            start, lump = self._lumps[0]
            count = int((until - start) / self._byte)
            if 0 < count < len(lump):
                whole.append(lump[:count])
                self._lumps[0] = (start + count * self._byte, lump[count:])
        return b"".join(whole)

    def cut(self) -> None:
        """The cable is out: what is under way is lost."""
        self._lumps.clear()
        self._free = 0.0


class OutboundWire:
    """Replies on their way to the host: each is due when its last byte has left, plus the adapter's latency."""

    def __init__(self, baudrate: int, latency: float) -> None:
        self._byte = seconds_per_byte(baudrate)
        self._latency = latency
        self._free = 0.0
        self._replies: deque[tuple[float, bytes]] = deque()

    def put(self, reply: bytes, at: float) -> None:
        """The board said `reply` at `at`; nothing overtakes what was said before."""
        self._free = max(self._free, at) + len(reply) * self._byte
        self._replies.append((self._free + self._latency, reply))

    def next_due(self) -> float:
        """When the next reply is due."""
        return self._replies[0][0] if self._replies else NEVER

    def due(self, now: float) -> bytes:
        """All replies due at `now`, in order; each is given once."""
        out = []
        while self._replies and self._replies[0][0] <= now:
            out.append(self._replies.popleft()[1])
        return b"".join(out)

    def cut(self) -> None:
        """The cable is out: what is under way is lost."""
        self._replies.clear()
        self._free = 0.0
