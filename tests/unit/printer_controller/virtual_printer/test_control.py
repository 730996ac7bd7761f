"""Control commands are checked, reach the board, and readings tell the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.printer_controller.virtual_printer.control import act, decode
from services.printer_controller.virtual_printer.faults import LoseOk, Unplug
from shared.errors import Invalid

Make = Callable[..., Any]


class OnTable:
    """A bench without cable: notes what it was asked."""

    def __init__(self, table: Any) -> None:
        self.table = table
        self.board = table.board
        self.cable: list[object] = []

    def unplug(self, seconds: float | None) -> None:
        self.cable.append(seconds)

    def plug(self) -> None:
        self.cable.append("in")

    def plugged(self) -> bool:
        return not self.cable or self.cable[-1] == "in"

    def do(self, command: str) -> dict[str, Any]:
        return act(self, decode(command))


@pytest.fixture
def bench(table: Make) -> OnTable:
    return OnTable(table(speed=1.0))


def test_a_command_is_read_into_its_own_type() -> None:
    assert decode('{"fault":"lose_ok","every":9}') == LoseOk(every=9)
    assert decode('{"fault":"unplug","seconds":2}') == Unplug(seconds=2.0)


@pytest.mark.parametrize(
    "command",
    [
        "no json",
        "[]",
        "{}",
        '{"fault":"flood"}',
        '{"fault":"lose_ok","share":1.5}',
        '{"fault":"lose_ok","chance":1}',
        '{"fault":"say","line":"two\\nlines"}',
        '{"fault":"silence","seconds":-1}',
        '{"read":"minds"}',
        '{"read":"counters","clear":true}',
    ],
)
def test_what_is_no_command_is_refused_with_a_reason(command: str) -> None:
    with pytest.raises(Invalid, match="not a control command"):
        decode(command)


def test_readings_show_counters_temperatures_position_and_state(bench: OnTable) -> None:
    bench.table.send("M104 S200", "G92 X5", "G4 S60")
    assert bench.do('{"read":"counters"}')["counters"]["executed"] == 3
    assert bench.do('{"read":"temperatures"}')["temperatures"]["tool0"] == {"actual": 21.0, "target": 200.0}
    assert bench.do('{"read":"position"}')["position"]["X"] == 5.0
    state = bench.do('{"read":"state"}')["state"]
    assert (state["running"], state["dead"], state["last_number"]) == ("G4 S60", False, 0)


def test_a_silent_board_swallows_all_in_both_directions(bench: OnTable) -> None:
    bench.table.send("G4 S1")
    bench.do('{"fault":"silence","seconds":5}')
    assert bench.table.wait(2.0) == []
    assert bench.table.send("M107") == []
    assert bench.table.wait(3.0) == []
    assert bench.table.send("M107") == ["ok"]


def test_an_endlessly_busy_board_says_so_until_the_fault_is_cleared(bench: OnTable) -> None:
    bench.do('{"fault":"busy"}')
    bench.table.send("M107")
    assert bench.table.wait(600.0) == ["echo:busy: processing"] * 300
    bench.do('{"clear":true}')
    assert bench.table.wait(0.0) == ["ok"]


def test_clear_switches_faults_off_and_counters_to_zero(bench: OnTable) -> None:
    bench.do('{"fault":"lose_ok"}')
    assert bench.do('{"read":"faults"}')["faults"] == [{"fault": "lose_ok", "share": 0.0, "every": 0, "count": None}]
    bench.table.send("M107")
    bench.do('{"clear":false}')
    assert bench.do('{"read":"counters"}')["counters"]["lost_oks"] == 1
    bench.do('{"clear":true}')
    assert bench.do('{"read":"counters"}')["counters"]["lost_oks"] == 0
    assert bench.table.send("M107") == ["ok"]


def test_actions_errors_and_any_line_can_be_said(bench: OnTable) -> None:
    bench.do('{"fault":"action","action":"pause"}')
    bench.do('{"fault":"error","message":"MINTEMP triggered"}')
    bench.do('{"fault":"say","line":"echo:hello"}')
    assert bench.table.said() == ["//action:pause", "Error:MINTEMP triggered", "echo:hello"]
    bench.do('{"fault":"error","message":"Thermal Runaway","halt":true}')
    assert bench.table.said()[-1] == "Error:Printer halted. kill() called!"
    assert bench.table.send("M105") == []


def test_reset_and_power_cut_lead_to_a_start(bench: OnTable) -> None:
    bench.do('{"fault":"reset"}')
    assert bench.table.said()[0] == "start"
    bench.do('{"fault":"power_cut"}')
    assert bench.table.send("M105") == []
    bench.do('{"fault":"power_on"}')
    assert bench.table.said()[0] == "start"


def test_the_cable_goes_out_and_in(bench: OnTable) -> None:
    bench.do('{"fault":"unplug","seconds":2}')
    assert bench.do('{"read":"state"}')["state"]["plugged"] is False
    bench.do('{"fault":"plug"}')
    assert bench.cable == [2.0, "in"]
