"""A measured row: ours beside a limit or peer of the same rounds, judged by the ratio of the two."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

HEADINGS = ("what", "ours", "limit or peer", "ratio", "bar", "ok")


@dataclass
class Row:
    """One line of the table. `ours` and `theirs` hold a value a round; a limit that never moves is a single value.

    `bar` is a ratio ours : theirs, reached from above, or from below with `at_most`. `note` says how it was taken.
    """

    what: str
    unit: str
    peer: str
    bar: float
    at_most: bool = False
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    note: str = ""

    def add(self, ours: float, theirs: float) -> None:
        """The values of one round."""
        self.ours.append(ours)
        self.theirs.append(theirs)

    @property
    def ratios(self) -> list[float]:
        """Ours : theirs of each round, so that both come from the same minute."""
        return [_ratio(ours, theirs) for ours, theirs in zip(self.ours, self.theirs, strict=True)]

    @property
    def ok(self) -> bool:
        """Whether the median ratio reaches the bar; a row without a round does not."""
        if not self.ours:
            return False
        ratio = statistics.median(self.ratios)
        return ratio <= self.bar if self.at_most else ratio >= self.bar

    def cells(self) -> tuple[str, ...]:
        """The row as text, in the order of `HEADINGS`."""
        bar = f"{'≤' if self.at_most else '≥'} {_short(self.bar)}"
        return (
            self.what,
            f"{spread(self.ours)} {self.unit}",
            f"{self.peer}: {spread(self.theirs)}",
            spread(self.ratios),
            bar,
            "yes" if self.ok else "NO",
        )

    def plain(self) -> dict[str, object]:
        """The row as data for `--json`."""
        return {
            "what": self.what, "unit": self.unit, "peer": self.peer, "bar": self.bar, "at_most": self.at_most,
            "ours": self.ours, "theirs": self.theirs, "ratios": self.ratios, "ok": self.ok, "note": self.note,
        }  # fmt: skip


def spread(values: Sequence[float]) -> str:
    """Median (min–max); one value alone when there is only one, `–` for none."""
    if not values:
        return "–"
    middle = _short(statistics.median(values))
    low, high = _short(min(values)), _short(max(values))
    return middle if low == high else f"{middle} ({low}–{high})"


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile of at least one value."""
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * percent // 100))
    return ordered[int(rank) - 1]


def table(rows: Sequence[Row]) -> str:
    """All rows as a Markdown table, with a line for each note below it."""
    cells = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    lines = [_line([text.ljust(width) for text, width in zip(line, widths, strict=True)]) for line in cells]
    lines.insert(1, _line(["-" * width for width in widths]))
    notes = [
        f"- {note}: " + "; ".join(row.what for row in rows if row.note == note)
        for note in dict.fromkeys(row.note for row in rows if row.note)
    ]
    return "\n".join([*lines, *([""] if notes else []), *notes])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _ratio(ours: float, theirs: float) -> float:
    if theirs == 0:
        return 0.0 if ours == 0 else float("inf")
    return ours / theirs


def _short(value: float) -> str:
    if abs(value) < 1e6 and value == int(value):
        return str(int(value))
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
