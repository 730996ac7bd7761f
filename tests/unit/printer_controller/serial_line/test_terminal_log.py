"""Lines are kept for those who read along, only while they do, and never more than fit."""

from __future__ import annotations

from services.printer_controller.terminal_log import LEFT_OUT, LINES, LONGEST_LEASE, LONGEST_LINE, TerminalLog


def followed(seconds: float = 30.0) -> TerminalLog:
    log = TerminalLog()
    log.follow(seconds, 0.0)
    return log


def test_nothing_is_wanted_until_somebody_asks_and_after_the_time_is_over() -> None:
    log = TerminalLog()
    assert not log.wanted
    assert log.follow(5.0, 100.0) == 5.0
    assert log.wanted
    assert log.asked.is_set()
    log.take(104.9)
    assert log.wanted
    log.take(105.0)
    assert not log.wanted
    assert not log.asked.is_set()


def test_the_longest_wish_counts_and_none_is_longer_than_a_minute() -> None:
    log = followed(50.0)
    assert log.follow(1.0, 10.0) == 40.0
    assert log.follow(1e9, 10.0) == LONGEST_LEASE
    assert log.follow(-5.0, 10.0) == LONGEST_LEASE


def test_lines_come_in_order_as_octoprint_writes_them_and_once() -> None:
    log = followed()
    log.sent(b"N1 G28*18\nN2 M105*37\n")
    log.received([b"ok", b"\xffnoise", b"", b"ok T:20 /0\r"])
    assert log.take(1.0) == ["Send: N1 G28*18", "Send: N2 M105*37", "Recv: ok", "Recv: \\xffnoise", "Recv: ok T:20 /0"]
    assert log.take(1.0) == []


def test_of_too_many_lines_the_newest_come_behind_a_mark() -> None:
    log = followed()
    for number in range(LINES * 3):
        log.received([b"ok %d" % number])
    lines = log.take(1.0)
    assert (len(lines), lines[0], lines[-1]) == (LINES, LEFT_OUT, f"Recv: ok {LINES * 3 - 1}")
    log.received([b"ok %d" % number for number in range(LINES + 1)])
    lines = log.take(1.0)
    assert (len(lines), lines[0], lines[1]) == (LINES, LEFT_OUT, "Recv: ok 2")
    log.received([b"ok"] * LINES)
    assert LEFT_OUT not in log.take(1.0)


def test_a_long_line_is_cut() -> None:
    log = followed()
    log.received([b"x" * 4000])
    assert len(log.take(1.0)[0]) == LONGEST_LINE
