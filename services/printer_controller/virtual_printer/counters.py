"""What a virtual printer counted since its start or the last `clear`: the judge of every bench and fault test."""

from __future__ import annotations

import msgspec


class Counters(msgspec.Struct):
    """Bytes and lines as the firmware saw them, faults as they were done, the planner's dry times in milliseconds."""

    received_bytes: int = 0
    overflowed_bytes: int = 0  # came while the receive ring was full
    unread_bytes: int = 0  # replies that no host took off the line
    executed: int = 0
    moves: int = 0
    refused: int = 0  # lines answered with an error
    resends: int = 0
    resets: int = 0
    starved_ms: float = 0.0  # the planner was dry between two moves of a stream
    starved: int = 0
    corrupted: int = 0
    lost_bytes: int = 0
    lost_oks: int = 0
    doubled_oks: int = 0
    delayed_oks: int = 0
    swallowed_bytes: int = 0  # came while silent, halted or without power
