"""Reads a print file once, from beginning to end, and says what it holds."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from services.printer_controller.analysis.census import Census
from services.printer_controller.analysis.findings import Findings
from services.printer_controller.analysis.interpreter import Interpreter
from services.printer_controller.analysis.machine import Machine
from services.printer_controller.analysis.progress_marks import Timeline
from services.printer_controller.analysis.result import FileAnalysis, Mark, Source
from services.printer_controller.analysis.slicer_comments import read_comments
from services.printer_controller.analysis.thumbnails import checked
from services.printer_controller.analysis.whole_lines import LONGEST_LINE, WholeLines
from shared.errors import Invalid
from shared.print_files import refusal

_HEAD = 512


def read(path: Path, machine: Machine | None = None, *, moves: bool = True) -> FileAnalysis:
    """What the file at `path` says; without `moves` only what its comments say, which takes a tenth of the time.

    Memory is bounded whatever the file holds. `Invalid` with a sentence for what is no G-code text, `OSError` where
    the file cannot be read.
    """
    with path.open("rb") as stream:
        if sentence := refusal(path.name, stream.read(_HEAD)):
            raise Invalid(sentence, code="not_gcode")
        size = stream.seek(0, 2)
        stream.seek(0)
        return _Reading(stream, size, machine or Machine(), moves=moves).result()


class _Reading:
    def __init__(self, stream: BinaryIO, size: int, machine: Machine, *, moves: bool) -> None:
        self._found = found = Findings()
        self._timeline = Timeline()
        self._census = Census()
        self._interpreter = Interpreter(machine)
        planner = self._interpreter.state.planner
        lines = WholeLines(stream, size)
        for position, block in lines:
            read_comments(found, position, block)
            self._census.add(block, lines.overlong)
            if moves:
                self._interpreter.follow(block)
                planner.settle()
                self._timeline.add(position + len(block), planner.seconds)
        planner.stop()
        self._own = planner.seconds or None
        self._size = lines.ended
        self._overlong = lines.overlong
        self._thumbnails = checked(stream, found.thumbnails)

    def result(self) -> FileAnalysis:
        found, course = self._found, self._interpreter.state.course
        told = found.print_time()
        printing, travel = course.printing_area(), course.travel_area()
        marks, marked_by = self._marks(told)
        return FileAnalysis(
            estimated_print_time=told or self._own,
            estimated_by="slicer" if told else "own" if self._own else None,
            own_print_time=self._own,
            filament=found.filament() or course.filament(found.diameters),
            dimensions=printing.dimensions() if printing else None,
            printing_area=printing,
            travel_dimensions=travel.dimensions() if travel else None,
            travel_area=travel,
            layer_count=found.layer_total() or course.layers or None,
            thumbnails=tuple(self._thumbnails),
            slicer=found.slicer,
            marks=marks,
            marked_by=marked_by,
            commands=self._census.first_lines,
            warnings=tuple(self._warnings()),
        )

    def _marks(self, told: float | None) -> tuple[tuple[Mark, ...], Source | None]:
        if marks := self._found.marks.marks(self._size, told or self._own):
            return marks, "slicer"
        if self._own is None:
            return (), None
        return self._timeline.marks(self._size, self._own, told or self._own), "own"

    def _warnings(self) -> list[str]:
        damaged = len(self._found.thumbnails) - len(self._thumbnails)
        counted = {
            f"Lines longer than {LONGEST_LINE} bytes, left out: ": self._overlong,
            "Lines that hold control bytes or are too long for a printer: ": self._interpreter.refused,
            "Damaged thumbnails: ": damaged,
        }
        return [f"{sentence}{count}" for sentence, count in counted.items() if count]
