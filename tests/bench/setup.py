"""What every bench is given, and what it promises: a few rows, one value a round."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.octoprint import OctoPrint
from tests.bench.rows import Row


class CannotMeasure(Exception):
    """The bench could not run; the text says why. What was measured is not a figure then."""


@dataclass(frozen=True)
class Setup:
    """`rounds` interleaved rounds; `octoprint` only when it was asked for; `whole` runs the long form of a bench."""

    folder: Path
    rounds: int
    octoprint: OctoPrint | None = None
    whole: bool = False

    def place(self, name: str) -> Path:
        """A new folder for one system."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder))


Bench = Callable[[Setup], Awaitable[list[Row]]]
