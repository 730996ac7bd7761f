"""What slicers write into comments, collected; and which of several answers to the same question counts."""

from __future__ import annotations

from collections import Counter

from services.printer_controller.analysis.course import volume_of
from services.printer_controller.analysis.progress_marks import FirmwareMarks
from services.printer_controller.analysis.result import Filament, Slicer, Thumbnail

MOST_TOOLS = 64
_LARGEST_SECTION = 20.0  # mm²: filament of 2.85 mm has 6.4; what is beyond was not cm³ but mm³


class Findings:
    """The raw answers: by the source that gave them, in the slicers' own order of tools."""

    def __init__(self) -> None:
        self.slicer: Slicer | None = None
        self.times: dict[str, float] = {}
        self.lengths: dict[str, list[float]] = {}
        self.volumes: dict[str, list[float]] = {}
        self.diameters: list[float] = []
        self.tools: list[int] = []  # which of the tools the lists name, where they do not name all
        self.layer_count: int | None = None
        self.layers: Counter[str] = Counter()
        self.marks = FirmwareMarks()
        self.thumbnails: list[Thumbnail] = []
        self.open_thumbnail: Thumbnail | None = None

    def print_time(self) -> float | None:
        """Seconds, by the most exact of the comments; the first `M73` where there is none."""
        told = (self.times[source] for source in _TIMES if source in self.times)
        return next(told, self.marks.first_left())

    def filament(self) -> dict[str, Filament]:
        """By tool, those that take none left out; empty where the slicer did not tell."""
        lengths = _first(self.lengths, _LENGTHS)
        volumes = _first(self.volumes, _LENGTHS)
        used = {}
        for place, length in enumerate(lengths):
            if length > 0.0:
                tool = self.tools[place] if len(self.tools) == len(lengths) else place
                told = volumes[place] if len(volumes) == len(lengths) else None
                used[f"tool{tool}"] = Filament(length, self._volume(tool, length, told))
        return used

    def _volume(self, tool: int, length: float, told: float | None) -> float:
        """The volume in cm³; BambuStudio and OrcaSlicer write mm³ under `[cm^3]`."""
        if not told:
            return volume_of(length, self.diameters[tool] if tool < len(self.diameters) else 1.75)
        return told / 1_000.0 if told * 1_000.0 / length > _LARGEST_SECTION else told

    def layer_total(self) -> int | None:
        """As the slicer counted; else as many as it marked; null where it did neither."""
        return self.layer_count or max(self.layers.values(), default=None)


# Comments in the order in which they are believed: OrcaSlicer writes three of them.
_TIMES = ("estimated printing time", "total estimated time", "TIME", "Build time", "Print Time", "model printing time")
_LENGTHS = ("filament used", "total filament", "Filament used", "Filament length", "Material")


def _first(answers: dict[str, list[float]], order: tuple[str, ...]) -> list[float]:
    return next((answers[source] for source in order if source in answers), [])
