"""The life cycle of a run: which status may follow which, and what a step notes down."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from shared.contracts.runs import Run, RunStatus
from shared.errors import Conflict

S = RunStatus

ENDS: frozenset[RunStatus] = frozenset(
    (S.SUCCEEDED, S.PARTLY_SUCCEEDED, S.FAILED, S.EXPIRED, S.CANCELLED, S.BLOCKED)
)  # fmt: skip
"""A run in one of these has ended and does not change any more."""

MAY_FOLLOW: dict[RunStatus, frozenset[RunStatus]] = {
    S.REQUESTED: frozenset((S.ACCEPTED, S.BLOCKED, S.FAILED, S.EXPIRED, S.CANCELLED)),
    S.ACCEPTED: frozenset((S.RUNNING, S.BLOCKED, S.FAILED, S.EXPIRED, S.CANCELLED)),
    S.RUNNING: frozenset((S.SUCCEEDED, S.PARTLY_SUCCEEDED, S.FAILED, S.EXPIRED, S.CANCELLED)),
    **{end: frozenset() for end in ENDS},
}

_NOTED: dict[RunStatus, str] = {
    S.REQUESTED: "requested_at",
    S.ACCEPTED: "accepted_at",
    S.RUNNING: "started_at",
    **dict.fromkeys(ENDS, "ended_at"),
}


def has_ended(run: Run) -> bool:
    """Whether the run is over."""
    return run.status in ENDS


def advance(run: Run, status: RunStatus, now: datetime, **changes: Any) -> Run:
    """The run one step on, with the time of the step, `changes` (fields of `Run`) and the next version.

    Raises `Conflict` for a step that the life cycle forbids; the same status again is not a step.
    """
    if status not in MAY_FOLLOW[run.status]:
        raise Conflict(
            f"a run that is {run.status.value} cannot become {status.value}",
            code="run_state",
            detail={"run": run.id, "status": run.status.value, "wanted": status.value},
        )
    return changed(run, **{"status": status, _NOTED[status]: now, **changes})


def changed(run: Run, **changes: Any) -> Run:
    """The run with other fields and the next version; its status stays unless it is among the changes."""
    return msgspec.structs.replace(run, version=run.version + 1, **changes)
