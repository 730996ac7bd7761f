"""What becomes of the prints that a dead controller left behind: one pure decision over its rows.

The seam for continuing a print: the journal is kept, and an `Ending` says the line it stood at. Today every such run
ends; nothing goes on "printing" with nobody at the other end of the wire.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.contracts.runs import Run, RunStatus
from shared.run_states import has_ended


@dataclass(frozen=True)
class LeftRun:
    """A run as it was found: its record, and whether its cancel had been committed."""

    record: Run
    cancelling: bool


@dataclass(frozen=True)
class LeftJournal:
    """Where the printer's newest run was when it was last written down: at most a second before the crash."""

    run: str
    line: int
    position: int


@dataclass(frozen=True)
class Ending:
    """How one run ends: `line` and `position` are the last that the printer is known to have taken."""

    run: str
    status: RunStatus
    reason: str
    line: int
    position: int


@dataclass(frozen=True)
class Recovery:
    """All endings, and whether the printer must be made safe when it is connected again."""

    endings: tuple[Ending, ...]
    unsafe: bool


def decide(runs: Iterable[LeftRun], journal: LeftJournal | None) -> Recovery:
    """End every run that has no end yet.

    A run that was accepted counts as started: its first lines may have left between the commit and the crash.
    """
    endings = tuple(_ending(left, journal) for left in runs if not has_ended(left.record))
    return Recovery(endings, unsafe=bool(endings))


def _ending(left: LeftRun, journal: LeftJournal | None) -> Ending:
    run = left.record
    line, position = _last_known(run, journal)
    if left.cancelling:
        status, reason = RunStatus.CANCELLED, f"cancelled; controller restarted at line {line}"
    elif run.status is RunStatus.RUNNING:
        status, reason = RunStatus.FAILED, f"controller restarted at line {line}"
    else:
        status, reason = RunStatus.FAILED, "controller restarted before the print began"
    return Ending(run.id, status, reason, line, position)


def _last_known(run: Run, journal: LeftJournal | None) -> tuple[int, int]:
    line, position = 0, 0
    if run.progress is not None:
        line, position = run.progress.line or 0, run.progress.position or 0
    if journal is not None and journal.run == run.id and journal.line >= line:
        return journal.line, journal.position
    return line, position
