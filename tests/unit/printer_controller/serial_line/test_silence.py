"""When a silent printer is asked, and when it is given up."""

from __future__ import annotations

from services.printer_controller.resend_limits import FAULTS, SAME_LINE, ResendLimits
from services.printer_controller.silence import PROBES, Silence
from shared.settings import PrinterTimeouts

TIMES = PrinterTimeouts(silence=1.0, long_silence=30.0, dead=60.0)


def _asked(silence: Silence, until: float, long: bool = False) -> list[float]:
    times = []
    for step in range(int(until * 100)):
        if silence.probe_due(step / 100, long):
            times.append(step / 100)
            silence.probes += 1
    return times


def test_questions_come_after_a_second_and_then_less_and_less_often():
    assert _asked(Silence(TIMES, 0.0), 40) == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]


def test_a_printer_that_answers_fast_is_asked_sooner():
    silence = Silence(TIMES, 0.0)
    for number in range(5000):
        silence.heard(number * 0.001, number)
    assert 0.09 < silence.suspicious(False) < 0.11


def test_one_slow_answer_makes_patient():
    silence = Silence(TIMES, 0.0)
    for number in range(5000):
        silence.heard(number * 0.001, number)
    silence.heard(5.6, 5001)
    assert silence.suspicious(False) == 1.0


def test_our_own_waiting_is_not_taken_for_slowness():
    silence = Silence(TIMES, 0.0)
    for number in range(5000):
        silence.heard(number * 0.001, number)
    silence.excuse()
    silence.heard(5.6, 5001)
    assert silence.suspicious(False) < 0.2


def test_a_busy_printer_is_not_asked():
    silence = Silence(TIMES, 0.0)
    for second in range(600):
        silence.at_work(float(second))
        assert not silence.probe_due(second + 0.9, False)
        silence.since = float(second)
        assert silence.dead(second + 0.9, False) is None


def test_a_printer_that_waits_while_we_wait_is_asked_at_once():
    silence = Silence(TIMES, 0.0)
    silence.at_rest()
    assert silence.probe_due(0.2, False)


def test_a_long_command_is_given_its_time():
    silence = Silence(TIMES, 0.0)
    assert _asked(silence, 29, long=True) == []
    assert silence.dead(100, True) is None
    assert silence.dead(600, True) == "the printer has been silent for 600 s"


def test_a_dead_printer_is_given_up():
    silence = Silence(TIMES, 0.0)
    assert silence.dead(59.9, False) is None
    assert silence.dead(60.0, False) == "the printer has been silent for 60 s"


def test_a_printer_that_talks_and_takes_nothing_is_given_up_too():
    silence = Silence(TIMES, 0.0)
    silence.probes = PROBES
    silence.heard(599.0, 0)
    assert silence.dead(600.0, False) == "the printer has not taken a line for 600 s"


def test_the_same_line_may_be_asked_for_some_times():
    limits = ResendLimits()
    assert [limits.fault(7, float(second)) for second in range(SAME_LINE)] == [None] * SAME_LINE
    assert limits.fault(7, 99.0) == f"the printer asked {SAME_LINE} times for line N7"


def test_many_resends_are_fine_while_the_print_gets_on():
    limits = ResendLimits()
    assert all(limits.fault(number * 5, number / 100) is None for number in range(1000))


def test_many_resends_without_getting_on_are_not():
    limits = ResendLimits()
    reasons = [limits.fault(number // 2, number / 100) for number in range(FAULTS)]
    assert reasons[-1] == f"the printer asked {FAULTS} times for lines again within 10 s and took 29"
