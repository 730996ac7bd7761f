"""Finds what slicers write into comments: a table of how each begins and what to take from it.

The forms are those of PrusaSlicer, SuperSlicer, Slic3r, BambuStudio, OrcaSlicer, Cura, Simplify3D and ideaMaker.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from services.printer_controller.analysis.durations import seconds_of
from services.printer_controller.analysis.findings import MOST_TOOLS, Findings
from services.printer_controller.analysis.result import Slicer
from services.printer_controller.analysis.thumbnails import begin, end

_LONGEST = 500  # bytes read of a comment
_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,9})?(?![\d.])")
_NAMED = re.compile(r"([A-Za-z][\w .()+-]*?)(?: Version)?[ _]v?(\d[\w.+-]*)")
_CURA_PLACEHOLDER = "6666"  # CuraEngine writes this time where nobody filled in the real one

Take = Callable[[Findings, str], None]


def _made_by(found: Findings, text: str, *, name: str = "") -> None:
    named = _NAMED.match(f"{name} {text.strip()}".strip())
    if named and found.slicer is None:
        found.slicer = Slicer(named[1].replace("(R)", "").strip(), named[2])


def _time(found: Findings, text: str, *, source: str) -> None:
    seconds = None if source == "TIME" and text.strip() == _CURA_PLACEHOLDER else seconds_of(text)
    if seconds is not None:
        found.times.setdefault(source, seconds)


def _model_time(found: Findings, text: str) -> None:
    """`; model printing time: 9m 48s; total estimated time: 18m 1s`"""
    model, _, total = text.partition("total estimated time:")
    _time(found, model.partition(";")[0], source="model printing time")
    _time(found, total, source="total estimated time")


def _numbers(text: str) -> list[float]:
    return [float(number) for number in _NUMBER.findall(text)][:MOST_TOOLS]


def _lengths(found: Findings, text: str, *, source: str) -> None:
    found.lengths.setdefault(source, _numbers(text))


def _volumes(found: Findings, text: str, *, source: str) -> None:
    found.volumes.setdefault(source, _numbers(text))


def _per_tool(found: Findings, text: str, *, source: str) -> None:
    """One line a tool: `; filament used = 250.1mm (0.6cm3)`, `;Material#1 Used: 250.1`."""
    length = _numbers(text)[:1]
    if len(found.lengths.setdefault(source, [])) < MOST_TOOLS:
        found.lengths[source] += length


def _metres(found: Findings, text: str) -> None:
    """`;Filament used: 1.2m, 0m`; some versions write a volume instead."""
    if "mm" not in text:
        found.lengths.setdefault("Filament used", [length * 1_000.0 for length in _numbers(text)])


def _first_length(found: Findings, text: str) -> None:
    """`;   Filament length: 1442.7 mm (1.44 m)`: of all tools together."""
    found.lengths.setdefault("Filament length", _numbers(text)[:1])


def _diameters(found: Findings, text: str) -> None:
    found.diameters = [diameter for diameter in _numbers(text) if 0.5 < diameter < 5.0]


def _tools(found: Findings, text: str) -> None:
    """`; filament: 1,2`: the lists of this header are about these, counted from one."""
    found.tools = [int(number) - 1 for number in _numbers(text) if 1 <= number <= MOST_TOOLS]


def _layer_count(found: Findings, text: str) -> None:
    count = _NUMBER.match(text.strip())
    if count and 0 < float(count[0]) < 1e6:
        found.layer_count = int(float(count[0]))


def _layer(found: Findings, _text: str, *, mark: str) -> None:
    found.layers[mark] += 1


_RULES: tuple[tuple[bytes, Take], ...] = (
    (rb"(?:G-Code )?[Gg]enerated (?:by|with) ", _made_by),
    (rb"BambuStudio ", partial(_made_by, name="BambuStudio")),
    (rb"OrcaSlicer ", partial(_made_by, name="OrcaSlicer")),
    (rb"Sliced by ", _made_by),
    (rb"estimated printing time(?: \(normal mode\))? *= *", partial(_time, source="estimated printing time")),
    (rb"model printing time: *", _model_time),
    (rb"total estimated time: *", partial(_time, source="total estimated time")),
    (rb"TIME:", partial(_time, source="TIME")),
    (rb"Build [Tt]ime: *", partial(_time, source="Build time")),
    (rb"Print Time: *", partial(_time, source="Print Time")),
    (rb"filament used \[mm\] *= *", partial(_lengths, source="filament used")),
    (rb"filament used \[cm3\] *= *", partial(_volumes, source="filament used")),
    (rb"filament used *= *", partial(_per_tool, source="filament used")),
    (rb"total filament length \[mm\] *: *", partial(_lengths, source="total filament")),
    (rb"total filament volume \[cm\^3\] *: *", partial(_volumes, source="total filament")),
    (rb"Filament used: *", _metres),
    (rb"Filament [Ll]ength: *", _first_length),
    (rb"Material#\d+ Used: *", partial(_per_tool, source="Material")),
    (rb"filament_diameter *[=:] *", _diameters),
    (rb"filament: *", _tools),
    (rb"LAYER_COUNT: *", _layer_count),
    (rb"total layer number: *", _layer_count),
    (rb"total layers count *= *", _layer_count),
    (rb"LAYER_CHANGE\b", partial(_layer, mark="LAYER_CHANGE")),
    (rb"CHANGE_LAYER\b", partial(_layer, mark="CHANGE_LAYER")),
    (rb"LAYER:", partial(_layer, mark="LAYER")),
    (rb"layer \d+, Z = ", partial(_layer, mark="layer")),
)
_PLACED = {"begin": rb"thumbnail(?:_[A-Z]+)? begin ", "end": rb"thumbnail(?:_[A-Z]+)? end", "m73": b""}
_COMMENTS = re.compile(
    rb"\n(?:;[ \t]*(?:%b)|(?P<m73>M73(?=[ PR])))"
    % b"|".join(
        [b"(?P<r%d>%b)" % (number, rule) for number, (rule, _) in enumerate(_RULES)]
        + [rb"(?P<%b>%b)" % (name.encode(), _PLACED[name]) for name in ("begin", "end")]
    )
)
_TAKES: dict[str, Take] = {f"r{number}": take for number, (_, take) in enumerate(_RULES)}


def read_comments(found: Findings, position: int, block: bytes) -> None:
    """Take what is of interest from a block of whole lines that begins at byte `position` of the file."""
    lines = b"\n" + block
    for match in _COMMENTS.finditer(lines):
        kind = match.lastgroup or ""
        line_end = lines.find(b"\n", match.end())
        rest = lines[match.end() : min(line_end, match.end() + _LONGEST)]
        begins = position + match.start()  # the line feed put before the block makes up for that of the match
        if kind == "m73":
            found.marks.add(begins, rest)
        elif kind == "begin":
            begin(found, rest, position + line_end)
        elif kind == "end":
            end(found, begins)
        else:
            _TAKES[kind](found, rest.decode("utf-8", "replace"))
