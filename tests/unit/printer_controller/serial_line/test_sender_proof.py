"""The proof: on any bad wire, to all these firmwares, each line is executed once and in order, or the print stops."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.model_firmware import Faults, Firmware, Print, Simulation

LINES = [f"G1 X{number / 100:.2f} Y{number % 97} E{number * 0.003:.4f}" for number in range(200)]

FIRMWARES = {
    "Marlin": Firmware(),
    "advanced ok": Firmware(advanced_ok=True),
    "drains its ring on errors": Firmware(drain_on_error=True),
    "sends no ok after a Resend": Firmware(ok_after_resend=False),
    "ignores repeated lines": Firmware(ignore_repeated=True),
    "answers M105 with a plain ok": Firmware(tells_temperatures=False),
    "slow moves": Firmware(work=0.05),
    "a slow wire": Firmware(pace=40),
}

share = st.sampled_from([0.0, 0.0, 0.005, 0.02, 0.05])
faults = st.builds(
    Faults,
    corrupt=share,
    lose_byte=share,
    double_byte=share,
    lose_line=share,
    lose_ok=share,
    double_ok=share,
    lose_resend=share,
)
firmwares = st.builds(
    Firmware,
    advanced_ok=st.booleans(),
    drain_on_error=st.booleans(),
    ok_after_resend=st.booleans(),
    ignore_repeated=st.booleans(),
    tells_temperatures=st.booleans(),
    ring=st.sampled_from([64, 128, 256]),
    queue=st.sampled_from([1, 4, 8]),
    work=st.sampled_from([0.0, 0.0, 0.002, 0.05]),
    pace=st.sampled_from([0, 0, 20, 60]),
)


def _print(firmware: Firmware, bad: Faults, seed: int, rx_buffer: int | None, **options: int) -> Print:
    return Simulation(firmware, bad, seed, rx_buffer=rx_buffer, window=True).print_lines(LINES, **options)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(firmware=firmwares, bad=faults, seed=st.integers(0, 2**31), windowed=st.booleans())
def test_every_line_is_executed_once_and_in_order_or_the_print_stops(firmware, bad, seed, windowed):
    if firmware.drain_on_error:
        firmware = replace(firmware, pace=0)  # else half a line survives the draining, and no host can help that
    went = _print(firmware, bad, seed, firmware.ring if windowed else None)
    assert went.executed == LINES[: len(went.executed)]
    assert went.done or went.sender.failure is not None, "neither an end nor a failure"
    if went.done:
        assert went.executed == LINES


@pytest.mark.parametrize("rx_buffer", [None, 128], ids=["one by one", "windowed"])
@pytest.mark.parametrize("name", FIRMWARES)
def test_usual_faults_are_survived_on_every_firmware(name, rx_buffer):
    bad = Faults(corrupt=0.02, lose_byte=0.01, lose_ok=0.01, double_ok=0.01)
    for seed in range(5):
        went = _print(FIRMWARES[name], bad, seed, rx_buffer)
        assert went.done, went.sender.failure
        assert went.executed == LINES


@pytest.mark.parametrize("name", FIRMWARES)
def test_without_faults_nothing_is_asked_again(name):
    went = _print(FIRMWARES[name], Faults(), 1, 128)
    assert went.done
    assert went.executed == LINES
    assert went.sender.counters.faults == 0
    assert went.sender.counters.recovered_oks == 0


@pytest.mark.parametrize("rx_buffer", [None, 128], ids=["one by one", "windowed"])
@pytest.mark.parametrize("after", [5, 60, 150])
def test_a_board_that_has_lost_its_counter_without_a_banner_is_found_out(after, rx_buffer):
    went = _print(Firmware(), Faults(), 1, rx_buffer, reset_after=after)
    assert went.sender.failure is not None
    assert went.sender.failure.kind == "board_reset"
    assert went.executed == LINES[: len(went.executed)]


@pytest.mark.parametrize("seed", range(5))
def test_a_lost_ok_stalls_for_less_than_one_and_a_half_seconds(seed):
    went = _print(Firmware(work=0.01), Faults(lose_ok=0.01), seed, None)
    assert went.done
    assert went.sender.counters.recovered_oks > 0
    assert went.longest_stall < 1.5


def test_a_wire_that_damages_every_line_ends_the_print_in_ten_seconds():
    for rx_buffer in (None, 128):
        went = _print(Firmware(), Faults(corrupt=1.0), 1, rx_buffer, limit=20)
        assert went.sender.failure is not None
        assert went.sender.failure.kind == "resend_storm"
        assert went.seconds - 10.0 < 10.0  # the simulation goes on for ten seconds after the end
