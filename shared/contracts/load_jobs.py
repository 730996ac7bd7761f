"""Load jobs on the bus: their sections, how they are changed, and how they are run."""

from __future__ import annotations

from typing import Any

import msgspec

from shared.contracts.messages import Message

Absent = msgspec.UnsetType


class ButtonControl(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The `button_ctrl` section: press `button` of all `loads`; the owner gives `ctrl_input_channel`, from 16 on."""

    event: str
    button: str
    loads: list[int] = []
    ctrl_input_channel: int | None = None


class FlagValue(msgspec.Struct, kw_only=True):
    """One entry of the `flag_values` section."""

    flag: int
    value: bool


class JobSections(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a client may say about a job. A section never set is absent.

    An entry of `target_states` names a `load` or an `hvacgroup` and holds attributes of its type as sent; entries
    without any are filled with the present state by the owner.
    """

    target_states: list[dict[str, Any]] | Absent = msgspec.UNSET
    button_ctrl: ButtonControl | Absent = msgspec.UNSET
    flag_values: list[FlagValue] | Absent = msgspec.UNSET
    scripts: list[str] | Absent = msgspec.UNSET
    blocked_by: int | Absent | None = msgspec.UNSET


class LoadJob(JobSections, kw_only=True, omit_defaults=True):
    """A stored job, as Wiser shows it; retained at `job/load/<id>`."""

    id: int


class JobAsk(Message, kw_only=True):
    """A request about load jobs; the controller that holds the house answers."""


class CreateJob(JobAsk, kw_only=True, tag_field="command", tag="create"):
    """Store a job; the answer holds it with its new id."""

    sections: JobSections


class ReplaceJob(JobAsk, kw_only=True, tag_field="command", tag="replace"):
    """Whole replacement: sections not given are removed."""

    job: int
    sections: JobSections


class AmendJob(JobAsk, kw_only=True, tag_field="command", tag="amend"):
    """Append loads, flag values and scripts (one that is there is changed in place); change event and button."""

    job: int
    sections: JobSections
    event: str | None = None
    button: str | None = None
    loads: list[int] | None = None


class DeleteJob(JobAsk, kw_only=True, tag_field="command", tag="delete"):
    """Remove a job; the answer holds it."""

    job: int


class RemoveLoads(JobAsk, kw_only=True, tag_field="command", tag="remove_loads"):
    """Drop loads from all jobs; the answer's `loads` are those removed."""

    loads: list[int]


class ReadJobs(JobAsk, kw_only=True, tag_field="command", tag="read"):
    """All jobs, or the one with this id."""

    job: int | None = None


JobRequest = CreateJob | ReplaceJob | AmendJob | DeleteJob | RemoveLoads | ReadJobs


class LoadJobs(msgspec.Struct, kw_only=True):
    """The jobs that were asked for, or the one that was changed."""

    jobs: list[LoadJob] = []
    loads: list[int] = []


class RunJob(JobAsk, kw_only=True):
    """Run sections of a job: `section` is `run`, `ctrl`, `setflags`, `execute` or `trigger` (all of them).

    `event` and `button` replace those of `button_ctrl`. `dry_run` answers what would be done and does nothing.
    `started_by` names a smart button or timer; without it the caller is noted.
    """

    job: int = 0
    section: str = "trigger"
    event: str | None = None
    button: str | None = None
    dry_run: bool = False
    started_by: str | None = None


class JobRun(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The run was committed: its id and status (`accepted`, or `blocked` with the reason); `job` is the definition."""

    run: str
    status: str
    job: LoadJob
    reason: str | None = None
    receipts: list[dict[str, Any]] = []
    script_error: str | None = None
