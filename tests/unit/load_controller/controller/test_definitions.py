"""Jobs, flags, conditions, records and scripts are stored as given, completed by their owner, and published."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET

from shared.contracts import load_topics as topics
from shared.contracts.flags import (
    AmendCondition,
    AmendFlag,
    CreateCondition,
    CreateFlag,
    DeleteFlag,
    ReadConditions,
    ReadFlags,
)
from shared.contracts.house import (
    DeleteRecord,
    DeleteScript,
    LinkScript,
    ReadRecords,
    ReadScripts,
    StartScript,
    WriteRecord,
    WriteScript,
)
from shared.contracts.load_jobs import (
    AmendJob,
    ButtonControl,
    CreateJob,
    DeleteJob,
    FlagValue,
    JobSections,
    LoadJob,
    ReadJobs,
    RemoveLoads,
    ReplaceJob,
)
from shared.contracts.loads import SetLoad
from shared.errors import Conflict, Invalid, NotFound, Refused, TooLarge
from tests.support.loads import LoadRig, load_rig


async def created(rig: LoadRig, **sections: Any) -> LoadJob:
    made = await rig.ask(topics.JOBS, CreateJob(sections=JobSections(**sections)))
    job: LoadJob = made.jobs[0]
    return job


async def amended(rig: LoadRig, job: int, *, beside: dict[str, Any] | None = None, **sections: Any) -> LoadJob:
    made = await rig.ask(topics.JOBS, AmendJob(job=job, sections=JobSections(**sections), **(beside or {})))
    found: LoadJob = made.jobs[0]
    return found


async def test_a_job_is_stored_as_given_and_absent_sections_stay_absent(rig: LoadRig) -> None:
    entries = [{"load": 1, "bri": 10000}, {"load": 99, "level": 3}, {"load": 2, "tilt": 1}]
    job = await created(rig, target_states=entries)
    assert job.target_states == entries
    assert (job.button_ctrl, job.flag_values, job.scripts, job.blocked_by) == (UNSET, UNSET, UNSET, UNSET)
    assert (await rig.ask(topics.JOBS, ReadJobs(job=job.id))).jobs == [job]
    assert await rig.sent(topics.LOAD_JOB, job=str(job.id)) == [job]


async def test_ids_grow_and_never_come_back(rig: LoadRig) -> None:
    first, second = await created(rig), await created(rig)
    await rig.ask(topics.JOBS, DeleteJob(job=second.id))
    assert (await created(rig)).id == second.id + 1 == first.id + 2
    assert (await rig.sent(topics.LOAD_JOB, job=str(second.id)))[-1] is None  # the retained topic was cleared
    with pytest.raises(NotFound, match=f"job {second.id} not found"):
        await rig.ask(topics.JOBS, ReadJobs(job=second.id))


async def test_an_entry_without_attributes_is_filled_with_the_present_state(rig: LoadRig) -> None:
    await rig.ask(topics.COMMAND_LOAD, SetLoad(load=1, bri=4200))
    await rig.clock.advance(3)
    await rig.reports(1, bri=4200)
    job = await created(rig, target_states=[{"load": 1}, {"load": 4}, {"hvacgroup": 1}])
    assert job.target_states == [
        {"load": 1, "bri": 4200},
        {"load": 4, "level": 0, "tilt": 0},
        {"hvacgroup": 1, "target_temperature": 21.0, "boost_temperature": 0},
    ]


async def test_the_channel_of_a_button_control_is_given_once_from_sixteen_on(rig: LoadRig) -> None:
    control = ButtonControl(event="click", button="on", loads=[1], ctrl_input_channel=99)
    first, second = await created(rig, button_ctrl=control), await created(rig, button_ctrl=control)
    assert [job.button_ctrl.ctrl_input_channel for job in (first, second)] == [16, 17]  # type: ignore[union-attr]
    replaced = await rig.ask(topics.JOBS, ReplaceJob(job=second.id, sections=JobSections(button_ctrl=control)))
    assert replaced.jobs[0].button_ctrl.ctrl_input_channel == 17


async def test_a_replacement_removes_what_it_does_not_give(rig: LoadRig) -> None:
    job = await created(rig, target_states=[{"load": 1, "bri": 1}], scripts=["a.py"], blocked_by=1)
    made = await rig.ask(topics.JOBS, ReplaceJob(job=job.id, sections=JobSections(scripts=["b.py"])))
    assert made.jobs == [LoadJob(id=job.id, scripts=["b.py"])]


async def test_an_amendment_appends_and_changes_in_place(rig: LoadRig) -> None:
    job = await created(
        rig,
        target_states=[{"load": 1, "bri": 1}],
        flag_values=[FlagValue(flag=1, value=True)],
        button_ctrl=ButtonControl(event="click", button="on", loads=[1]),
    )
    found = await amended(
        rig, job.id, target_states=[{"load": 2, "bri": 10000}, {"load": 1, "bri": 2}],
        flag_values=[FlagValue(flag=1, value=False)], scripts=["a.py"], beside={"button": "off", "loads": [1, 2]},
    )  # fmt: skip
    assert found.target_states == [{"load": 1, "bri": 2}, {"load": 2, "bri": 10000}]
    assert found.flag_values == [FlagValue(flag=1, value=False)]
    assert found.scripts == ["a.py"]
    assert found.button_ctrl == ButtonControl(event="click", button="off", loads=[1, 2], ctrl_input_channel=16)


async def test_loads_are_dropped_from_all_jobs(rig: LoadRig) -> None:
    job = await created(
        rig,
        target_states=[{"load": 1, "bri": 1}, {"load": 2, "bri": 0}],
        button_ctrl=ButtonControl(event="click", button="on", loads=[1, 2]),
    )
    answer = await rig.ask(topics.JOBS, RemoveLoads(loads=[2, 77]))
    assert answer.loads == [2]
    [left] = (await rig.ask(topics.JOBS, ReadJobs(job=job.id))).jobs
    assert (left.target_states, left.button_ctrl.loads) == ([{"load": 1, "bri": 1}], [1])


@pytest.mark.parametrize(
    ("sections", "error"),
    [
        ({"target_states": [{"bri": 1}]}, Invalid),
        ({"target_states": [{"load": "one", "bri": 1}]}, Invalid),
        ({"target_states": [{"load": 1, "bri": 10001}]}, Invalid),
        ({"target_states": [{"load": 1, "bri": "full"}]}, Invalid),
        ({"target_states": [{"load": 1, "bri": True}]}, Invalid),
        ({"target_states": [{"load": 1, "colour": 1}]}, Invalid),
        ({"target_states": [{"load": 1, "bri": 1}] * 1001}, TooLarge),
        ({"scripts": ["a.py"] * 1001}, TooLarge),
        ({"blocked_by": 77}, Invalid),
    ],
)
async def test_nonsense_in_a_job_is_refused_and_nothing_is_stored(
    rig: LoadRig, sections: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await created(rig, **sections)
    assert (await rig.ask(topics.JOBS, ReadJobs())).jobs == []


async def test_flags_have_unique_symbols_and_share_their_ids_with_conditions(rig: LoadRig) -> None:
    flag = (await rig.ask(topics.FLAGS, CreateFlag(symbol="night", name="Night"))).flags[0]
    condition = (await rig.ask(topics.CONDITIONS, CreateCondition(expression="not night"))).conditions[0]
    assert (flag.id, condition.id, condition.value) == (2, 3, True)
    with pytest.raises(Conflict, match="night"):
        await rig.ask(topics.FLAGS, CreateFlag(symbol="night"))
    with pytest.raises(Invalid, match="symbol"):
        await rig.ask(topics.FLAGS, AmendFlag(flag=2, symbol="day and night"))
    await rig.ask(topics.FLAGS, AmendFlag(flag=2, value=True))
    [found] = (await rig.ask(topics.CONDITIONS, ReadConditions(condition=3))).conditions
    assert found.value is False
    await rig.ask(topics.FLAGS, DeleteFlag(flag=2))
    assert [each.id for each in (await rig.ask(topics.FLAGS, ReadFlags())).flags] == [1]
    assert (await rig.sent(topics.FLAG_STATE, flag="2"))[-1] is None


async def test_a_condition_that_cannot_be_parsed_is_refused_with_the_place(rig: LoadRig) -> None:
    with pytest.raises(Invalid) as refused:
        await rig.ask(topics.CONDITIONS, CreateCondition(expression="not (night"))
    assert refused.value.detail is not None
    made = (await rig.ask(topics.CONDITIONS, CreateCondition(expression="absent", name="Away"))).conditions[0]
    with pytest.raises(Invalid):
        await rig.ask(topics.CONDITIONS, AmendCondition(condition=made.id, expression="and"))
    [found] = (await rig.ask(topics.CONDITIONS, ReadConditions())).conditions
    assert (found.expression, found.name) == ("absent", "Away")


async def test_records_keep_what_clients_put_into_them(rig: LoadRig) -> None:
    scene = (await rig.ask(topics.RECORDS, WriteRecord(kind="scene", values={"name": "Evening", "job": 7}))).records[0]
    assert scene == {"id": 1, "name": "Evening", "kind": 0, "job": 7}
    changed = WriteRecord(kind="scene", record=1, values={"colour": "red"})
    assert (await rig.ask(topics.RECORDS, changed)).records == [{**scene, "colour": "red"}]
    rooms = (await rig.ask(topics.RECORDS, ReadRecords(kind="room"))).records
    assert [room["name"] for room in rooms] == ["Living room", "Kitchen", "Hall"]
    assert rooms[0]["load_order"] == [1, 2, 3, 4, 11]
    await rig.ask(topics.RECORDS, WriteRecord(kind="site", values={"scenes_order": [1]}))
    assert (await rig.ask(topics.RECORDS, ReadRecords(kind="site"))).records == [{"id": 1, "scenes_order": [1]}]
    await rig.ask(topics.RECORDS, DeleteRecord(kind="scene", record=1))
    with pytest.raises(NotFound, match="scene 1 not found"):
        await rig.ask(topics.RECORDS, DeleteRecord(kind="scene", record=1))
    with pytest.raises(Invalid, match="kind"):
        await rig.ask(topics.RECORDS, ReadRecords(kind="dog"))
    with pytest.raises(Invalid):
        await rig.ask(topics.RECORDS, WriteRecord(kind="scene", values={"name": 5}))


async def test_scripts_are_stored_and_not_executed(rig: LoadRig) -> None:
    text = "async def onStart():\n    pass\n"
    made = (await rig.ask(topics.SCRIPTS, WriteScript(name="a.py", text=text))).scripts[0]
    assert (made.size, made.running) == (len(text), False)
    assert (await rig.ask(topics.SCRIPTS, ReadScripts(name="a.py", with_text=True))).text == text
    with pytest.raises(Refused) as refused:
        await rig.ask(topics.SCRIPTS, StartScript(name="a.py"))
    assert refused.value.code == "scripts_off"
    linked = await rig.ask(topics.SCRIPTS, LinkScript(name="a.py", entry="*/5 * * * *"))
    assert linked.scripts[0].cron == "*/5 * * * *"
    for name in ("../a.py", "", "x" * 80):
        with pytest.raises(Invalid):
            await rig.ask(topics.SCRIPTS, WriteScript(name=name, text=""))
    with pytest.raises(TooLarge):
        await rig.ask(topics.SCRIPTS, WriteScript(name="big.py", text="x" * 300_000))
    await rig.ask(topics.SCRIPTS, DeleteScript(name="a.py"))
    assert (await rig.ask(topics.SCRIPTS, ReadScripts())).scripts == []


@pytest.mark.database("sqlite")
async def test_what_clients_changed_wins_over_the_settings_after_a_new_start(database_settings: Any) -> None:
    async with load_rig(database_settings) as rig:
        await rig.ask(topics.FLAGS, AmendFlag(flag=1, value=True))
        await rig.ask(topics.RECORDS, WriteRecord(kind="room", record=1, values={"name": "Salon"}))
        job = await created(rig, target_states=[{"load": 1, "bri": 1}])
    async with load_rig(database_settings) as again:
        assert (await again.ask(topics.FLAGS, ReadFlags(flag=1))).flags[0].value is True
        assert (await again.ask(topics.RECORDS, ReadRecords(kind="room", record=1))).records[0]["name"] == "Salon"
        assert (await again.ask(topics.JOBS, ReadJobs())).jobs == [job]
        assert (await created(again)).id == job.id + 1
