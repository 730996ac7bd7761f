"""Scripts name values and nothing else; what is not known moves nothing."""

from __future__ import annotations

from services.printer_controller import scripts
from services.printer_controller.modal import Modal
from shared.settings import BuildVolume

BED = BuildVolume(width=200, depth=180, height=200)
HOT = {"tool0": 200.0, "bed": 60.0}
KNOWN = Modal(x=10, y=20, z=0.25, e=12.5, feedrate=1800, fan=128, targets=HOT)


def test_the_default_pause_retracts_lifts_and_parks():
    assert scripts.pause_lines([], KNOWN, BED) == [
        "M83", "G1 E-2 F1800", "G90", "G1 Z10.25 F600", "G1 X10 Y170 F6000",
    ]  # fmt: skip


def test_a_printer_whose_position_is_unknown_is_not_moved():
    assert scripts.pause_lines([], Modal(x=1, y=1), BED) == ["M83", "G90"]


def test_a_lift_stays_in_the_machine():
    lines = scripts.pause_lines(["G1 Z{lifted_z}"], Modal(x=1, y=1, z=195), BED)
    assert lines == ["G1 Z200"]


def test_a_centred_bed_is_parked_on_as_well():
    bed = BuildVolume(width=200, depth=200, origin="center", form_factor="circular")
    assert scripts.pause_lines(["G1 X{park_x} Y{park_y}"], KNOWN, bed) == ["G1 X-90 Y90"]


def test_a_resume_brings_back_everything():
    assert scripts.resume_lines([], KNOWN, KNOWN, BED) == [
        "G90", "G1 X10 Y20 F6000", "G1 Z0.25 F600", "M83", "G1 E2 F1800",
        "G90", "G1 X10 Y20 F6000", "G1 Z0.25 F600", "G92 E12.5", "M106 S128", "G1 F1800", "M82",
    ]  # fmt: skip


def test_relative_modes_and_inches_come_last():
    modal = Modal(x=25.4, relative=True, extruder_relative=True, inches=True)
    assert scripts.restored(modal)[-3:] == ["M83", "G91", "G20"]
    assert scripts.pause_lines(["M117"], modal, BED)[0] == "G21"


def test_changed_heaters_are_set_then_waited_for_and_the_tool_is_taken_again():
    now = Modal(tool=1, targets={"tool0": 0.0, "bed": 60.0})
    assert scripts.resume_lines(["M117"], KNOWN, now, BED)[:3] == ["T0", "M104 T0 S200", "M109 T0 S200"]


def test_a_heater_that_was_off_is_switched_off_and_not_waited_for():
    paused, now = Modal(targets={"bed": 0.0}), Modal(targets={"bed": 60.0})
    assert next(line for line in scripts.resume_lines(["M117"], paused, now, BED) if "S0" in line) == "M140 S0"
    assert not any(line.startswith("M190") for line in scripts.resume_lines(["M117"], paused, now, BED))


def test_a_placeholder_reaches_nothing_but_values(caplog):
    script = ["M117 {x.__class__}", "M117 {__import__}", "M117 {x}", "M117 {0}", "M117 {nothing}"]
    assert scripts.filled(script, {"x": 1.0}) == ["M117 {x.__class__}", "M117 1", "M117 {0}"]
    assert caplog.text.count("unknown value") == 2
