"""The shape of every answer, and what the owners are asked for."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from shared.contracts import load_topics
from shared.contracts.load_jobs import AmendJob, CreateJob, JobRun, LoadJob, RunJob
from shared.contracts.loads import ChangeLoad, ControlLoad, PingLoad, SetHvacGroup, SetLoad, TargetState
from shared.contracts.timers import AmendTimer, CreateTimer, ReplaceTimer, TimerWhen
from shared.errors import OutcomeUnknown, Unavailable
from tests.support.gateway import RunningGateway
from tests.support.house import RUN, ScriptedHouse

ZEROS = dict.fromkeys(("over_current", "fading", "noise", "direction", "over_temperature"), 0)
BUTTON = {
    "id": 6, "device": "0000b001", "device_addr": 0xB001, "channel": 0, "input_channel": 0, "input_type": "scene",
    "job": None,
}  # fmt: skip


async def data(house: ScriptedHouse, method: str, path: str, body: Any = None) -> Any:
    answer = await house.running.client.request(method, path, json=body)
    assert answer.headers["cache-control"] == "no-store"
    assert (answer.status_code, answer.json()["status"]) == (200, "success"), answer.text
    return answer.json()["data"]


@pytest.mark.parametrize("mount", ["", "/wiser"])
async def test_loads_are_what_their_controllers_published(house: ScriptedHouse, mount: str) -> None:
    loads = await data(house, "GET", f"{mount}/api/loads")
    assert loads[0] == {
        "id": 1, "name": "Load 1", "type": "dim", "sub_type": "", "device": "00000001", "channel": 0, "unused": False,
    }  # fmt: skip
    await house.state(1, bri=7000, flags={"fading": 1})
    assert (await data(house, "GET", f"{mount}/api/loads/1"))["state"] == {"bri": 7000, "flags": {**ZEROS, "fading": 1}}
    assert await data(house, "GET", f"{mount}/api/loads/2/state") == {"id": 2, "state": {"bri": 0}}
    states = await data(house, "GET", f"{mount}/api/loads/state")
    assert [each["id"] for each in states] == [1, 2, 4]
    assert states[2]["state"]["flags"]["locked"] == 0


@pytest.mark.parametrize(
    ("method", "path", "body", "wanted", "answer"),
    [
        ("PUT", "target_state", {"bri": 5000}, SetLoad(load=1, target=TargetState(bri=5000)), {"bri": 5000}),
        ("PUT", "state", {"level": 1, "tilt": 2}, SetLoad(load=1, target=TargetState(level=1, tilt=2)), None),
        (
            "PUT", "target_state", {"bri": 9, "rgb": "#0102ff"},
            SetLoad(load=1, target=TargetState(bri=9, red=1, green=2, blue=255)), None,
        ),
    ],
)  # fmt: skip
async def test_a_target_state_is_repeated_as_sent(
    house: ScriptedHouse, method: str, path: str, body: Any, wanted: SetLoad, answer: Any
) -> None:
    assert await data(house, method, f"/api/loads/1/{path}", body) == {"id": 1, "target_state": answer or body}
    asked = house.wanted()[-1]
    assert (asked.load, asked.target) == (wanted.load, wanted.target)
    assert (asked.caller.name, asked.caller.via, asked.caller.role) == ("olga", "wiser", "operator")


async def test_buttons_of_loads_are_pressed_by_body_and_by_path(house: ScriptedHouse) -> None:
    expected = {"id": 4, "ctrl": {"button": "up", "event": "press"}}
    assert await data(house, "PUT", "/api/loads/4/ctrl", {"button": "up", "event": "press"}) == expected
    assert await data(house, "GET", "/api/loads/4/ctrl/press/up") == expected
    for asked in house.wanted():
        assert isinstance(asked, ControlLoad)
        assert (asked.load, asked.button, asked.event) == (4, "up", "press")


async def test_a_load_shows_itself_and_is_named(house: ScriptedHouse) -> None:
    shown = {"time_ms": 2000, "blink_pattern": "ramp", "color": "#0000FF"}
    assert await data(house, "GET", "/api/loads/1/ping") == shown
    assert await data(house, "PUT", "/api/loads/1/ping", {"time_ms": 500}) == {**shown, "time_ms": 500}
    load = await data(house, "GET", "/api/loads/1")
    await data(house, "PATCH", "/api/loads/1", {**load, "name": "Spots", "room": 3})
    ping, change = house.wanted()[-2:]
    assert isinstance(ping, PingLoad)
    assert ping.time_ms == 500
    assert isinstance(change, ChangeLoad)
    assert (change.name, change.room, change.kind) == ("Spots", 3, msgspec.UNSET)


async def test_groups_are_heated(house: ScriptedHouse) -> None:
    assert await data(house, "GET", "/api/hvacgroups") == [{"id": 1, "name": "Living room", "loads": [11]}]
    assert await data(house, "GET", "/api/hvacgroups/state") == []
    await house.group_state(1, ambient_temperature=20.5, unit="°C")
    state = {"id": 1, "state": {"ambient_temperature": 20.5, "unit": "°C"}}
    assert await data(house, "GET", "/api/hvacgroups/state") == [state]
    assert await data(house, "GET", "/api/hvacgroups/1/state") == state
    target = {"target_temperature": 21.5, "boost_temperature": -99.0}
    assert await data(house, "PUT", "/api/hvacgroups/1/target_state", target) == {"id": 1, "target_state": target}
    asked = house.wanted()[-1]
    assert isinstance(asked, SetHvacGroup)
    assert (asked.group, asked.target_temperature, asked.boost_temperature) == (1, 21.5, -99.0)


@pytest.mark.parametrize("section", ["run", "ctrl", "trigger", "setflags", "execute"])
async def test_running_a_section_answers_the_job_and_names_the_run(house: ScriptedHouse, section: str) -> None:
    job = await data(house, "POST", "/api/jobs", {"target_states": [{"load": 1, "bri": 10000}]})
    answer = await house.running.client.get(f"/api/jobs/20/{section}")
    assert (answer.json()["data"], answer.headers["x-run-id"]) == (job, RUN)
    asked = house.wanted()[-1]
    assert isinstance(asked, RunJob)
    assert (asked.job, asked.section) == (20, section)


async def test_a_job_is_pressed_otherwise_by_its_path(house: ScriptedHouse) -> None:
    await data(house, "POST", "/api/jobs", {"button_ctrl": {"event": "click", "button": "on", "loads": [1]}})
    await data(house, "GET", "/api/jobs/20/ctrl/press/down")
    asked = house.wanted()[-1]
    assert (asked.section, asked.event, asked.button) == ("ctrl", "press", "down")


async def test_the_last_line_of_a_scripts_traceback_is_the_error_and_the_run_is_named(house: ScriptedHouse) -> None:
    failed = JobRun(run=RUN, status="failed", job=LoadJob(id=20), script_error="ValueError: no such blind")
    house.running.owner.answers[load_topics.RUN_JOB] = failed
    answer = await house.running.client.get("/api/jobs/20/execute")
    assert answer.json() == {"status": "error", "message": "ValueError: no such blind"}
    assert answer.headers["x-run-id"] == RUN


async def test_what_clients_send_back_of_a_job_is_ignored(house: ScriptedHouse) -> None:
    control = {"ctrl_input_channel": 99, "event": "on", "button": "up down", "loads": []}
    job = await data(house, "POST", "/api/jobs", {"id": 7, "triggers": [1], "button_ctrl": control, "scripts": None})
    assert job == {"id": 20, "button_ctrl": {**control, "ctrl_input_channel": 16}}
    assert await data(house, "PUT", "/api/jobs/20", {}) == {"id": 20}


async def test_a_patch_appends(house: ScriptedHouse) -> None:
    await data(house, "POST", "/api/jobs", {})
    change = {
        "target_states": [{"load": 2}], "button_ctrl": {"loads": [5]}, "flag_values": [{"flag": 1, "value": True}],
        "scripts": ["a.py"], "blocked_by": None,
    }  # fmt: skip
    house.running.owner.answers[load_topics.JOBS] = lambda asked: house._jobs(CreateJob(sections=asked.sections))
    await data(house, "PATCH", "/api/jobs/20", change)
    asked = house.wanted()[-1]
    assert isinstance(asked, AmendJob)
    assert (asked.job, asked.event, asked.button, asked.loads) == (20, None, None, [5])
    assert asked.sections.target_states == [{"load": 2}]
    assert asked.sections.blocked_by is None
    assert asked.sections.button_ctrl is msgspec.UNSET


async def test_loads_are_dropped_from_all_jobs_by_a_delete_with_a_body(house: ScriptedHouse) -> None:
    assert await data(house, "DELETE", "/api/jobs/loads", {"loads": [1, 2]}) == [1, 2]


async def test_smart_buttons_have_the_members_of_both_descriptions(house: ScriptedHouse) -> None:
    assert await data(house, "GET", "/api/smartbuttons") == [BUTTON]
    assert await data(house, "GET", "/api/smartbuttons/6") == BUTTON
    assert await data(house, "PATCH", "/api/smartbuttons/6", {**BUTTON, "job": 20}) == BUTTON
    assert house.wanted()[-1].job == 20
    await data(house, "PATCH", "/api/smartbuttons/6", {"job": None})
    assert house.wanted()[-1].job is None
    assert await data(house, "POST", "/api/smartbuttons", {"device": "00AB", "channel": 1}) == [BUTTON]
    assert house.wanted()[-1].device == "00ab"
    programmed = {"on": True, "timeout": 60, "button_type": "scene", "owner": "user"}
    assert await data(house, "POST", "/api/smartbuttons/program", {"on": True}) == programmed


async def test_a_press_ends_the_wait_for_one(house: ScriptedHouse) -> None:
    waiting = asyncio.create_task(data(house, "GET", "/api/smartbuttons/notify"))
    await house.running.clock.until_asleep()
    await house.press()
    assert await waiting == {"button": 6, "id": 6, "device": "0000b001", "channel": 0}


async def test_nobody_pressed_is_said_in_the_words_clients_know(house: ScriptedHouse) -> None:
    await data(house, "POST", "/api/smartbuttons/program", {"on": True, "timeout": 5})
    waiting = asyncio.create_task(house.running.client.get("/api/smartbuttons/notify"))
    await house.running.clock.until_asleep()
    await house.running.clock.advance(5)
    assert (await waiting).json() == {"status": "error", "message": "no button pressed"}


async def test_timers_keep_what_they_do_not_know(house: ScriptedHouse) -> None:
    when = {"every": "Mon,Wed", "at": "sr:-30"}
    await data(house, "POST", "/api/timers", {"job": 20, "when": when, "icon": {"a": [1]}, "id": 99})
    created = house.wanted()[-1]
    assert isinstance(created, CreateTimer)
    assert (created.job, created.when, created.extra) == (20, TimerWhen(**when), {"icon": {"a": [1]}})
    await data(house, "PUT", "/api/timers/3", {"when": {"at": "08:00"}})
    replaced = house.wanted()[-1]
    assert isinstance(replaced, ReplaceTimer)
    assert (replaced.enabled, replaced.job, replaced.when) == (True, None, TimerWhen(at="08:00"))
    await data(house, "PATCH", "/api/timers/3", {"when": {"at": "ss:0"}, "enabled": False})
    amended = house.wanted()[-1]
    assert isinstance(amended, AmendTimer)
    assert (amended.timer, amended.enabled, amended.job, amended.every, amended.at) == (
        3, False, msgspec.UNSET, msgspec.UNSET, "ss:0",
    )  # fmt: skip
    shown = {"id": 3, "enabled": True, "job": None, "when": {"every": "Mon,Tue,Wed,Thu,Fri,Sat,Sun", "at": "00:00"}}
    assert await data(house, "GET", "/api/timers") == [shown]


async def test_the_start_of_home_assistant_finds_everything(house: ScriptedHouse) -> None:
    info = await data(house, "GET", "/api/info")
    assert info["api"] == "5.1"
    assert {"product", "instance_id", "sn", "sw", "boot", "hw"} <= info.keys()
    for path in ("info/debug", "rooms", "devices/*", "jobs", "scenes", "loads/state", "system/health", "net/rssi"):
        await data(house, "GET", f"/api/{path}")
    assert await data(house, "GET", "/api/site") == {"name": "Jobwire"}
    health = await data(house, "GET", "/api/system/health")
    assert {"reboot_cause", "uptime", "mem_size", "mem_free", "flash_size", "flash_free", "sockets"} <= health.keys()
    devices = await data(house, "GET", "/api/devices/*")
    assert await data(house, "GET", "/api/devices") == devices
    for half in ("a", "c"):
        assert all(devices[0][half][name] for name in ("comm_ref", "fw_version", "comm_name", "serial_nr"))


async def test_a_site_without_a_name_is_not_configured(house: ScriptedHouse) -> None:
    wiser = msgspec.structs.replace(house.running.gateway.wiser, name="")
    object.__setattr__(house.running.gateway, "wiser", wiser)
    assert (await house.running.client.get("/api/site")).json() == {"status": "error", "message": "no site info"}


@pytest.mark.parametrize("error", [Unavailable("nobody is there"), OutcomeUnknown("nobody answered")])
async def test_an_owner_that_does_not_answer_is_an_error_to_try_again(
    gateway: RunningGateway, error: Unavailable
) -> None:
    gateway.owner.answers[load_topics.RUN_JOB] = error
    answer = await gateway.client.get("/api/jobs/20/run")
    assert (answer.status_code, answer.json()) == (200, {"status": "error", "message": error.message})
    assert answer.headers["retry-after"] == "2"
