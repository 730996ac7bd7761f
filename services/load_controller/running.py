"""Running jobs: a run, its commands and their announcement are one commit; then the commands leave."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from services.load_controller import flags, orders, runs
from services.load_controller.asking import Asked
from services.load_controller.controller import Controller
from services.load_controller.driving import Handed
from services.load_controller.orders import GOOD_FOR, Command, Order
from services.load_controller.rules import sections
from services.load_controller.rules.sections import Plan, Step
from shared import run_states
from shared.contracts.load_jobs import JobRun, LoadJob, RunJob
from shared.contracts.loads import Receipt
from shared.contracts.messages import Caller
from shared.contracts.runs import Run, RunStatus
from shared.errors import NotFound
from shared.identifiers import new_id


async def run_job(asked: Asked, request: RunJob) -> JobRun:
    """Accept a run of a job's sections, or say what it would do."""
    job = job_of(asked, request.job)
    plan = sections.plan(job, request.section, asked.controller.known, event=request.event, button=request.button)
    if request.dry_run:
        receipts = _receipts(asked.controller, _orders(asked.controller, plan, "", asked.now), plan)
        return _answer("", job, asked.house.blocked(job), "accepted", receipts)
    started_by = request.started_by
    caller = (
        asked.caller if started_by is None else Caller(name=started_by, via=asked.caller.via, role=asked.caller.role)
    )
    return await accept(asked, job, plan, caller)


def job_of(asked: Asked, job: int) -> LoadJob:
    """The job of that id. Raises `NotFound`."""
    found = asked.house.jobs.get(job)
    if found is None:
        raise NotFound(f"job {job} not found", code="no_such_job")
    return found


async def accept(
    asked: Asked, job: LoadJob, plan: Plan, caller: Caller, *, pressed: tuple[Any, ...] | None = None
) -> JobRun:
    """Store the run and what it has to do. One that is blocked is stored with its reason, and does nothing."""
    controller, run = asked.controller, new_id()
    reason = asked.house.blocked(job)
    if reason is not None:
        record = run_states.advance(
            _requested(run, job, caller, asked.now), RunStatus.BLOCKED, asked.now, reason=reason
        )
        await runs.store(asked.tx, controller.telling(), record)
        return _answer(run, job, reason, "blocked", [])
    for flag in plan.flags:
        await flags.set_by_run(asked, flag.flag, flag.value)
    ordered = _orders(controller, plan, run, asked.now, pressed)
    scripts = [order for order in ordered if order.command.script is not None]
    driven = [order for order in ordered if order.command.script is None and controller.serves_load(order.load)]
    handed = [controller.driving.resolve(order) for order in driven]
    receipts = _receipts(controller, ordered, plan)
    record = runs.accepted(run, job.id, caller, receipts, asked.now)
    if not ordered:
        record = runs.ended(record, receipts, asked.now)
    for order in ordered:
        await orders.store(asked.tx, order)
    await runs.store(asked.tx, controller.telling(), record)
    asked.after(lambda: give(controller, handed))
    if scripts:
        asked.after(lambda: controller.script_runs.begin(run, scripts))
    return _answer(run, job, None, "accepted", receipts)


def give(controller: Controller, handed: Sequence[Handed]) -> None:
    """The commands leave now."""
    for each in handed:
        controller.driving.give(each)


def _orders(
    controller: Controller, plan: Plan, run: str, now: datetime, pressed: tuple[Any, ...] | None = None
) -> list[Order]:
    until = now + timedelta(seconds=GOOD_FOR)
    commands = [pair for step in plan.steps for pair in _commands(controller, step)]
    entry, arguments = ("onStart", []) if pressed is None else ("onButtonEvent", list(pressed))
    commands += [(0, Command(script=name, entry=entry, arguments=arguments, once=True)) for name in plan.scripts]
    return [Order(run, number, load, command, until) for number, (load, command) in enumerate(commands)]


def _commands(controller: Controller, step: Step) -> list[tuple[int, Command]]:
    """A step for an hvac group is one for each of its loads."""
    if step.hvac_group is not None:
        group = controller.loads.groups[step.hvac_group]
        return [(load, Command(target=step.target, group=group.id)) for load in group.loads]
    assert step.load is not None
    if step.press is not None:
        return [(step.load, Command(button=step.press.button, event=step.press.event))]
    return [(step.load, Command(target=step.target))]


def _receipts(controller: Controller, ordered: Sequence[Order], plan: Plan) -> list[Receipt]:
    said = [order.receipt(controller.loads.name_of(order.load)) for order in ordered]
    empty = [step for step in plan.steps if step.hvac_group is not None and not _commands(controller, step)]
    skipped = [
        Receipt(hvac_group=step.hvac_group, name=step.name, target=step.target or {}, outcome="skipped",
                reason="it has no loads")
        for step in empty
    ]  # fmt: skip
    return [*said, *skipped, *plan.skipped]


def _requested(run: str, job: LoadJob, caller: Caller, now: datetime) -> Run:
    return msgspec.structs.replace(runs.accepted(run, job.id, caller, [], now), status=RunStatus.REQUESTED,
                                   accepted_at=None, started_at=None)  # fmt: skip


def _answer(run: str, job: LoadJob, reason: str | None, status: str, receipts: Sequence[Receipt]) -> JobRun:
    shown: list[dict[str, Any]] = [msgspec.to_builtins(receipt) for receipt in receipts]
    return JobRun(run=run, status="blocked" if reason else status, job=job, reason=reason, receipts=shown)
