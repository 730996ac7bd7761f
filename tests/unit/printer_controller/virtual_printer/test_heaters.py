"""Heaters warm up and cool down as real ones do, whatever the steps in which time passes."""

from __future__ import annotations

import pytest

from services.printer_controller.virtual_printer.heaters import AMBIENT, BED, HOTEND, Heater
from services.printer_controller.virtual_printer.options import Options
from services.printer_controller.virtual_printer.thermostat import Thermostat


def test_a_hotend_needs_about_a_minute_to_200_degrees() -> None:
    heater = Heater(HOTEND, speed=1.0)
    heater.set(200.0, 0.0)
    assert 30 < heater.seconds_to_target() < 120
    heater.advance(10.0)
    assert AMBIENT + 20 < heater.temperature < 200


def test_the_target_is_reached_when_it_was_said_and_then_held() -> None:
    heater = Heater(BED, speed=1.0)
    heater.set(60.0, 0.0)
    end = heater.seconds_to_target()
    heater.advance(end)
    assert heater.temperature == pytest.approx(60.0)
    heater.advance(end + 1000)
    assert heater.temperature == pytest.approx(60.0)
    assert heater.seconds_to_target() == 0


def test_small_steps_and_one_large_one_give_the_same_curve() -> None:
    small, large = Heater(HOTEND, speed=1.0), Heater(HOTEND, speed=1.0)
    small.set(250.0, 0.0)
    large.set(250.0, 0.0)
    for step in range(1, 201):
        small.advance(step / 10)
    large.advance(20.0)
    assert small.temperature == pytest.approx(large.temperature)


def test_it_cools_down_to_the_room_and_not_below() -> None:
    heater = Heater(HOTEND, speed=1.0)
    heater.temperature = 200.0
    heater.set(0.0, 0.0)
    heater.advance(60.0)
    assert AMBIENT < heater.temperature < 200
    heater.advance(100_000.0)
    assert heater.temperature == pytest.approx(AMBIENT)


def test_the_speed_factor_heats_faster() -> None:
    real, fast = Heater(HOTEND, speed=1.0), Heater(HOTEND, speed=10.0)
    real.set(200.0, 0.0)
    fast.set(200.0, 0.0)
    assert fast.seconds_to_target() == pytest.approx(real.seconds_to_target() / 10)


def test_without_time_the_target_is_there_at_once() -> None:
    heater = Heater(HOTEND, speed=0.0)
    heater.set(215.0, 3.0)
    assert (heater.temperature, heater.seconds_to_target()) == (215.0, 0.0)


def test_the_firmware_keeps_targets_under_its_limit() -> None:
    heater = Heater(HOTEND, speed=1.0)
    heater.set(999.0, 0.0)
    assert heater.target == HOTEND.limit


def test_the_power_shown_is_full_some_or_none() -> None:
    heater = Heater(HOTEND, speed=1.0)
    assert heater.power() == 0
    heater.set(200.0, 0.0)
    assert heater.power() == 127
    heater.advance(500.0)
    assert 0 < heater.power() < 127
    heater.set(0.0, 500.0)
    assert heater.power() == 0


def test_a_report_names_every_heater_as_marlin_does() -> None:
    one = Thermostat(Options(speed=0.0))
    assert one.report(0.0) == "T:21.00 /0.00 B:21.00 /0.00 @:0 B@:0"
    two = Thermostat(Options(speed=0.0, tools=2, heated_bed=False, heated_chamber=True))
    two.tools[1].set(200.0, 0.0)
    assert two.report(0.0) == "T:21.00 /0.00 C:21.00 /0.00 T0:21.00 /0.00 T1:200.00 /200.00 @:0 C@:0 @0:0 @1:69"
