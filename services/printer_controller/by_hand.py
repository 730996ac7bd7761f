"""Lines that a person or a client sends: what may go, what must not wait its turn, and what has to stay as it was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.printer_controller import gcode
from services.printer_controller.modal import Modal, ModalFollower
from shared.errors import Invalid

# Marlin looks for these before their turn comes (EMERGENCY_PARSER), so they go ahead of everything that waits.
HURRIED = frozenset({b"M108", b"M410"})


def texts_of(lines: Iterable[str]) -> list[bytes]:
    """The commands of the lines. Raises `Invalid` for lines that must not be sent."""
    try:
        return gcode.commands_of(lines)
    except gcode.BadLine as reason:
        raise Invalid(f"A line cannot be sent: {reason}", code="bad_gcode") from None


def stops_at_once(texts: Sequence[bytes]) -> bool:
    """Whether there is an emergency stop among them; then nothing else of them matters."""
    return any(gcode.code_of(text) == b"M112" for text in texts)


def keeping_modes(texts: Sequence[bytes], before: Modal) -> list[bytes]:
    """The commands, in millimetres, and behind them what brings back the modes that held `before`.

    The extruder's mode is said again whenever it was relative, because newer Marlin forgets it with `G90`. Only what is
    known is brought back.
    """
    follower = ModalFollower(before)
    follower.follow([b"G21", *texts])
    after = follower.snapshot()
    back: list[bytes] = []
    if before.relative != after.relative:
        back.append(b"G91" if before.relative else b"G90")
    if before.extruder_relative or after.extruder_relative:
        back.append(b"M83" if before.extruder_relative else b"M82")
    if before.e is not None and after.e != before.e:
        back.append(b"G92 E" + _number(before.e))
    if before.feedrate is not None and after.feedrate != before.feedrate:
        back.append(b"G1 F" + _number(before.feedrate))
    return [b"G21", *texts, *back, b"G20"] if before.inches else [*texts, *back]


def _number(value: float) -> bytes:
    return f"{value:.5f}".rstrip("0").rstrip(".").encode()
