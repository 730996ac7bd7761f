"""Every fault does what it says, as often as it says, and the same with the same seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.printer_controller.virtual_printer.counters import Counters
from services.printer_controller.virtual_printer.faults import (
    Corrupt,
    DelayOk,
    DoubleOk,
    LoseByte,
    LoseOk,
    Repeated,
    Repeating,
    ResendStorm,
    WrongResend,
    with_flipped_bit,
)

Make = Callable[..., Any]
Numbered = Callable[[int, str], str]


def strikes(fault: Repeated, times: int, seed: int = 1) -> list[int]:
    repeating = Repeating(seed, Counters())
    repeating.set(fault)
    return [number for number in range(1, times + 1) if repeating.struck(type(fault))]


def test_a_share_is_met_by_chance_and_the_same_with_the_same_seed() -> None:
    hits = strikes(LoseOk(share=0.1), 5000)
    assert 400 < len(hits) < 600
    assert hits == strikes(LoseOk(share=0.1), 5000)
    assert hits != strikes(LoseOk(share=0.1), 5000, seed=2)


def test_every_nth_and_a_count_are_exact() -> None:
    assert strikes(LoseOk(every=3), 10) == [3, 6, 9]
    assert strikes(LoseOk(count=2), 10) == [1, 2]
    assert strikes(LoseOk(every=4, count=1), 10) == [4]
    assert strikes(LoseOk(), 3) == [1, 2, 3]


def test_a_share_of_nothing_never_strikes_when_counted_to_none() -> None:
    assert strikes(LoseOk(count=0), 10) == []


@pytest.mark.parametrize("place", range(12))
def test_a_flipped_bit_changes_one_byte_and_leaves_one_line(place: int) -> None:
    line = b"N5 G1 X10*77"
    flipped = with_flipped_bit(line, place)
    assert sum(a != b for a, b in zip(line, flipped, strict=True)) == 1
    assert b"\n" not in flipped
    assert b"\r" not in flipped


@pytest.mark.parametrize("fault", [Corrupt(every=5), LoseByte(every=5)])
def test_a_spoiled_numbered_line_is_never_executed_wrongly(table: Make, numbered: Numbered, fault: Repeated) -> None:
    board = table(rx_buffer=100_000)
    board.board.repeating.set(fault)
    number = 0
    for _ in range(2000):
        line = numbered(number + 1, f"G1 X{number % 90}.5 E.{number}")
        board.send(line)
        number = board.board.last_number
    assert 1500 < number < 2000
    executed = [row for row in board.executed if row[0] is not None]
    assert executed == [(n, f"G1 X{(n - 1) % 90}.5 E.{n - 1}") for n in range(1, number + 1)]


def test_unnumbered_lines_are_spared_since_nobody_could_notice(table: Make) -> None:
    board = table()
    board.board.repeating.set(Corrupt())
    assert board.send("M107") == ["ok"]
    assert board.board.counters.corrupted == 0


def test_an_ok_is_lost_doubled_or_late(table: Make, numbered: Numbered) -> None:
    board = table()
    board.board.repeating.set(LoseOk(count=1))
    assert board.send("M107", "M107") == ["ok"]
    board.board.repeating.set(DoubleOk(count=1))
    assert board.send("M107", "M107") == ["ok", "ok", "ok"]
    board.board.repeating.set(DelayOk(count=1, seconds=3.0))
    board.send("M107")
    board.board.receive(b"M107\n", 100.0)
    assert (board.board.counters.lost_oks, board.board.counters.doubled_oks) == (1, 1)
    assert board.board.counters.delayed_oks == 1


def test_a_late_ok_is_said_when_it_is_due(table: Make) -> None:
    board = table()
    board.board.repeating.set(DelayOk(seconds=3.0))
    board.board.receive(b"M107\n", 100.0)
    assert board.said_at() == [(3.0, "ok")]


def test_a_storm_refuses_right_lines_and_ends_by_itself(table: Make, numbered: Numbered) -> None:
    board = table()
    board.board.repeating.set(ResendStorm(count=3))
    for _ in range(3):
        assert "Resend: 1" in board.send(numbered(1, "G1 X1"))
    assert board.send(numbered(1, "G1 X1")) == ["ok"]
    assert board.board.counters.resends == 3


def test_a_wrong_resend_asks_for_another_line(table: Make) -> None:
    board = table()
    board.board.repeating.set(WrongResend(offset=-50, count=1))
    assert board.send("N1 G1*0")[1] == "Resend: -49"
    assert board.send("N1 G1*0")[1] == "Resend: 1"
