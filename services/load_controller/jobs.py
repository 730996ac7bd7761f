"""Load jobs as clients define them: stored as given, with what the owner adds; each published when it changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, select

from services.load_controller import keeping
from services.load_controller.asking import Asked
from services.load_controller.controller import Controller
from services.load_controller.house import JOBS
from services.load_controller.keeping import key
from services.load_controller.models import JobRow, LoadStateRow
from services.load_controller.rules import sections as rules
from services.load_controller.running import job_of
from shared.contracts import load_topics as topics
from shared.contracts.load_jobs import (
    AmendJob,
    ButtonControl,
    CreateJob,
    DeleteJob,
    JobRequest,
    JobSections,
    LoadJob,
    LoadJobs,
    ReadJobs,
    RemoveLoads,
    ReplaceJob,
)
from shared.errors import Conflict, Invalid, NotFound

MOST = 5000
_SECTIONS = ("target_states", "button_ctrl", "flag_values", "scripts", "blocked_by")


async def create(asked: Asked, request: CreateJob) -> LoadJobs:
    """A new job."""
    if len(asked.house.jobs) >= MOST:
        raise Conflict(f"there are {MOST} jobs already", code="too_many_jobs")
    return await _keep(asked, _made(await keeping.new_id(asked, JOBS), request.sections))


async def replace(asked: Asked, request: ReplaceJob) -> LoadJobs:
    """Whole replacement; a job that had a button control and has one keeps its channel."""
    before = job_of(asked, request.job)
    return await _keep(asked, _made(before.id, request.sections), before)


async def amend(asked: Asked, request: AmendJob) -> LoadJobs:
    """Append; what is there already is changed in place."""
    before, given = job_of(asked, request.job), request.sections
    changes: dict[str, Any] = {}
    if given.target_states is not msgspec.UNSET:
        filled = await _filled(asked, given)
        changes["target_states"] = _merged(before.target_states or [], filled, ("load", "hvacgroup"))
    if given.flag_values is not msgspec.UNSET:
        values = {each.flag: each for each in [*(before.flag_values or []), *given.flag_values]}
        changes["flag_values"] = list(values.values())
    if given.scripts is not msgspec.UNSET:
        changes["scripts"] = list(dict.fromkeys([*(before.scripts or []), *given.scripts]))
    if given.blocked_by is not msgspec.UNSET:
        changes["blocked_by"] = given.blocked_by
    control = _amended_control(before, request)
    if control is not None:
        changes["button_ctrl"] = control
    return await _keep(asked, _with(before, **changes), before)


async def remove(asked: Asked, request: DeleteJob) -> LoadJobs:
    """It is gone; buttons and scenes that named it run nothing."""
    job = job_of(asked, request.job)
    await asked.tx.execute(delete(JobRow).where(keeping.key(JobRow.id) == job.id))
    await asked.publish(topics.LOAD_JOB, "", job=job.id)
    asked.after(lambda: asked.house.jobs.pop(job.id, None))
    return LoadJobs(jobs=[job])


async def remove_loads(asked: Asked, request: RemoveLoads) -> LoadJobs:
    """Drop loads from all jobs; the answer names those that were in one."""
    gone, found, changed = set(request.loads), set[int](), list[LoadJob]()
    for job in list(asked.house.jobs.values()):
        left = _without(job, gone)
        if left is not job:
            found |= _loads_of(job) & gone
            changed.append((await _keep(asked, left, job)).jobs[0])
    return LoadJobs(jobs=changed, loads=[load for load in dict.fromkeys(request.loads) if load in found])


def read(controller: Controller, request: ReadJobs) -> LoadJobs:
    """By id."""
    jobs = controller.house.jobs
    if request.job is None:
        return LoadJobs(jobs=[jobs[number] for number in sorted(jobs)])
    if request.job not in jobs:
        raise NotFound(f"job {request.job} not found", code="no_such_job")
    return LoadJobs(jobs=[jobs[request.job]])


CHANGES: dict[type[JobRequest], Callable[[Asked, Any], Awaitable[LoadJobs]]] = {
    CreateJob: create,
    ReplaceJob: replace,
    AmendJob: amend,
    DeleteJob: remove,
    RemoveLoads: remove_loads,
}


async def _keep(asked: Asked, job: LoadJob, before: LoadJob | None = None) -> LoadJobs:
    """Check, complete and store it."""
    rules.check_sections(job)
    blocker = job.blocked_by
    known = before is not None and before.blocked_by == blocker
    if isinstance(blocker, int) and not known and blocker not in asked.house.symbol_ids():
        raise Invalid(f"blocked_by: there is no flag or condition {blocker}", code="no_such_flag")
    if job.target_states is not msgspec.UNSET:
        job = _with(job, target_states=await _filled(asked, job))
    if job.button_ctrl is not msgspec.UNSET:
        job = _with(job, button_ctrl=_with_channel(asked, job.button_ctrl, before))
    await asked.tx.merge(JobRow(id=job.id, definition=job))
    await asked.publish(topics.LOAD_JOB, job, job=job.id)
    asked.after(lambda: asked.house.jobs.update({job.id: job}))
    return LoadJobs(jobs=[job])


async def _filled(asked: Asked, sections: JobSections) -> list[dict[str, Any]]:
    """Entries without attributes get the present state, of loads that are held elsewhere too."""
    entries = sections.target_states or []
    loads = asked.controller.loads
    wanted: dict[tuple[str, int], int] = {}
    for entry in entries:
        for kind in ("load", "hvacgroup"):
            number = entry.get(kind)
            if isinstance(number, int) and len(entry) == 1:
                group = loads.groups.get(number) if kind == "hvacgroup" else None
                wanted[(kind, number)] = group.loads[0] if group is not None and group.loads else number
    states = await _states(asked, set(wanted.values())) if wanted else {}
    return rules.filled(
        entries, asked.controller.known, {key: states[load] for key, load in wanted.items() if load in states}
    )


async def _states(asked: Asked, numbers: set[int]) -> dict[int, Mapping[str, Any]]:
    controller = asked.controller
    here: dict[int, Mapping[str, Any]] = {
        number: load.state for number in numbers if (load := controller.loads.get(number)) and load.driver
    }
    elsewhere = numbers - here.keys()
    if not elsewhere:
        return here
    rows = await asked.tx.execute(
        select(key(LoadStateRow.load), key(LoadStateRow.attributes)).where(key(LoadStateRow.load).in_(elsewhere))
    )
    return {**here, **dict(rows.tuples())}


def _with_channel(asked: Asked, control: ButtonControl, before: LoadJob | None) -> ButtonControl:
    had = before.button_ctrl if before is not None else msgspec.UNSET
    channel = had.ctrl_input_channel if isinstance(had, ButtonControl) else None
    channel = channel if channel is not None else asked.house.next_channel()
    return msgspec.structs.replace(control, ctrl_input_channel=channel)


def _amended_control(before: LoadJob, request: AmendJob) -> ButtonControl | None:
    """Event and button of the section, or given beside it; loads are appended."""
    section = request.sections.button_ctrl
    new = section if isinstance(section, ButtonControl) else None
    event, button = request.event or (new and new.event), request.button or (new and new.button)
    loads = [*(new.loads if new else ()), *(request.loads or ())]
    if not (event or button or loads):
        return None
    had = before.button_ctrl
    if not isinstance(had, ButtonControl):
        return ButtonControl(event=event or "click", button=button or "toggle", loads=list(dict.fromkeys(loads)))
    return msgspec.structs.replace(
        had, event=event or had.event, button=button or had.button, loads=list(dict.fromkeys([*had.loads, *loads]))
    )


def _merged(
    before: Sequence[dict[str, Any]], new: Sequence[dict[str, Any]], names: tuple[str, ...]
) -> list[dict[str, Any]]:
    merged: dict[tuple[Any, ...], dict[str, Any]] = {}
    for entry in (*before, *new):
        key = tuple(entry.get(name) for name in names)
        merged[key] = {**merged.get(key, {}), **entry}
    return list(merged.values())


def _made(number: int, sections: JobSections) -> LoadJob:
    return LoadJob(id=number, **{name: getattr(sections, name) for name in _SECTIONS})


def _with(job: LoadJob, **changes: Any) -> LoadJob:
    return msgspec.structs.replace(job, **changes)


def _without(job: LoadJob, gone: set[int]) -> LoadJob:
    """The job without these loads; the same job when it has none of them."""
    if not _loads_of(job) & gone:
        return job
    changes: dict[str, Any] = {}
    if job.target_states is not msgspec.UNSET:
        changes["target_states"] = [entry for entry in job.target_states if entry.get("load") not in gone]
    if isinstance(job.button_ctrl, ButtonControl):
        left = [load for load in job.button_ctrl.loads if load not in gone]
        changes["button_ctrl"] = msgspec.structs.replace(job.button_ctrl, loads=left)
    return _with(job, **changes)


def _loads_of(job: LoadJob) -> set[int]:
    loads = {entry.get("load") for entry in job.target_states or ()}
    if isinstance(job.button_ctrl, ButtonControl):
        loads |= set(job.button_ctrl.loads)
    return {load for load in loads if load is not None}
