"""A smart button runs its job as its type says, and tells who it is while buttons are being programmed."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts import load_topics as topics
from shared.contracts.load_jobs import ButtonControl, CreateJob, FlagValue, JobSections
from shared.contracts.smart_buttons import (
    CreateSmartButton,
    DeleteSmartButton,
    LinkSmartButton,
    PressSmartButton,
    ProgramSmartButtons,
    ReadSmartButtons,
)
from shared.errors import Invalid, NotFound
from tests.support.loads import LoadRig

SCENE, GROUPCTRL = 1, 2


@pytest.fixture
async def job(rig: LoadRig) -> int:
    sections = JobSections(
        target_states=[{"load": 2, "bri": 10000}],
        button_ctrl=ButtonControl(event="click", button="on", loads=[1]),
        flag_values=[FlagValue(flag=1, value=True)],
    )
    number = (await rig.ask(topics.JOBS, CreateJob(sections=sections))).jobs[0].id
    for button in (SCENE, GROUPCTRL):
        await rig.ask(topics.SMART_BUTTONS, LinkSmartButton(button=button, job=number))
    return int(number)


async def pressed(rig: LoadRig, button: int, event: str = "click", side: str | None = None) -> Any:
    return await rig.ask(topics.PRESS, PressSmartButton(button=button, event=event, type=side))


async def test_a_scene_sets_states_and_flags_and_presses_nothing(rig: LoadRig, job: int) -> None:
    answer = await pressed(rig, SCENE)
    record = await rig.ended(answer.run, seconds=3)
    assert (record.status, record.job.id) == ("succeeded", str(job))
    assert record.started_by is not None
    assert record.started_by.name == "smart button 1"
    assert (rig.state(1)["bri"], rig.state(2)["bri"]) == (0, 10000)
    assert rig.controller.house.flags[1].value is True
    [told] = await rig.sent(topics.SMART_BUTTON_PRESSED, button="1")
    assert (told.event, told.run, told.programming) == ("click", answer.run, False)


async def test_a_group_control_passes_events_and_sides_on(rig: LoadRig, job: int) -> None:
    await pressed(rig, GROUPCTRL, "press", "up")
    await rig.clock.advance(1)
    await pressed(rig, GROUPCTRL, "release", "up")
    await rig.clock.advance(2)
    assert 0 < rig.state(1)["bri"] < 10000
    assert rig.state(2)["bri"] == 0
    assert rig.controller.house.flags[1].value is False
    await pressed(rig, GROUPCTRL, "click", "down")
    await rig.clock.advance(3)
    assert rig.state(1)["bri"] == 0


async def test_a_scene_does_nothing_when_it_is_let_go_or_linked_to_nothing(rig: LoadRig, job: int) -> None:
    assert (await pressed(rig, SCENE, "release")).run is None
    await rig.ask(topics.SMART_BUTTONS, LinkSmartButton(button=SCENE, job=None))
    assert (await pressed(rig, SCENE)).run is None
    assert (await rig.ask(topics.SMART_BUTTONS, LinkSmartButton(button=SCENE))).buttons[0].job is None


async def test_while_programming_a_press_only_tells_who_it_was(rig: LoadRig, job: int) -> None:
    answer = await rig.ask(topics.SMART_BUTTONS, ProgramSmartButtons(on=True, timeout=60, button_type="groupctrl"))
    assert answer.programming is True
    told = await pressed(rig, SCENE)
    assert (told.programming, told.run) == (True, None)
    assert (await rig.ask(topics.SMART_BUTTONS, ReadSmartButtons(button=SCENE))).buttons[0].input_type == "groupctrl"
    await rig.clock.advance(61)
    assert (await pressed(rig, GROUPCTRL)).programming is False


async def test_an_input_channel_becomes_a_button_once(rig: LoadRig) -> None:
    first = await rig.ask(topics.SMART_BUTTONS, CreateSmartButton(device="0000c001", channel=3))
    again = await rig.ask(topics.SMART_BUTTONS, CreateSmartButton(device="0000c001", channel=3, job=5))
    assert (first.buttons[0].id, again.buttons[0].id, again.buttons[0].job) == (3, 3, 5)
    await rig.ask(topics.SMART_BUTTONS, DeleteSmartButton(button=3))
    assert (await rig.sent(topics.SMART_BUTTON, button="3"))[-1] is None
    with pytest.raises(NotFound, match="smart button 3 not found"):
        await pressed(rig, 3)


@pytest.mark.parametrize(
    "request_",
    [
        CreateSmartButton(device="", channel=0),
        CreateSmartButton(device="a", channel=300),
        CreateSmartButton(device="a", channel=0, input_type="doorbell"),
        ProgramSmartButtons(on=True, timeout=0),
        ProgramSmartButtons(on=True, button_type="doorbell"),
    ],
)
async def test_nonsense_is_refused(rig: LoadRig, request_: Any) -> None:
    with pytest.raises(Invalid):
        await rig.ask(topics.SMART_BUTTONS, request_)
    with pytest.raises(Invalid, match="no event"):
        await pressed(rig, SCENE, "hold")
