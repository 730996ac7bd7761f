"""After a crash every print that was left behind has an end, with the last line that is known."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.printer_controller import recovery
from services.printer_controller.recovery import LeftJournal, LeftRun
from shared.contracts.runs import Run, RunJob, RunProgress, RunStatus
from shared.run_states import ENDS


def left(status: RunStatus, *, line: int | None = None, cancelling: bool = False) -> LeftRun:
    progress = RunProgress(line=line, position=line * 10) if line is not None else None
    job = RunJob(kind="print", id="x.gcode", name="x.gcode")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return LeftRun(Run(id="one", status=status, job=job, version=3, progress=progress, started_at=at), cancelling)


def test_a_running_print_fails_at_the_line_of_the_journal() -> None:
    decided = recovery.decide([left(RunStatus.RUNNING, line=100)], LeftJournal("one", 123, 4567))
    (ending,) = decided.endings
    assert (ending.status, ending.line, ending.position) == (RunStatus.FAILED, 123, 4567)
    assert ending.reason == "controller restarted at line 123"
    assert decided.unsafe


def test_a_journal_of_another_run_is_not_believed() -> None:
    (ending,) = recovery.decide([left(RunStatus.RUNNING, line=100)], LeftJournal("other", 999, 1)).endings
    assert (ending.line, ending.position) == (100, 1000)


def test_a_committed_cancel_stays_a_cancel() -> None:
    (ending,) = recovery.decide([left(RunStatus.RUNNING, cancelling=True)], LeftJournal("one", 7, 70)).endings
    assert ending.status is RunStatus.CANCELLED
    assert "line 7" in ending.reason


@pytest.mark.parametrize("status", [RunStatus.ACCEPTED, RunStatus.REQUESTED])
def test_a_print_that_had_not_begun_fails_and_the_printer_is_made_safe_all_the_same(status: RunStatus) -> None:
    decided = recovery.decide([left(status)], None)
    assert decided.endings[0].status is RunStatus.FAILED
    assert decided.endings[0].reason == "controller restarted before the print began"
    assert decided.unsafe


@pytest.mark.parametrize("status", sorted(ENDS))
def test_a_run_that_has_ended_is_left_alone(status: RunStatus) -> None:
    decided = recovery.decide([left(status)], LeftJournal("one", 5, 50))
    assert decided.endings == ()
    assert not decided.unsafe
