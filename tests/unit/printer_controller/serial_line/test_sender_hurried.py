"""What does not wait its turn: commands the firmware looks for early, and a question about a lost `ok`."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.printer_controller.modal import Modal
from services.printer_controller.sender import Sender
from services.printer_controller.wire import Ok, encode
from shared.settings import PrinterTimeouts
from tests.support.model_firmware import Faults, Firmware, Simulation

TOLD = Ok(temperatures={"T": (20.0, 0.0)})


def _sender(*texts: bytes, count: int = 0) -> Sender:
    sender = Sender(rx_buffer=None, window=False, baudrate=0, timeouts=PrinterTimeouts(), now=0.0)
    sender.enqueue(texts)
    entries = iter([(b"G1 X%d" % number, number, number * 10) for number in range(1, count + 1)])
    sender.feed(lambda: next(entries, None))
    return sender


def test_a_hurried_command_goes_past_the_window_with_the_next_number():
    sender = _sender(b"M109 S200", b"M117 later")
    assert sender.pump(0.0) == encode(1, b"M109 S200")
    sender.hurry(b"M108")
    assert sender.pump(0.0) == encode(2, b"M108")
    assert sender.pump(0.0) == b""
    sender.ok()
    sender.ok()
    assert sender.acknowledged == 2
    assert sender.pump(0.0) == encode(3, b"M117 later")
    assert sender.counters.probes == 0


def test_a_hurried_command_on_a_quiet_line_is_an_ordinary_line():
    sender = _sender()
    sender.hurry(b"M108")
    assert sender.pump(0.0) == encode(1, b"M108")
    sender.ok()
    assert sender.idle


def test_lines_that_are_due_again_come_before_a_hurried_command():
    sender = _sender(b"M109 S200")
    sender.pump(0.0)
    sender.resend(1, 0.0)
    sender.hurry(b"M108")
    assert sender.pump(0.0) == b""  # while the wire is not quiet
    sender.tick(1.0)
    assert sender.pump(1.0) == encode(1, b"M109 S200")
    sender.ok()
    assert sender.pump(1.0) == encode(2, b"M108")


def test_a_doubt_is_a_question_out_of_turn_and_its_answer_tells_what_was_lost():
    sender = _sender(count=3)
    sender.tells_temperatures = True
    sender.pump(0.0)  # G1 X1, whose ok is lost
    assert sender.doubt()
    assert sender.pump(0.0) == encode(2, b"M105")
    assert not sender.doubt()  # one question at a time
    sender.ok_with(TOLD)
    assert (sender.acknowledged, sender.counters.recovered_oks) == (2, 1)
    assert sender.pump(0.0) == encode(3, b"G1 X2")


def test_a_doubt_believes_nothing_and_does_not_put_off_the_end_of_patience():
    sender = _sender(count=3)
    sender.pump(0.0)
    assert sender.doubt()
    sender.pump(0.0)
    sender.ok()  # of the question, or of the line before: the firmware does not say
    sender.heard(0.0)
    assert not sender.doubt()
    assert sender.acknowledged == 1
    sender.tick(1.5)
    assert sender.acknowledged == 2


def test_there_is_no_doubt_where_no_answer_is_due():
    sender = _sender()
    assert not sender.doubt()
    assert sender.pump(0.0) == b""


def test_the_modes_ahead_are_those_after_everything_that_was_sent_or_waits():
    sender = _sender(b"M83", b"G91", b"T1", b"G90")
    sender.pump(0.0)
    sender.ok()
    sender.pump(0.0)
    assert sender.modal_ahead() == Modal(extruder_relative=True, tool=1)
    assert sender.tool_ahead() == 1
    assert sender.modal.snapshot() == Modal(extruder_relative=True)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    tells=st.booleans(),
    lost=st.sampled_from([0.0, 0.02]),
    seed=st.integers(0, 2**31),
    rx_buffer=st.sampled_from([None, 128]),
    work=st.sampled_from([0.0, 0.01]),
)
def test_doubts_at_any_time_neither_lose_nor_double_a_line(tells, lost, seed, rx_buffer, work):
    lines = [f"G1 X{number / 100:.2f}" for number in range(200)]
    firmware, bad = Firmware(tells_temperatures=tells, work=work), Faults(lose_ok=lost, corrupt=lost)
    simulation = Simulation(firmware, bad, seed, rx_buffer=rx_buffer, window=True)
    sender, chance = simulation.sender, Random(seed)
    tick = sender.tick

    def doubting(now: float) -> None:
        tick(now)
        if chance.random() < 0.2:
            sender.doubt()

    sender.tick = doubting  # type: ignore[method-assign]
    went = simulation.print_lines(lines)
    assert went.executed == lines[: len(went.executed)]
    assert went.done or went.sender.failure is not None
    assert not went.done or went.executed == lines
