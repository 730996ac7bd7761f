"""How a serial line is doing: what was counted, and why it was given up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """Why a line is given up. `kind`: `resend_storm`, `silence`, or `board_reset` (the board has started anew)."""

    kind: str
    reason: str


@dataclass
class Counters:
    """What happened on one line since it was opened."""

    lines: int = 0  # sent, each counted once
    resends: int = 0
    faults: int = 0
    probes: int = 0
    recovered_oks: int = 0
    unexpected_oks: int = 0
