"""A run of a job ends with what the loads reported, and is blocked, skipped or failed for reasons that it names."""

from __future__ import annotations

from typing import Any

import pytest

from services.load_controller.rules.sections import SECTIONS
from shared.contracts import load_topics as topics
from shared.contracts.flags import AmendFlag, CreateCondition, ReadFlags
from shared.contracts.load_jobs import ButtonControl, CreateJob, FlagValue, JobRun, JobSections, RunJob
from shared.contracts.messages import Caller
from shared.errors import Invalid, NotFound
from tests.support.loads import LoadRig


async def stored(rig: LoadRig, **sections: Any) -> int:
    made = await rig.ask(topics.JOBS, CreateJob(sections=JobSections(**sections)))
    return int(made.jobs[0].id)


async def run(rig: LoadRig, job: int, section: str = "trigger", **more: Any) -> JobRun:
    answer: JobRun = await rig.ask(topics.RUN_JOB, RunJob(job=job, section=section, **more))
    return answer


async def test_a_run_succeeds_when_every_load_has_reported_its_target(rig: LoadRig) -> None:
    job = await stored(rig, target_states=[{"load": 1, "bri": 7000}, {"load": 2, "bri": 10000}])
    answer = await run(rig, job, "run")
    assert (answer.status, answer.job.id) == ("accepted", job)
    first = await rig.run(answer.run)
    assert (first.status, first.loads, first.job.kind) == ("running", [1, 2], "load_job")
    record = await rig.ended(answer.run, seconds=3)
    assert record.status == "succeeded"
    assert [receipt["outcome"] for receipt in record.receipts] == ["reported", "reported"]
    assert record.version > first.version
    assert rig.state(1)["bri"] == 7000


async def test_a_run_names_the_loads_that_did_not_do_it(rig: LoadRig) -> None:
    rig.drivers.virtual.fault(2, "unreachable")
    job = await stored(rig, target_states=[{"load": 1, "bri": 100}, {"load": 2, "bri": 10000}, {"load": 99, "bri": 1}])
    answer = await run(rig, job, "run")
    record = await rig.ended(answer.run, seconds=20)
    assert record.status == "partly_succeeded"
    outcomes = {receipt["load"]: receipt["outcome"] for receipt in record.receipts}
    assert outcomes == {1: "reported", 2: "unreachable", 99: "skipped"}
    assert "load 2 (Reading lamp): unreachable" in (record.reason or "")
    [told] = await rig.events("load_job_ended")
    assert [receipt["load"] for receipt in told["receipts"]] == [2, 99]


async def test_a_run_fails_when_no_load_did_it(rig: LoadRig) -> None:
    rig.drivers.virtual.fault(2, "unreachable")
    job = await stored(rig, target_states=[{"load": 2, "bri": 10000}])
    record = await rig.ended((await run(rig, job)).run, seconds=20)
    assert record.status == "failed"


async def test_a_section_that_the_job_does_not_have_succeeds_at_once(rig: LoadRig) -> None:
    job = await stored(rig, target_states=[{"load": 1, "bri": 100}])
    record = await rig.run((await run(rig, job, "ctrl")).run)
    assert (record.status, record.receipts) == ("succeeded", [])
    assert rig.state(1)["bri"] == 0


async def test_button_control_presses_the_buttons_of_all_its_loads(rig: LoadRig) -> None:
    job = await stored(rig, button_ctrl=ButtonControl(event="click", button="on", loads=[1, 2]))
    record = await rig.ended((await run(rig, job, "ctrl")).run, seconds=3)
    assert record.status == "succeeded"
    assert (rig.state(1)["bri"], rig.state(2)["bri"]) == (10000, 10000)
    record = await rig.ended((await run(rig, job, "ctrl", button="off")).run, seconds=3)
    assert record.status == "succeeded"
    assert (rig.state(1)["bri"], rig.state(2)["bri"]) == (0, 0)


@pytest.mark.parametrize("section", sorted(SECTIONS))
async def test_every_way_of_starting_a_blocked_job_is_blocked(rig: LoadRig, section: str) -> None:
    job = await stored(
        rig,
        target_states=[{"load": 2, "bri": 10000}],
        button_ctrl=ButtonControl(event="click", button="on", loads=[2]),
        flag_values=[FlagValue(flag=1, value=False)],
        blocked_by=1,
    )
    await rig.ask(topics.FLAGS, AmendFlag(flag=1, value=True))
    answer = await run(rig, job, section)
    record = await rig.run(answer.run)
    assert (answer.status, record.status) == ("blocked", "blocked")
    assert record.reason == "blocked by flag 1 (absent)"
    await rig.clock.advance(5)
    assert rig.state(2)["bri"] == 0
    assert (await rig.ask(topics.FLAGS, ReadFlags(flag=1))).flags[0].value is True
    assert len(await rig.events("load_job_blocked")) == 1


async def test_a_condition_blocks_as_a_flag_does(rig: LoadRig) -> None:
    made = await rig.ask(topics.CONDITIONS, CreateCondition(expression="not absent"))
    job = await stored(rig, target_states=[{"load": 2, "bri": 10000}], blocked_by=made.conditions[0].id)
    assert (await run(rig, job)).status == "blocked"
    await rig.ask(topics.FLAGS, AmendFlag(flag=1, value=True))
    assert (await run(rig, job)).status == "accepted"


async def test_a_run_sets_flags_and_publishes_them(rig: LoadRig) -> None:
    job = await stored(rig, flag_values=[FlagValue(flag=1, value=True), FlagValue(flag=77, value=True)])
    record = await rig.run((await run(rig, job, "setflags")).run)
    assert record.status == "succeeded"
    assert (await rig.ask(topics.FLAGS, ReadFlags(flag=1))).flags[0].value is True
    assert (await rig.sent(topics.FLAG_STATE, flag="1"))[-1].value is True


async def test_a_dry_run_says_what_would_be_done_and_does_nothing(rig: LoadRig) -> None:
    job = await stored(rig, target_states=[{"load": 2, "bri": 10000}, {"load": 99, "bri": 1}])
    answer = await run(rig, job, dry_run=True)
    assert [receipt.get("outcome") for receipt in answer.receipts] == [None, "skipped"]
    await rig.clock.advance(5)
    assert rig.state(2)["bri"] == 0
    assert await rig.sent(topics.LOAD_JOB, job=str(job))
    assert answer.run == ""


async def test_an_hvac_group_in_a_job_is_each_of_its_loads(rig: LoadRig) -> None:
    job = await stored(rig, target_states=[{"hvacgroup": 1, "target_temperature": 23.5}])
    record = await rig.ended((await run(rig, job)).run, seconds=3)
    assert record.status == "succeeded"
    assert [(each["load"], each["hvac_group"]) for each in record.receipts] == [(11, 1)]
    assert rig.state(11)["target_temperature"] == 23.5


async def test_a_job_with_scripts_says_that_they_are_off(rig: LoadRig) -> None:
    job = await stored(rig, target_states=[{"load": 2, "bri": 10000}], scripts=["nothing.py"])
    answer = await run(rig, job)
    record = await rig.ended(answer.run, seconds=3)
    assert record.status == "partly_succeeded"
    assert answer.script_error == "script 'nothing.py' not found"
    assert "script nothing.py: refused" in (record.reason or "")


async def test_a_message_that_comes_twice_runs_once(rig: LoadRig) -> None:
    job = await stored(rig, target_states=[{"load": 2, "bri": 10000}])
    request = RunJob(job=job, id="the-same", caller=Caller(name="anna", via="wiser"))
    first, second = await rig.ask(topics.RUN_JOB, request), await rig.ask(topics.RUN_JOB, request)
    assert first.run == second.run
    record = await rig.ended(first.run, seconds=3)
    assert record.started_by == Caller(name="anna", via="wiser")
    assert len(await rig.events("load_job_ended")) == 1


async def test_nonsense_is_refused_and_leaves_no_run(rig: LoadRig) -> None:
    with pytest.raises(NotFound, match="job 999 not found"):
        await run(rig, 999)
    job = await stored(rig, target_states=[])
    with pytest.raises(Invalid, match="no section"):
        await run(rig, job, "everything")
    assert len(await rig.events("command_refused")) == 0  # who asked was answered


async def test_a_report_answers_the_oldest_command_that_it_fits(rig: LoadRig) -> None:
    """Off, on, off at once, and the lamp shows the last alone: its report is no answer to the second."""
    on = await stored(rig, target_states=[{"load": 2, "bri": 10000}])
    off = await stored(rig, target_states=[{"load": 2, "bri": 0}])
    runs = [(await run(rig, job)).run for job in (off, on, off)]
    assert [(await rig.ended(each, seconds=6)).status for each in runs] == ["succeeded", "failed", "succeeded"]
