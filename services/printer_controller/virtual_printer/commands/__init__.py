"""Every command the firmware knows, in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import heating, host, moves, sd_card
from .table import Handler, Waiting, done

if TYPE_CHECKING:
    from ..firmware import Firmware

# Accepted as every Marlin accepts them: settings, displays, lamps, probes that no virtual machine has.
_G_WITHOUT_EFFECT = (10, 11, 17, 18, 19)
_M_WITHOUT_EFFECT = (
    42, 73, 75, 76, 77, 80, 81, 92, 111, 120, 121, 145, 150, 200, 201, 203, 204, 205,
    206, 207, 208, 211, 218, 250, 280, 300, 301, 302, 303, 304, 355, 412, 413, 420, 425, 486,
    500, 501, 502, 503, 504, 569, 572, 593, 665, 666, 851, 900, 906, 907, 913, 914, 999,
)  # fmt: skip

HANDLERS: dict[str, Handler] = (
    dict.fromkeys([f"G{number}" for number in _G_WITHOUT_EFFECT], done)
    | dict.fromkeys([f"M{number}" for number in _M_WITHOUT_EFFECT], done)
    | moves.HANDLERS
    | heating.HANDLERS
    | host.HANDLERS
    | sd_card.HANDLERS
)

URGENT = host.URGENT


def unknown(board: Firmware, text: str) -> Waiting | None:
    """Marlin's answer to what it does not know; the ok follows all the same."""
    board.say(f'echo:Unknown command: "{text}"')
    return None
