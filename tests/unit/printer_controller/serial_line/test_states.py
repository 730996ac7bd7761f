"""The command rules as one table: every command in every state, with the recorded texts."""

from __future__ import annotations

import pytest

from services.printer_controller.states import Decision as D
from services.printer_controller.states import decide
from shared.contracts.printers import (
    CancelPrint,
    ConnectPrinter,
    OffsetTemperatures,
    PausePrint,
    RestartPrint,
    SelectFile,
    SendGcode,
    StartPrint,
    StopEmergency,
    When,
)
from shared.contracts.printers import PrinterStatus as S
from shared.errors import Conflict, Invalid

NOT_OPERATIONAL = [S.OFFLINE, S.OPENING, S.DETECTING, S.CONNECTING, S.ERROR, S.OFFLINE_AFTER_ERROR]
START_TEXT = "Printer already has an active print job, did you mean 'restart'?"
RESTART_TEXT = "Printer does not have an active print job or is not paused"
PRINTING = [S.STARTING, S.PRINTING, S.PAUSING, S.RESUMING, S.CANCELLING, S.FINISHING]
COMMANDS = [
    StartPrint(),
    RestartPrint(),
    CancelPrint(),
    PausePrint(),
    PausePrint(action="nope"),
    SendGcode(lines=[]),
    OffsetTemperatures(offsets={}),
]

# state → what pause, resume, toggle and cancel do there
TURNS = {
    S.STARTING: (D.PAUSE, D.NOTHING, D.PAUSE, D.CANCEL),
    S.PRINTING: (D.PAUSE, D.NOTHING, D.PAUSE, D.CANCEL),
    S.PAUSING: (D.NOTHING, D.NOTHING, D.NOTHING, D.CANCEL),
    S.PAUSED: (D.NOTHING, D.RESUME, D.RESUME, D.CANCEL),
    S.RESUMING: (D.PAUSE, D.NOTHING, D.PAUSE, D.CANCEL),
    S.FINISHING: (D.NOTHING, D.NOTHING, D.NOTHING, D.CANCEL),
    S.CANCELLING: (D.NOTHING, D.NOTHING, D.NOTHING, D.NOTHING),
}


@pytest.mark.parametrize("status", NOT_OPERATIONAL)
@pytest.mark.parametrize("command", COMMANDS, ids=repr)
def test_a_printer_that_is_not_operational_refuses_first_of_all(command, status):
    with pytest.raises(Conflict, match=r"^Printer is not operational$") as error:
        decide(command, status, True)
    assert error.value.code == "printer_not_operational"


@pytest.mark.parametrize("status", TURNS)
def test_pause_resume_toggle_and_cancel_in_every_state_of_a_print(status):
    commands = [PausePrint(action="pause"), PausePrint(action="resume"), PausePrint(), CancelPrint()]
    assert tuple(decide(command, status, True) for command in commands) == TURNS[status]


@pytest.mark.parametrize("name", ["pause", "cancel"])
def test_without_a_print_there_is_nothing_to_pause_or_cancel(name):
    command = PausePrint(action="nope") if name == "pause" else CancelPrint()
    with pytest.raises(Conflict) as error:
        decide(command, S.OPERATIONAL, True)
    assert error.value.message == f"Printer is neither printing nor paused, '{name}' command cannot be performed"
    assert error.value.code == "no_active_print"


def test_an_unknown_action_is_refused_only_after_the_state():
    with pytest.raises(Invalid, match=r"^Unknown action$") as error:
        decide(PausePrint(action="nope"), S.PRINTING, True)
    assert error.value.code == "unknown_action"


@pytest.mark.parametrize("status", [*PRINTING, S.PAUSED])
def test_a_print_under_way_cannot_be_started_nor_another_file_selected(status):
    with pytest.raises(Conflict) as error:
        decide(StartPrint(), status, True)
    assert (error.value.message, error.value.code) == (START_TEXT, "already_printing")
    with pytest.raises(Conflict, match=r"^Printer is already printing, cannot select a new file$"):
        decide(SelectFile(path="a"), status, True)


@pytest.mark.parametrize("status", [*PRINTING, S.OPERATIONAL])
def test_only_a_paused_print_can_be_restarted(status):
    with pytest.raises(Conflict) as error:
        decide(RestartPrint(), status, True)
    assert (error.value.message, error.value.code) == (RESTART_TEXT, "not_paused")
    assert decide(RestartPrint(), S.PAUSED, True) is D.RESTART


def test_starting_with_nothing_selected_does_nothing():
    assert decide(StartPrint(), S.OPERATIONAL, False) is D.NOTHING
    assert decide(StartPrint(), S.OPERATIONAL, True) is D.START


def test_gcode_and_the_emergency_stop_need_only_a_printer():
    for status in (*PRINTING, S.PAUSED, S.OPERATIONAL):
        assert decide(SendGcode(lines=["M105"]), status, False) is D.SEND
        assert decide(StopEmergency(), status, False) is D.EMERGENCY_STOP


@pytest.mark.parametrize("status", [*PRINTING, S.PAUSED, S.OPERATIONAL])
def test_gcode_that_needs_rest_is_refused_in_octoprints_words(status):
    at_rest, idle = SendGcode(lines=[], when=When.NOT_PRINTING), SendGcode(lines=[], when=When.IDLE)
    if status in PRINTING:
        with pytest.raises(Conflict, match=r"^Printer is not operational or currently printing$"):
            decide(at_rest, status, True)
    else:
        assert decide(at_rest, status, True) is D.SEND
    if status is S.OPERATIONAL:
        assert decide(idle, status, True) is D.SEND
    else:
        with pytest.raises(Conflict, match=r"^Printer is not operational or currently busy$"):
            decide(idle, status, True)
    assert decide(OffsetTemperatures(offsets={}), status, True) is D.OFFSET


def test_a_command_that_is_not_decided_here_is_invalid():
    with pytest.raises(Invalid, match="command is invalid"):
        decide(ConnectPrinter(), S.OPERATIONAL, True)
