"""The rules of sending, one by one."""

from __future__ import annotations

import pytest

from services.printer_controller.sender import Sender
from services.printer_controller.wire import Ok, encode
from shared.errors import Unavailable
from shared.settings import PrinterTimeouts

TOLD = Ok(temperatures={"T": (20.0, 0.0)})


def _sender(count: int = 0, rx_buffer: int | None = None, window: bool = True) -> Sender:
    sender = Sender(rx_buffer=rx_buffer, window=window, baudrate=0, timeouts=PrinterTimeouts(), now=0.0)
    entries = iter([(b"G1 X%d" % number, number, number * 10) for number in range(1, count + 1)])
    sender.feed(lambda: next(entries, None))
    return sender


def _numbers(data: bytes) -> list[int]:
    return [int(line[1:].split(b" ")[0]) for line in data.splitlines()]


def test_without_a_window_one_line_is_under_way():
    sender = _sender(3)
    assert sender.pump(0.0) == encode(1, b"G1 X1")
    assert sender.pump(0.0) == b""
    sender.ok()
    assert sender.pump(0.0) == encode(2, b"G1 X2")


def test_a_window_is_filled_in_one_write_and_leaves_room_in_the_buffer():
    sender = _sender(50, rx_buffer=64)
    first = sender.pump(0.0)
    assert first.count(b"\n") > 3
    assert len(first) <= 64 - 8
    sender.ok()
    assert len(first) - len(encode(1, b"G1 X1")) + len(sender.pump(0.0)) <= 64 - 8


def test_a_profile_without_window_sends_one_by_one_whatever_the_firmware_reports():
    sender = _sender(50, rx_buffer=128, window=False)
    sender.pump(0.0)
    sender.ok_with(Ok(1, 15, 7))
    assert len(_numbers(sender.pump(0.0))) == 1


def test_the_places_that_advanced_ok_reports_are_used():
    sender = _sender(50)
    sender.pump(0.0)
    sender.ok_with(Ok(1, 15, 3))
    assert _numbers(sender.pump(0.0)) == [2, 3, 4]


def test_an_advanced_ok_stands_for_all_lines_before_it_and_never_for_one_twice():
    sender = _sender(50, rx_buffer=128)
    sender.pump(0.0)
    sender.ok_with(Ok(3))
    assert sender.acknowledged == 3
    assert sender.counters.recovered_oks == 2
    sender.ok_with(Ok(2))
    sender.ok_with(Ok(3))
    sender.ok_with(Ok(9999))
    assert sender.acknowledged == 3
    assert sender.counters.unexpected_oks == 3


def test_commands_go_before_file_lines_and_a_full_queue_refuses():
    sender = _sender(5)
    sender.enqueue([b"M117 a", b"M117 b"])
    assert b"M117 a" in sender.pump(0.0)
    with pytest.raises(Unavailable):
        sender.enqueue([b"M117"] * 3000)


def test_a_resend_stops_until_the_ok_behind_it_and_that_ok_stands_for_nothing():
    sender = _sender(5)
    sender.pump(0.0)
    sender.resend(1, 0.0)
    assert sender.pump(0.0) == b""
    sender.ok()
    assert sender.acknowledged == 0
    assert sender.pump(0.0) == encode(1, b"G1 X1")


def test_several_resends_for_one_fault_are_one_and_then_one_line_goes_alone():
    sender = _sender(50, rx_buffer=64)
    sent = _numbers(sender.pump(0.0))
    sender.ok()
    for _ in sent[1:]:
        assert sender.settling or sender.counters.faults == 0
        sender.resend(2, 0.0)
        sender.ok()
    assert not sender.settling
    assert sender.counters.faults == 1
    assert sender.acknowledged == 1
    assert _numbers(sender.pump(0.0)) == [2]
    assert sender.pump(0.0) == b""
    sender.ok()
    assert _numbers(sender.pump(0.0))[:3] == [3, 4, 5]


def test_a_wire_that_stays_quiet_ends_the_settling():
    sender = _sender(50, rx_buffer=64)
    sender.pump(0.0)
    sender.resend(1, 0.0)
    sender.tick(sender.quiet_at - 0.001)
    assert sender.settling
    sender.tick(sender.quiet_at)
    assert _numbers(sender.pump(1.0)) == [1]


def test_resends_without_a_pause_are_given_up():
    sender = _sender(50, rx_buffer=64)
    sender.pump(0.0)
    for step in range(600):
        sender.resend(1, step / 100)
        sender.tick(step / 100)
    assert sender.failure is not None
    assert sender.failure.kind == "resend_storm"
    assert sender.pump(10.0) == b""


def test_an_answer_with_temperatures_tells_which_line_it_belongs_to():
    sender = _sender(50, rx_buffer=128)
    sender.pump(0.0)
    sender.ok()
    sender.ask()
    sent = sender.pump(0.0)
    while b"M105" not in sent:
        sender.ok()
        sent = sender.pump(0.0)
    question = _numbers(sent)[0]
    sender.ok_with(TOLD)
    assert sender.acknowledged == question
    sender.ok_with(TOLD)
    assert sender.acknowledged == question
    assert sender.counters.unexpected_oks == 1


def test_a_silent_printer_is_asked_and_a_lost_ok_is_found_out():
    sender = _sender(5)
    sender.pump(0.0)
    sender.tick(0.9)
    assert sender.pump(0.9) == b""
    sender.tick(1.0)
    assert sender.pump(1.0) == encode(2, b"M105")
    sender.ok_with(TOLD)
    assert sender.acknowledged == 2
    assert sender.counters.recovered_oks == 1
    assert sender.pump(1.0) == encode(3, b"G1 X2")


def test_a_slow_printer_answers_in_its_turn_and_nothing_is_counted_as_lost():
    sender = _sender(5)
    sender.pump(0.0)
    sender.tick(1.0)
    sender.pump(1.0)
    sender.ok()
    sender.ok_with(TOLD)
    assert sender.acknowledged == 2
    assert sender.counters.recovered_oks == 0


def test_a_resend_for_a_line_that_was_answered_twice_over_is_a_board_that_started_anew():
    sender = _sender()
    sender.enqueue([b"M115", b"M105"], mark="ready", certain=True)
    sender.pump(0.0)
    sender.ok()
    sender.pump(0.0)
    sender.ok_with(TOLD)
    assert sender.passed == ["ready"]
    sender.enqueue([b"G1 X1"])
    sender.pump(0.0)
    sender.resend(1, 0.0)
    sender.ok()
    assert sender.pump(0.1) == encode(3, b"G1 X1")
    sender.resend(1, 0.2)
    assert sender.failure is not None
    assert sender.failure.kind == "board_reset"


def test_a_barrier_is_passed_by_the_answer_to_its_question_only():
    sender = _sender()
    sender.tells_temperatures = True
    sender.barrier("parked")
    assert b"M400" in sender.pump(0.0)
    sender.ok()
    assert b"M105" in sender.pump(0.0)
    sender.ok()
    assert sender.passed == []
    sender.ok_with(TOLD)
    assert sender.passed == ["parked"]


def test_a_barrier_on_firmware_that_counts_only_is_proved_by_its_counter():
    sender = _sender()
    sender.barrier("parked")
    sender.pump(0.0)
    sender.ok()
    sender.pump(0.0)
    sender.ok()
    assert sender.passed == []
    assert sender.pump(0.0) == encode(0, b"M105")
    sender.resend(3, 0.0)
    assert sender.passed == ["parked"]


def test_the_place_in_the_file_is_the_last_acknowledged_line_of_it():
    sender = _sender(5)
    sender.new_print()
    entries = iter([(b"G1 X1", 7, 70), (b"G1 X2", 9, 90)])
    sender.feed(lambda: next(entries, None))
    assert sender.file_place() == (0, 0)
    sender.pump(0.0)
    sender.ok()
    sender.enqueue([b"M117"])
    sender.pump(0.0)
    sender.ok()
    assert sender.file_place() == (7, 70)
    sender.digest()
    assert sender.file_place() == (7, 70)
    sender.new_print()
    assert sender.file_place() == (0, 0)


def test_a_line_that_waits_for_room_is_kept_through_a_pause():
    sender = _sender(2)
    source = sender.source
    sender.pump(0.0)
    sender.feed(None)
    sender.ok()
    assert sender.pump(0.0) == b""
    sender.feed(source)
    assert sender.pump(0.0) == encode(2, b"G1 X2")
