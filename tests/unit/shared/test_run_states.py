"""The life cycle of a run: only the steps it draws, each with its time and a new version."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from shared.contracts.runs import Run, RunJob, RunProgress, RunStatus
from shared.errors import Conflict
from shared.run_states import ENDS, MAY_FOLLOW, advance, changed, has_ended

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
JOB = RunJob(kind="print", id="a.gcode", name="a")
S = RunStatus


def run(status: RunStatus) -> Run:
    return Run(id="r1", status=status, job=JOB, version=4)


def test_a_run_goes_from_requested_to_its_end_and_notes_each_time() -> None:
    at = [NOW + timedelta(seconds=number) for number in range(3)]
    ended = run(S.REQUESTED)
    for status, now in zip((S.ACCEPTED, S.RUNNING, S.SUCCEEDED), at, strict=True):
        ended = advance(ended, status, now)
    assert (ended.accepted_at, ended.started_at, ended.ended_at) == tuple(at)
    assert (ended.status, ended.version, has_ended(ended)) == (S.SUCCEEDED, 7, True)


def test_the_table_draws_the_life_cycle_of_the_architecture() -> None:
    drawn = {(before.value, after.value) for before, following in MAY_FOLLOW.items() for after in following}
    assert drawn == {
        ("requested", "accepted"), ("requested", "blocked"), ("requested", "failed"), ("requested", "expired"),
        ("requested", "cancelled"), ("accepted", "running"), ("accepted", "blocked"), ("accepted", "failed"),
        ("accepted", "expired"), ("accepted", "cancelled"), ("running", "succeeded"), ("running", "partly_succeeded"),
        ("running", "failed"), ("running", "expired"), ("running", "cancelled"),
    }  # fmt: skip


@pytest.mark.parametrize(("before", "after"), list(itertools.product(RunStatus, RunStatus)))
def test_every_other_step_is_a_conflict_that_changes_nothing(before: RunStatus, after: RunStatus) -> None:
    old = run(before)
    if after in MAY_FOLLOW[before]:
        assert advance(old, after, NOW).status is after
        return
    with pytest.raises(Conflict) as refused:
        advance(old, after, NOW)
    assert refused.value.detail == {"run": "r1", "status": before.value, "wanted": after.value}
    assert old == run(before)


@pytest.mark.parametrize("end", sorted(ENDS))
def test_an_ended_run_never_changes_its_status_again(end: RunStatus) -> None:
    assert not MAY_FOLLOW[end]


def test_a_step_carries_its_changes_and_a_change_without_a_step_counts_too() -> None:
    failed = advance(run(S.RUNNING), S.FAILED, NOW, reason="unplugged", progress=RunProgress(line=7))
    assert (failed.reason, failed.progress, failed.ended_at) == ("unplugged", RunProgress(line=7), NOW)
    moved = changed(run(S.RUNNING), progress=RunProgress(line=8))
    assert (moved.status, moved.version) == (S.RUNNING, 5)
