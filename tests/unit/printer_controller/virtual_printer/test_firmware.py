"""The firmware answers line by line as Marlin does: numbers, checksums, ok, queue, ring, keepalive, reset."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Make = Callable[..., Any]
Numbered = Callable[[int, str], str]


def test_a_right_line_is_executed_and_answered_ok(table: Make, numbered: Numbered) -> None:
    board = table()
    assert board.send(numbered(1, "G1 X5")) == ["ok"]
    assert board.executed == [(1, "G1 X5")]


def test_a_bad_checksum_is_answered_with_error_resend_and_ok(table: Make, numbered: Numbered) -> None:
    board = table()
    board.send(numbered(1, "G1 X5"))
    assert board.send("N2 G1 X6*1") == ["Error:checksum mismatch, Last Line: 1", "Resend: 2", "ok"]
    assert board.executed == [(1, "G1 X5")]
    assert board.send(numbered(2, "G1 X6")) == ["ok"]


def test_a_line_out_of_order_is_answered_with_the_number_expected(table: Make, numbered: Numbered) -> None:
    board = table()
    assert board.send(numbered(9, "M105")) == [
        "Error:Line Number is not Last Line Number+1, Last Line: 0",
        "Resend: 1",
        "ok",
    ]


def test_a_number_without_checksum_is_refused(table: Make) -> None:
    assert table().send("N1 M105")[0] == "Error:No Checksum with line number, Last Line: 0"


def test_each_line_behind_a_bad_one_is_refused_by_itself(table: Make, numbered: Numbered) -> None:
    board = table()
    said = board.send("N1 G1*0", numbered(2, "G1 X1"), numbered(3, "G1 X2"))
    assert said.count("Resend: 1") == 3
    assert board.executed == []


def test_with_drain_on_error_what_stands_in_the_ring_is_thrown_away(table: Make, numbered: Numbered) -> None:
    board = table(drain_on_error=True)
    said = board.send("N1 G1*0", numbered(2, "G1 X1"), numbered(3, "G1 X2"))
    assert said.count("Resend: 1") == 1


def test_a_repeated_line_is_refused_or_with_newer_manners_ignored(table: Make, numbered: Numbered) -> None:
    old, new = table(), table(ignore_repeated=True)
    for board in (old, new):
        board.send(numbered(1, "G1 X1"))
    assert "Resend: 2" in old.send(numbered(1, "G1 X1"))
    assert new.send(numbered(1, "G1 X1")) == []
    assert new.executed == [(1, "G1 X1")]


def test_a_firmware_may_be_told_to_send_no_ok_after_a_resend(table: Make) -> None:
    assert table(ok_after_resend=False).send("N1 G1*0")[-1] == "Resend: 1"


def test_m110_sets_the_line_number_with_and_without_a_number_before_it(table: Make, numbered: Numbered) -> None:
    board = table()
    assert board.send(numbered(0, "M110 N41")) == ["ok"]
    assert board.send(numbered(42, "G1 X1")) == ["ok"]
    board.send("M110 N7")
    assert board.send(numbered(8, "G1 X2")) == ["ok"]


def test_a_numbered_m110_in_the_queue_does_not_set_the_number_a_second_time(table: Make, numbered: Numbered) -> None:
    board = table(speed=1.0)
    board.send("G4 S1", numbered(0, "M110 N10"), numbered(11, "G1 X1"))
    board.wait(1.0)
    assert board.send(numbered(12, "G1 X2")) == ["ok"]


def test_advanced_ok_tells_number_and_free_places(table: Make, numbered: Numbered) -> None:
    board = table(advanced_ok=True, speed=1.0)
    assert board.send(numbered(1, "G1 X10")) == ["ok N1 P14 B3"]
    assert board.send("M107") == ["ok P14 B3"]


def test_empty_lines_and_comments_get_no_answer(table: Make) -> None:
    assert table().send("", "   ", "; hello", "(hello)", "\r") == []


def test_what_is_not_known_is_said_and_still_ok(table: Make) -> None:
    assert table().send("g28", "X5") == [
        'echo:Unknown command: "g28"',
        "ok",
        'echo:Unknown command: "X5"',
        "ok",
    ]


def test_the_ok_of_a_move_waits_for_a_place_in_the_planner(table: Make) -> None:
    board = table(speed=1.0, planner=4, move_seconds=1.0)
    assert board.send(*[f"G1 X{x}" for x in range(1, 6)]) == ["ok"] * 3
    assert board.wait(0.9) == []
    assert board.wait(0.1) == ["ok"]
    assert board.wait(1.0) == ["ok"]
    assert len(board.executed) == 5


def test_replies_carry_the_time_at_which_they_were_due(table: Make) -> None:
    board = table(speed=1.0, planner=2, move_seconds=1.0, busy_interval=0.0)
    board.board.receive(b"G1 X1\nG1 X2\nG1 X3\n", 100.0)
    board.board.advance(250.0)  # looked at very late
    assert board.said_at() == [(0.0, "ok"), (1.0, "ok"), (2.0, "ok")]


def test_lines_wait_in_the_queue_then_in_the_ring_and_what_has_no_room_is_lost(table: Make, numbered: Numbered) -> None:
    board = table(speed=1.0, queue=2, rx_buffer=20)
    board.send("G4 S5", "M105", "M114", "M27", "M105", "M105", "M105")  # one runs, one is queued, 20 bytes in the ring
    assert board.board.counters.overflowed_bytes == len("M114\nM27\nM105\nM105\nM105\n") - 20
    board.wait(5.0)
    assert [text for _, text in board.executed] == ["G4 S5", "M105", "M114", "M27", "M105", "M105"]
    assert board.board.ring == b"M"


def test_a_long_command_says_busy_every_two_seconds(table: Make) -> None:
    board = table(speed=1.0)
    assert board.send("G4 S5") == []
    board.board.advance(105.0)
    assert board.said_at() == [(2.0, "echo:busy: processing"), (4.0, "echo:busy: processing"), (5.0, "ok")]


def test_m113_sets_how_often_busy_comes(table: Make) -> None:
    board = table(speed=1.0)
    board.send("M113 S0", "G4 S9")
    assert board.wait(9.0) == ["ok"]


def test_an_idle_board_says_wait_if_told_to(table: Make) -> None:
    board = table(wait_when_idle=True)
    board.send("M105")
    assert board.wait(2.5) == ["wait", "wait"]
    assert table().wait(2.5) == []


def test_a_half_line_is_kept_until_its_end_comes(table: Make) -> None:
    board = table()
    board.board.receive(b"M11", 100.0)
    board.board.receive(b"4\n", 200.0)
    assert board.said()[0].startswith("X:0.00")


def test_carriage_returns_end_lines_too(table: Make) -> None:
    board = table()
    board.board.receive(b"M107\r\nM107\r", 100.0)
    assert board.said() == ["ok", "ok"]


def test_m112_halts_for_good_until_a_reset(table: Make, numbered: Numbered) -> None:
    board = table(speed=1.0)
    board.send("M104 S200", "G4 S60", "M105")
    assert board.send("M112") == ["Error:Printer halted. kill() called!"]
    assert board.send("M105", "G28") == []
    assert board.wait(120.0) == []
    board.board.reset()
    assert board.said()[0] == "start"
    assert "/0.00" in board.send("M105")[0]
    assert board.send(numbered(1, "M107")) == ["ok"]


def test_without_emergency_parser_m112_waits_its_turn(table: Make) -> None:
    board = table(speed=1.0, emergency_parser=False)
    board.send("G4 S5", "M112")
    assert board.said() == []
    assert "Error:Printer halted. kill() called!" in board.wait(5.0)


def test_m108_ends_a_wait_at_once(table: Make) -> None:
    board = table(speed=1.0)
    board.send("G4 S60")
    assert board.send("M108") == ["ok", "ok"]  # of G4 and of M108 itself


def test_m410_throws_all_moves_away(table: Make) -> None:
    board = table(speed=1.0, move_seconds=10.0)
    board.send("G1 X1", "G1 X2", "M400")
    assert board.send("M410") == ["ok", "ok"]  # of M400 and of M410 itself


def test_a_reset_forgets_numbers_moves_and_targets_and_says_its_banner(table: Make, numbered: Numbered) -> None:
    board = table(speed=1.0)
    board.send(numbered(1, "M104 S200"), numbered(2, "G4 S60"), numbered(3, "M105"))
    board.board.reset()
    said = board.said()
    assert said[0] == "start"
    assert any(line.startswith("echo:") for line in said)
    assert board.send(numbered(1, "M105"))[0].startswith("ok T:21.00 /0.00")
    assert board.wait(60.0) == []


def test_a_power_cut_loses_all_and_ends_with_a_start(table: Make) -> None:
    board = table(speed=1.0)
    board.send("M104 S200", "G4 S60")
    board.board.cut_power(5.0)
    assert board.send("M105") == []
    assert board.wait(5.0)[0] == "start"


def test_the_same_bytes_and_times_give_the_same_replies(table: Make, numbered: Numbered) -> None:
    def run() -> list[tuple[float, str]]:
        board = table(speed=1.0)
        for number in range(1, 60):
            board.board.receive(numbered(number, f"G1 X{number % 9} F3000").encode() + b"\n", 100 + number / 50)
        board.board.advance(400.0)
        said: list[tuple[float, str]] = board.said_at()
        return said

    assert run() == run()
