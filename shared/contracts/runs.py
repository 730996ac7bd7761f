"""The run record: one execution of a job, whatever its kind."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from shared.contracts.messages import Caller


class RunStatus(StrEnum):
    """`requested → accepted → running →` one of the ends; `blocked` when a flag or rule refused it."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTLY_SUCCEEDED = "partly_succeeded"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    BLOCKED = "blocked"


class RunJob(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What was run: `kind` (`print`, `load_job`, `stack`, `queue_job`), its id or path, and a name for people."""

    kind: str
    id: str
    name: str


class RunProgress(msgspec.Struct, kw_only=True, omit_defaults=True):
    """How far a run is: `completion` in percent 0..100, `line` the last line the printer acknowledged."""

    completion: float | None = None
    line: int | None = None
    position: int | None = None


class Run(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Retained at `run/<id>` while it lives. Times are aware UTC; `version` grows with every change."""

    id: str
    status: RunStatus
    job: RunJob
    version: int
    started_by: Caller | None = None
    printer: str | None = None
    loads: list[int] = []
    progress: RunProgress | None = None
    receipts: list[dict[str, Any]] = []
    reason: str | None = None
    requested_at: datetime | None = None
    accepted_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
