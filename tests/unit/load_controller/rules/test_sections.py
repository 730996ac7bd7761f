"""From a job to the steps of its run."""

from __future__ import annotations

from typing import Any

import pytest

from services.load_controller.rules.sections import (
    MOST,
    SECTIONS,
    House,
    KnownLoad,
    Step,
    check_sections,
    filled,
    plan,
)
from services.load_controller.rules.words import Press
from shared.contracts.load_jobs import ButtonControl, FlagValue, JobSections
from shared.errors import Invalid, TooLarge

HOUSE = House(
    loads={
        1: KnownLoad("dim", name="Ceiling"),
        2: KnownLoad("motor", name="Blinds"),
        3: KnownLoad("hvac", name="Valve"),
        4: KnownLoad("dali", "rgb"),
    },
    groups={1: "Living room"},
)
JOB = JobSections(
    target_states=[{"load": 1, "bri": 10000}],
    button_ctrl=ButtonControl(event="click", button="up", loads=[2]),
    flag_values=[FlagValue(flag=1, value=True)],
    scripts=["a.py"],
)
TARGET = Step(load=1, name="Ceiling", target={"bri": 10000})
PRESS = Step(load=2, name="Blinds", press=Press("up"))


@pytest.mark.parametrize(
    ("section", "steps", "flags", "scripts"),
    [
        ("run", [TARGET], False, False),
        ("ctrl", [PRESS], False, False),
        ("setflags", [], True, False),
        ("execute", [], False, True),
        ("trigger", [TARGET, PRESS], True, True),
        ("scene", [TARGET], True, True),
        ("groupctrl", [PRESS], False, True),
    ],
)
def test_a_section_runs_its_part_of_the_job(section: str, steps: list[Step], flags: bool, scripts: bool) -> None:
    made = plan(JOB, section, HOUSE)
    assert (made.steps, bool(made.flags), bool(made.scripts), made.skipped) == (steps, flags, scripts, [])


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_that_the_job_lacks_is_nothing_to_do(section: str) -> None:
    made = plan(JobSections(), section, HOUSE)
    assert (made.steps, made.flags, made.scripts, made.skipped) == ([], [], [], [])


def test_flags_come_first_and_then_targets_buttons_and_scripts() -> None:
    assert SECTIONS["trigger"] == ("flag_values", "target_states", "button_ctrl", "scripts")


def test_another_section_is_refused() -> None:
    with pytest.raises(Invalid) as refusal:
        plan(JOB, "everything", HOUSE)
    assert refusal.value.code == "no_such_section"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"load": 99, "bri": 1}, "load 99 not found"),
        ({"load": 1, "level": 1}, "no attribute 'level'"),
        ({"load": 3, "bri": 1}, "no attribute 'bri'"),
        ({"load": 1}, "say what"),
        ({"hvacgroup": 9, "target_temperature": 20}, "hvac group 9 not found"),
        ({"hvacgroup": 1, "bri": 20}, "no attribute 'bri'"),
    ],
)
def test_what_the_house_cannot_do_is_skipped_and_said(entry: dict[str, Any], said: str) -> None:
    made = plan(JobSections(target_states=[entry, {"load": 2, "level": 0}]), "run", HOUSE)
    assert [step.load for step in made.steps] == [2]
    (receipt,) = made.skipped
    assert receipt.outcome == "skipped"
    assert said in (receipt.reason or "")
    assert (receipt.load, receipt.hvac_group) == (entry.get("load"), entry.get("hvacgroup"))


def test_one_load_is_told_once_and_the_later_entry_wins() -> None:
    entries = [{"load": 2, "level": 10, "tilt": 3}, {"load": 1, "bri": 1}, {"load": 2, "level": 20}]
    made = plan(JobSections(target_states=entries), "run", HOUSE)
    assert [(step.load, step.target) for step in made.steps] == [(2, {"level": 20, "tilt": 3}), (1, {"bri": 1})]


def test_an_hvac_group_is_a_step_of_its_own() -> None:
    entries = [{"hvacgroup": 1, "target_temperature": 21.5, "boost_temperature": -99}]
    (step,) = plan(JobSections(target_states=entries), "run", HOUSE).steps
    assert (step.hvac_group, step.name) == (1, "Living room")
    assert step.target == {"target_temperature": 21.5, "boost_temperature": -99}


def test_event_and_button_of_the_request_replace_those_of_the_job() -> None:
    (step,) = plan(JOB, "ctrl", HOUSE, event="press", button="down").steps
    assert step.press == Press("down", "press")


@pytest.mark.parametrize(("event", "button"), [("on", "up"), ("click", "sideways")])
def test_a_wrong_event_or_button_of_the_request_is_refused(event: str, button: str) -> None:
    with pytest.raises(Invalid):
        plan(JOB, "ctrl", HOUSE, event=event, button=button)


@pytest.mark.parametrize(
    ("event", "button", "loads", "said"),
    [
        ("on", "up", [1], "no event 'on'"),
        ("click", "middle", [1], "no button 'middle'"),
        ("click", "up down", [1], "both sides"),
        ("click", "up", [3], "has no buttons"),
        ("click", "up", [99], "load 99 not found"),
    ],
)
def test_a_stored_press_that_cannot_be_is_skipped(event: str, button: str, loads: list[int], said: str) -> None:
    job = JobSections(button_ctrl=ButtonControl(event=event, button=button, loads=loads))
    made = plan(job, "ctrl", HOUSE)
    assert made.steps == []
    assert [said in (receipt.reason or "") for receipt in made.skipped] == [True]


def test_the_side_of_a_rocker_comes_with_the_press() -> None:
    job = JobSections(button_ctrl=ButtonControl(event="click", button="up down", loads=[1, 1]))
    assert [step.press for step in plan(job, "groupctrl", HOUSE, button="down").steps] == [Press("down")]


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"bri": 1},
        {"load": 1, "hvacgroup": 1, "bri": 1},
        {"load": "1"},
        {"load": True},
        {"load": -1},
        {"load": 2**31},
        {"load": 1, "bri": 10001},
        {"load": 1, "bri": "x"},
        {"load": 1, "bri": {"deep": []}},
        {"load": 1, "brightness": 5},
        {"load": 1, "rgb": "red"},
    ],
)
def test_nonsense_is_not_stored(entry: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        check_sections(JobSections(target_states=[entry]))


@pytest.mark.parametrize(
    "entry", [{"load": 99, "bri": 1}, {"load": 1, "level": 5}, {"load": 1}, {"load": 4, "rgb": "#001122"}]
)
def test_what_a_real_gateway_would_store_is_stored(entry: dict[str, Any]) -> None:
    check_sections(JobSections(target_states=[entry], button_ctrl=ButtonControl(event="on", button="?", loads=[77])))


@pytest.mark.parametrize(
    "sections",
    [
        JobSections(target_states=[{"load": 1, "bri": 1}] * (MOST + 1)),
        JobSections(scripts=["a"] * (MOST + 1)),
        JobSections(button_ctrl=ButtonControl(event="click", button="on", loads=[1] * (MOST + 1))),
    ],
)
def test_too_much_is_not_stored(sections: JobSections) -> None:
    with pytest.raises(TooLarge):
        check_sections(sections)


def test_an_entry_without_attributes_gets_the_present_state() -> None:
    states: dict[tuple[str, int], dict[str, Any]] = {
        ("load", 1): {"bri": 700, "flags": {"fading": 0}},
        ("load", 2): {"level": 5, "moving": "stop"},
        ("hvacgroup", 1): {"target_temperature": 20.5, "ambient_temperature": 19},
    }
    entries = [{"load": 1}, {"load": 2}, {"hvacgroup": 1}, {"load": 99}, {"load": 1, "bri": 1}]
    assert filled(entries, HOUSE, states) == [
        {"load": 1, "bri": 700},
        {"load": 2, "level": 5},
        {"hvacgroup": 1, "target_temperature": 20.5},
        {"load": 99},
        {"load": 1, "bri": 1},
    ]
