"""What single commands do and say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]


def test_m115_tells_the_capabilities_as_configured(table: Make) -> None:
    said = table(advanced_ok=True, emergency_parser=False, tools=2).send("M115")
    assert said[0].startswith("FIRMWARE_NAME:Marlin")
    assert "EXTRUDER_COUNT:2" in said[0]
    assert {"Cap:ADVANCED_OK:1", "Cap:EMERGENCY_PARSER:0", "Cap:AUTOREPORT_TEMP:1"} <= set(said)
    assert "Cap:EMERGENCY_PARSER:1" in table().send("M115")


@pytest.mark.parametrize(
    ("lines", "position"),
    [
        (["G1 X10 Y5 Z.3 E1"], "X:10.00 Y:5.00 Z:0.30 E:1.00"),
        (["G91", "G1 X10", "G1 X-3 E2", "G1 E2"], "X:7.00 Y:0.00 Z:0.00 E:4.00"),
        (["M83", "G1 X10 E2", "G1 X9 E2"], "X:9.00 Y:0.00 Z:0.00 E:4.00"),
        (["G20", "G1 X1"], "X:25.40 Y:0.00 Z:0.00 E:0.00"),
        (["G1 X10 E5", "G92 E0", "G1 E1"], "X:10.00 Y:0.00 Z:0.00 E:1.00"),
        (["G1 X10 Y10", "G28 X"], "X:0.00 Y:10.00 Z:0.00 E:0.00"),
        (["G1 X10 Y10", "G92"], "X:0.00 Y:0.00 Z:0.00 E:0.00"),
        (["G2 X10 Y0 I5 J0 E3"], "X:10.00 Y:0.00 Z:0.00 E:3.00"),
    ],
)
def test_the_position_follows_units_modes_and_origins(table: Make, lines: list[str], position: str) -> None:
    board = table()
    board.send(*lines)
    assert board.send("M114")[0].startswith(f"{position} Count X:")


def test_the_time_of_a_move_follows_its_feed_rate_and_m220(table: Make) -> None:
    def seconds(*lines: str) -> float:
        board = table(speed=1.0, busy_interval=0.0)
        board.send(*lines, "M400")
        board.board.advance(1000.0)
        return float(board.said_at()[-1][0])

    assert seconds("G1 X100 F6000") == pytest.approx(1.067, abs=0.001)  # 1 s and the ramps at 1500 mm/s²
    assert seconds("G1 X100 F3000") == pytest.approx(2.033, abs=0.001)
    assert seconds("M220 S50", "G1 X100 F6000") == pytest.approx(2.033, abs=0.001)
    assert seconds("G1 Z30 F6000") > 2.0  # no axis is driven faster than it can be
    assert seconds("G1 E10 F600") == pytest.approx(1.0, abs=0.02)
    assert seconds("G2 X10 Y0 I5 J0 F600") > seconds("G1 X10 F600")


def test_waiting_for_a_heater_reports_each_second_and_ends_at_the_target(table: Make) -> None:
    board = table(speed=1.0)
    board.send("M109 S60")
    said = [line for line in board.wait(60.0) if "busy" not in line]
    assert said[0].startswith(" T:2")
    assert "/60.00 B:21.00 /0.00 @:127 B@:0 W:?" in said[0]
    assert said[-2].startswith(" T:60.00 /60.00")
    assert said[-1] == "ok"
    assert 8 < len(said) < 30


def test_m109_s_does_not_wait_for_cooling_and_r_does(table: Make) -> None:
    board = table(speed=1.0)
    board.send("M109 S100")
    board.wait(60.0)
    assert board.send("M109 S50") == ["ok"]
    assert board.send("M109 R50") == []
    assert "ok" in board.wait(300.0)


def test_m190_waits_for_the_bed_with_the_speed_factor(table: Make) -> None:
    board = table(speed=100.0)
    board.send("M190 S60")
    assert board.wait(2.0)[-1] == "ok"


def test_m105_answers_in_the_line_of_its_ok(table: Make) -> None:
    board = table(advanced_ok=True)
    board.send("M104 S200", "M140 S60")
    assert board.send("M105") == ["ok T:200.00 /200.00 B:60.00 /60.00 @:69 B@:42"]


def test_m155_reports_by_itself_until_told_to_stop(table: Make) -> None:
    board = table()
    board.send("M155 S2")
    assert board.wait(6.5) == [" T:21.00 /0.00 B:21.00 /0.00 @:0 B@:0"] * 3
    board.send("M155 S0")
    assert board.wait(6.5) == []


def test_tools_are_changed_and_named(table: Make) -> None:
    board = table(tools=2)
    assert board.send("T1") == ["echo:Active Extruder: 1", "ok"]
    board.send("M104 S200", "M104 T0 S100")
    assert "T0:100.00 /100.00 T1:200.00 /200.00" in board.send("M105")[0]
    assert board.send("T5") == ["echo:T5 Invalid extruder", "ok"]


def test_m118_says_to_the_host_what_it_was_given(table: Make) -> None:
    board = table()
    assert board.send("M118 // action:pause") == ["// action:pause", "ok"]
    assert board.send("M118 A1 action:resume") == ["// action:resume", "ok"]
    assert board.send("M118 E1 hello") == ["echo:hello", "ok"]
    assert board.send("M117 half (done)") == ["ok"]


def test_homing_and_levelling_take_their_time(table: Make) -> None:
    board = table(speed=1.0, busy_interval=0.0)
    board.send("G28")
    assert board.wait(1.0) == []
    assert board.wait(10.0) == ["ok"]
    board.send("G29")
    assert board.wait(30.0)[0] == "Bilinear Leveling Grid:"


def test_m0_waits_for_the_user(table: Make) -> None:
    board = table()
    board.send("M0")
    assert "ok" not in board.wait(500.0)
    assert "ok" in board.send("M108")


def test_fan_and_flow_are_kept(table: Make) -> None:
    board = table()
    board.send("M106 S128", "M221 S95")
    assert board.board.fan == 128
    assert board.send("M221")[0] == "echo:E0 Flow: 95%"
    board.send("M107")
    assert board.board.fan == 0


def test_an_empty_slot_says_so(table: Make) -> None:
    board = table()
    assert board.send("M20") == ["Begin file list", "End file list", "ok"]
    assert board.send("M21") == ["echo:No SD card", "ok"]
    assert board.send("M23 A.GCO") == ["open failed, File: A.GCO.", "ok"]
    assert board.send("M27") == ["Not SD printing", "ok"]


def test_a_file_on_the_card_is_printed_without_oks_and_reported(table: Make) -> None:
    board = table(card=True, speed=1.0, busy_interval=0.0)
    name, size = board.send("M20")[1].split()
    assert board.send(f"M23 {name.lower()}")[1:3] == [f"File opened: {name} Size: {size}", "File selected"]
    assert board.send("M24") == ["ok"]
    board.wait(5.5)
    board.send("M27", "M25", "M27")  # they wait for the line of the card that is under way
    status, *then = board.wait(1.0)
    assert status.startswith("SD printing byte ")
    assert status.endswith(f"/{size}")
    assert then == ["ok", "ok", "Not SD printing", "ok"]
    board.send("M24")
    assert board.wait(120.0) == ["Done printing file"]
    assert all(number is None for number, _ in board.executed)
