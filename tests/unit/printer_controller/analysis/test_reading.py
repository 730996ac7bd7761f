"""A whole file, and whatever else may be uploaded under its name."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.printer_controller.analysis.reading import read
from services.printer_controller.analysis.result import FileAnalysis

SQUARES = "".join(
    f"G1 Z{layer * 0.2:.1f} F600\nG1 X20 Y20 F6000\n"
    + "".join(f"G1 X{x} Y{y} E{(layer * 4 + side) * 2} F1800\n" for side, (x, y) in enumerate(
        [(60, 20), (60, 50), (20, 50), (20, 20)]))
    for layer in range(1, 11)
)  # fmt: skip
FILE = "M109 S200\nG28\n" + SQUARES + "M104 S0\nG28 X\nM84\n"


def analysed(folder: Path, content: str | bytes, *, moves: bool = True) -> FileAnalysis:
    path = folder / "file.gcode"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read(path, moves=moves)


def test_a_file_without_comments_is_known_by_its_moves(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, FILE)
    assert analysis.estimated_by == "own"
    assert analysis.estimated_print_time == analysis.own_print_time
    assert analysis.own_print_time == pytest.approx(1_400 / 30 + 60 + 9 + 30, abs=25)
    assert analysis.layer_count == 10
    assert analysis.marked_by == "own"
    assert analysis.slicer is None
    assert analysis.warnings == ()


def test_its_json_speaks_octoprints_words(tmp_path: Path) -> None:
    told = msgspec.to_builtins(analysed(tmp_path, FILE))
    assert told["dimensions"] == {"width": 40.0, "depth": 30.0, "height": 2.0}
    assert told["printingArea"] == {
        "minX": 20.0, "minY": 20.0, "minZ": 0.0, "maxX": 60.0, "maxY": 50.0, "maxZ": 2.0,
    }  # fmt: skip
    assert told["travelArea"]["minX"] == 0.0
    assert told["travelDimensions"] == {"width": 60.0, "depth": 50.0, "height": 2.0}
    assert told["filament"] == {"tool0": {"length": 86.0, "volume": pytest.approx(0.20685, rel=1e-4)}}
    assert told["estimatedPrintTime"] > 0


def test_it_is_the_same_after_a_trip_as_json_and_msgpack(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, FILE)
    assert msgspec.json.decode(msgspec.json.encode(analysis), type=FileAnalysis) == analysis
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(analysis), type=FileAnalysis) == analysis


def test_the_slicer_is_believed_before_our_own_estimate(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, FILE + "; estimated printing time (normal mode) = 1h 0m 0s\n")
    assert (analysis.estimated_print_time, analysis.estimated_by) == (3_600.0, "slicer")
    assert analysis.own_print_time is not None
    assert analysis.own_print_time < 600
    assert (analysis.marks[0].left, analysis.marked_by) == (3_600.0, "own")


def test_marks_for_the_firmware_are_believed_before_anything(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, "M73 P0 R20\n" + SQUARES + "M73 P50 R10\n" + SQUARES)
    assert (analysis.estimated_print_time, analysis.estimated_by, analysis.marked_by) == (1_200.0, "slicer", "slicer")
    assert [mark.left for mark in analysis.marks] == [1_200.0, 600.0, 0.0]


def test_the_comments_alone_can_be_asked_for(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, FILE + ";TIME:77\n", moves=False)
    assert (analysis.estimated_print_time, analysis.own_print_time, analysis.printing_area) == (77.0, None, None)


def test_marks_rise_in_place_and_fall_in_time(tmp_path: Path) -> None:
    content = FILE * 40
    marks = analysed(tmp_path, content).marks
    assert len(marks) > 10
    assert marks[-1].position == len(content)
    assert marks[-1].left == 0.0
    for before, after in itertools.pairwise(marks):
        assert before.position < after.position
        assert before.left >= after.left


def _without_places(analysis: FileAnalysis) -> FileAnalysis:
    return msgspec.structs.replace(analysis, marks=(), commands=dict.fromkeys(analysis.commands, 0))


def test_line_ends_and_a_missing_last_one_make_no_difference(tmp_path: Path) -> None:
    plain = _without_places(analysed(tmp_path, FILE))
    assert _without_places(analysed(tmp_path, FILE.replace("\n", "\r\n"))) == plain
    assert _without_places(analysed(tmp_path, FILE.rstrip("\n"))) == plain
    assert _without_places(analysed(tmp_path, "\n\n" + FILE.replace("\n", "\n\n"))) == plain


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"; nothing\n", b"\x00" * 5_000, b"\xff\xfe" * 5_000, b"{}", b"solid cube\n" * 100, b"G1", b"T"],
)
def test_what_holds_no_moves_says_nothing(tmp_path: Path, content: bytes) -> None:
    analysis = analysed(tmp_path, content)
    assert analysis.estimated_print_time is None
    assert analysis.estimated_by is None
    assert analysis.printing_area is None
    assert analysis.filament == {}
    assert analysis.marks == ()


def test_rubbish_between_the_lines_is_told_and_changes_nothing_else(tmp_path: Path) -> None:
    clean = analysed(tmp_path, FILE + FILE)
    dirty = analysed(tmp_path, FILE.encode() + b"\x00\x01\x02\n;" + b"x" * 1_000_000 + b"\n" + FILE.encode())
    assert (dirty.own_print_time, dirty.filament) == (clean.own_print_time, clean.filament)
    assert len(dirty.warnings) == 2


_WORDS = st.sampled_from(
    [
        *(
            "G1",
            "G0",
            "G2",
            "G3",
            "G92",
            "G28",
            "G20",
            "G91",
            "T1",
            "M73",
            "M104",
            "M109",
            "M203",
            "M204",
            "M205",
            "M220",
        ),
        *(" X", " Y1", " Z.2", " E", " F", " I", " J5", " R", " S", " P"),
        *(";", "-", ".", ",", "1e5", "9999999999", "0", "nan", "ü"),
        *("\n", "\r\n", "\x00", " ", ";TIME:", "; filament used [mm] = "),
        *("; thumbnail begin 1x1 5\n", "; thumbnail end\n"),
    ]
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(st.lists(_WORDS, max_size=60).map("".join).map(str.encode), st.binary(max_size=500)))
def test_nothing_that_a_file_may_hold_upsets_it(tmp_path: Path, content: bytes) -> None:
    if content.startswith((b"GCDE", b"PK\x03\x04", b"\x1f\x8b")):
        return
    analysis = analysed(tmp_path, content)
    numbers = [analysis.own_print_time or 0.0, *(mark.left for mark in analysis.marks)]
    numbers += [use.length for use in analysis.filament.values()]
    if analysis.travel_area:
        numbers += msgspec.structs.astuple(analysis.travel_area)
    assert all(math.isfinite(number) for number in numbers)
    assert msgspec.json.decode(msgspec.json.encode(analysis), type=FileAnalysis) == analysis
