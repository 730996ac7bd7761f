"""Reports become readings by OctoPrint's names."""

from __future__ import annotations

from services.printer_controller.temperatures import heater_names, readings, with_offsets
from shared.contracts.printers import Heater
from shared.settings import PrinterSettings

ONE = heater_names(PrinterSettings(id="p"))
TWO = heater_names(PrinterSettings(id="p", tools=2, heated_bed=False, heated_chamber=True))


def test_the_heaters_are_those_of_the_printer():
    assert sorted(ONE) == ["bed", "tool0"]
    assert sorted(TWO) == ["chamber", "tool0", "tool1"]


def test_a_bare_t_is_the_tool_in_use():
    assert readings({"T": (20.0, 0.0), "B": (21.0, 60.0)}, {}, ONE, 0) == {
        "tool0": Heater(actual=20.0, target=0.0),
        "bed": Heater(actual=21.0, target=60.0),
    }
    assert set(readings({"T": (20.0, 0.0)}, {}, TWO, 1)) == {"tool1"}


def test_tools_that_are_named_count_and_the_bare_t_does_not():
    report = {"T": (1.0, 0.0), "T0": (20.0, 0.0), "T1": (30.0, 0.0), "B": (9.0, 0.0)}
    assert readings(report, {}, TWO, 0) == {
        "tool0": Heater(actual=20.0, target=0.0),
        "tool1": Heater(actual=30.0, target=0.0),
    }


def test_a_report_without_target_leaves_the_known_one():
    before = {"tool0": Heater(actual=20.0, target=200.0)}
    assert readings({"T": (25.0, None)}, before, ONE, 0) == {"tool0": Heater(actual=25.0, target=200.0)}


def test_readings_show_the_offsets_of_the_heaters():
    now = readings({"T": (20.0, 0.0), "B": (21.0, 60.0)}, {}, ONE, 0, {"bed": -2.5})
    assert (now["tool0"].offset, now["bed"].offset) == (0, -2.5)
    assert with_offsets(now, {"tool0": 5.0}) == {
        "tool0": Heater(actual=20.0, target=0.0, offset=5.0),
        "bed": Heater(actual=21.0, target=60.0, offset=-2.5),
    }
