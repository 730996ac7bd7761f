"""What is sent by hand leaves behind the modes that it found."""

from __future__ import annotations

import pytest

from services.printer_controller.by_hand import keeping_modes, stops_at_once, texts_of
from services.printer_controller.modal import Modal
from shared.errors import Invalid

JOG = [b"G91", b"G0 X10 F6000", b"G90"]
EXTRUDE = [b"G91", b"M83", b"G1 E5 F300", b"M82", b"G90"]


@pytest.mark.parametrize("lines", [JOG, EXTRUDE])
def test_octoprints_lines_go_alone_when_they_leave_everything_as_it_was(lines):
    assert keeping_modes(lines, Modal()) == lines


def test_relative_modes_and_the_feed_rate_come_back():
    before = Modal(relative=True, extruder_relative=True, feedrate=1800.0)
    assert keeping_modes(JOG, before) == [*JOG, b"G91", b"M83", b"G1 F1800"]
    assert keeping_modes(EXTRUDE, before) == [*EXTRUDE, b"G91", b"M83", b"G1 F1800"]


def test_filament_moved_by_hand_does_not_count_for_the_print():
    assert keeping_modes(EXTRUDE, Modal(e=12.5)) == [*EXTRUDE, b"G92 E12.5"]
    assert keeping_modes(JOG, Modal(e=12.5)) == [*JOG, b"G92 E12.5"]  # not followed through `G91`, so it is said again
    assert keeping_modes([b"G28 X0"], Modal(e=12.5)) == [b"G28 X0"]


def test_a_print_in_inches_goes_on_in_inches():
    before = Modal(inches=True, feedrate=254.0)
    assert keeping_modes(JOG, before) == [b"G21", *JOG, b"G1 F254", b"G20"]


def test_an_emergency_stop_is_seen_however_it_is_written():
    assert stops_at_once(texts_of(["G28", "M0112 ; now"]))
    assert not stops_at_once(texts_of(["M1120", "; M112"]))


def test_what_is_no_gcode_is_refused():
    with pytest.raises(Invalid, match="cannot be sent"):
        texts_of(["G28\x07"])
