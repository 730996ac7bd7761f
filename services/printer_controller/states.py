"""Which command is allowed in which state, and what it then means: one table, in OctoPrint's words and order.

The rules and texts are those recorded from OctoPrint 1.11; codes are ours. Checks go in its order: is the printer
operational, then the command's own rule about the state, and an unknown `action` last.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from shared.contracts.printers import (
    CancelPrint,
    OffsetTemperatures,
    PausePrint,
    PrinterCommand,
    PrinterStatus,
    RestartPrint,
    SelectFile,
    SendGcode,
    StartPrint,
    StopEmergency,
    When,
)
from shared.errors import Conflict, Invalid

S = PrinterStatus

PRINTING = frozenset({S.STARTING, S.PRINTING, S.PAUSING, S.RESUMING, S.CANCELLING, S.FINISHING})
OPERATIONAL = PRINTING | {S.PAUSED, S.OPERATIONAL}
BUSY = PRINTING | {S.PAUSED}
CONNECTING = frozenset({S.OPENING, S.DETECTING, S.CONNECTING})
FAILED = frozenset({S.ERROR, S.OFFLINE_AFTER_ERROR})
PAUSABLE = frozenset({S.STARTING, S.PRINTING, S.RESUMING})
ACTIONS = ("pause", "resume", "toggle")


class Decision(StrEnum):
    """What an accepted command does; `nothing` is success without effect."""

    START = "start"
    RESTART = "restart"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    SELECT = "select"
    SEND = "send"
    OFFSET = "offset"
    EMERGENCY_STOP = "emergency_stop"
    NOTHING = "nothing"


def decide(command: PrinterCommand, status: PrinterStatus, selected: bool) -> Decision:
    """What `command` does to a printer in `status`; `selected`: whether a file is selected.

    Raises `Conflict` where the state forbids it and `Invalid` for an unknown action. Connecting and disconnecting are
    allowed always and not decided here.
    """
    rule = _RULES.get(type(command))
    if rule is None:
        raise Invalid("command is invalid", code="unknown_command")
    if status not in OPERATIONAL:
        raise Conflict("Printer is not operational", code="printer_not_operational")
    return rule(command, status, selected)


def _start(_: PrinterCommand, status: PrinterStatus, selected: bool) -> Decision:
    if status in BUSY:
        raise Conflict("Printer already has an active print job, did you mean 'restart'?", code="already_printing")
    return Decision.START if selected else Decision.NOTHING


def _restart(_: PrinterCommand, status: PrinterStatus, selected: bool) -> Decision:
    if status is not S.PAUSED:
        raise Conflict("Printer does not have an active print job or is not paused", code="not_paused")
    return Decision.RESTART if selected else Decision.NOTHING


def _cancel(_: PrinterCommand, status: PrinterStatus, __: bool) -> Decision:
    _demand_a_print("cancel", status)
    return Decision.NOTHING if status is S.CANCELLING else Decision.CANCEL


def _pause(command: PrinterCommand, status: PrinterStatus, _: bool) -> Decision:
    _demand_a_print("pause", status)
    action = command.action if isinstance(command, PausePrint) else "toggle"
    if action not in ACTIONS:
        raise Invalid("Unknown action", code="unknown_action")
    if status in PAUSABLE and action != "resume":
        return Decision.PAUSE
    if status is S.PAUSED and action != "pause":
        return Decision.RESUME
    return Decision.NOTHING


def _select(_: PrinterCommand, status: PrinterStatus, __: bool) -> Decision:
    if status in BUSY:
        raise Conflict("Printer is already printing, cannot select a new file", code="already_printing")
    return Decision.SELECT


def _send(command: PrinterCommand, status: PrinterStatus, _: bool) -> Decision:
    when = command.when if isinstance(command, SendGcode) else When.ALWAYS
    if when is When.NOT_PRINTING and status in PRINTING:
        raise Conflict("Printer is not operational or currently printing", code="printing")
    if when is When.IDLE and status in BUSY:
        raise Conflict("Printer is not operational or currently busy", code="busy")
    return Decision.SEND


def _demand_a_print(command: str, status: PrinterStatus) -> None:
    if status not in BUSY:
        raise Conflict(
            f"Printer is neither printing nor paused, '{command}' command cannot be performed",
            code="no_active_print",
        )


Rule = Callable[[PrinterCommand, PrinterStatus, bool], Decision]

_RULES: dict[type, Rule] = {
    StartPrint: _start,
    RestartPrint: _restart,
    CancelPrint: _cancel,
    PausePrint: _pause,
    SelectFile: _select,
    SendGcode: _send,
    OffsetTemperatures: lambda *_: Decision.OFFSET,
    StopEmergency: lambda *_: Decision.EMERGENCY_STOP,
}
