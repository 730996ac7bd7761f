"""/api/jobs: stored jobs, and what runs them."""

from __future__ import annotations

from litestar import delete, get, patch, post, put
from litestar.types import ASGIApp, Scope

from services.gateway.callers.identity import Identity
from services.gateway.dialects.wiser import errors, translate
from services.gateway.dialects.wiser.routes_common import (
    AnyRequest,
    actor,
    ask,
    body_of,
    gateway_of,
    id_of,
    reader,
    success,
    word_of,
)
from services.gateway.dialects.wiser.wire import JobBody, JobChange, LoadsBody
from services.gateway.replies import Reply
from shared.contracts import load_topics
from shared.contracts.load_jobs import (
    CreateJob,
    DeleteJob,
    JobRequest,
    JobRun,
    LoadJobs,
    ReadJobs,
    RemoveLoads,
    ReplaceJob,
    RunJob,
)
from shared.errors import Refused

ONE = "/api/jobs/{job:int}"


@get("/api/jobs", name="wiser_list_jobs")
async def list_jobs(request: AnyRequest) -> ASGIApp:
    """All jobs."""
    caller = await reader(request.scope)
    jobs: LoadJobs = await ask(request.scope, load_topics.JOBS, ReadJobs(), caller)
    return success([translate.job(each) for each in jobs.jobs])


@get(ONE, name="wiser_read_job")
async def read_job(request: AnyRequest) -> ASGIApp:
    """One job."""
    return await _one(request.scope, ReadJobs(job=id_of(request.scope, "job")), await reader(request.scope))


@post("/api/jobs", name="wiser_create_job", status_code=200)
async def create_job(request: AnyRequest) -> ASGIApp:
    """A new job with any of its sections; entries of target_states without attributes get the present state."""
    caller = await actor(request.scope)
    body = await body_of(request, JobBody)
    return await _one(request.scope, CreateJob(sections=translate.sections(body)), caller)


@put(ONE, name="wiser_replace_job")
async def replace_job(request: AnyRequest) -> ASGIApp:
    """Replace the whole job: sections that are not given are removed."""
    caller = await actor(request.scope)
    job, body = id_of(request.scope, "job"), await body_of(request, JobBody)
    return await _one(request.scope, ReplaceJob(job=job, sections=translate.sections(body)), caller)


@patch(ONE, name="wiser_amend_job")
async def amend_job(request: AnyRequest) -> ASGIApp:
    """Append loads, flag values and scripts; one that is there is changed in place."""
    caller = await actor(request.scope)
    job, body = id_of(request.scope, "job"), await body_of(request, JobChange)
    return await _one(request.scope, translate.amendment(job, body), caller)


@delete(ONE, name="wiser_delete_job", status_code=200)
async def delete_job(request: AnyRequest) -> ASGIApp:
    """Remove the job; the answer is the removed one."""
    caller = await actor(request.scope)
    return await _one(request.scope, DeleteJob(job=id_of(request.scope, "job")), caller)


@delete("/api/jobs/loads", name="wiser_remove_loads", status_code=200)
async def remove_loads(request: AnyRequest) -> ASGIApp:
    """Drop these loads from all jobs; the answer are the ids of those that were dropped."""
    caller = await actor(request.scope)
    body = await body_of(request, LoadsBody)
    removed: LoadJobs = await ask(request.scope, load_topics.JOBS, RemoveLoads(loads=body.loads), caller)
    return success(removed.loads)


@get([f"{ONE}/{section}" for section in translate.RUNS], name="wiser_run_job")
async def run_job(request: AnyRequest) -> ASGIApp:
    """Run a section (`run` target states, `ctrl`, `setflags`, `execute` scripts) or all of them (`trigger`).

    The answer comes when the run is committed, not when the loads are there; `X-Run-Id` names the run, whose record on
    MQTT says what the loads reported. A section that the job does not have does nothing, and so does a blocked job.
    """
    caller = await actor(request.scope)
    section = translate.RUNS[request.scope["path"].rpartition("/")[2]]
    return await _run(request.scope, RunJob(job=id_of(request.scope, "job"), section=section), caller)


@get(f"{ONE}/ctrl/{{event:str}}/{{button:str}}", name="wiser_run_job_button")
async def run_job_button(request: AnyRequest) -> ASGIApp:
    """Run `button_ctrl` with another event and button."""
    scope = request.scope
    caller, event, button = await actor(scope), word_of(scope, "event"), word_of(scope, "button")
    translate.check_press(event, button, of_job=True)
    return await _run(scope, RunJob(job=id_of(scope, "job"), section="ctrl", event=event, button=button), caller)


async def _run(scope: Scope, request: RunJob, caller: Identity) -> Reply:
    run: JobRun = await ask(scope, load_topics.RUN_JOB, request, caller)
    if run.script_error:
        strict = gateway_of(scope).wiser.strict_statuses
        return errors.reply_of(Refused(run.script_error, code="script_failed"), strict=strict, run=run.run)
    return success(translate.job(run.job), run.run)


async def _one(scope: Scope, request: JobRequest, caller: Identity) -> Reply:
    jobs: LoadJobs = await ask(scope, load_topics.JOBS, request, caller)
    return success(translate.job(jobs.jobs[0]))
