"""aiowiserbyfeller from PyPI, which Home Assistant uses, works as it is with a running system."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiowiserbyfeller import (
    Auth,
    Job,
    SystemFlag,
    Timer,
    UnauthorizedUser,
    UnsuccessfulRequest,
    Websocket,
    WiserByFellerAPI,
)
from aiowiserbyfeller.errors import AuthorizationFailed, NoButtonPressed, TokenMissing

from tests.support.mqtt_client import Heard, Listener
from tests.support.stack import Stack, jobwire

pytestmark = [pytest.mark.system, pytest.mark.filterwarnings("ignore:websockets:DeprecationWarning")]

WITHIN = 20.0


async def reported(api: WiserByFellerAPI, load: int, **attributes: Any) -> None:
    """Until the load reports these."""
    async with asyncio.timeout(WITHIN):
        while True:
            state = (await api.async_get_load_state(load))["state"]
            if attributes.items() <= state.items():
                return
            await asyncio.sleep(0.02)


async def claim(stack: Stack, let_in: Callable[[], Awaitable[None]], **body: Any) -> str:
    async with aiohttp.ClientSession() as http:
        auth = Auth(http, f"127.0.0.1:{stack.port}")
        claiming = asyncio.create_task(auth.claim(**body))
        while not claiming.done():
            await let_in()
            await asyncio.sleep(0.3)
        token: str = await claiming
        assert await auth.is_valid_login()
        return token


async def test_an_account_is_claimed_by_the_command_line_and_by_mqtt(stack: Stack, mqtt: Listener) -> None:
    async def by_command() -> None:
        command = [*jobwire(), "claim", "approve", "--data", str(stack.data)]
        environ = stack.environment()
        await asyncio.to_thread(subprocess.run, command, env=environ, capture_output=True, timeout=30, check=False)

    async def by_mqtt() -> None:
        await mqtt.publish("jobwire/claim/press", "PRESS")

    first = await claim(stack, by_command, user="installer")
    second = await claim(stack, by_mqtt, user="installer", source="installer")
    assert first != second
    async with aiohttp.ClientSession() as http:
        with pytest.raises(UnauthorizedUser):
            await WiserByFellerAPI(Auth(http, f"127.0.0.1:{stack.port}", token=first)).async_get_loads()
        with pytest.raises(AuthorizationFailed, match="not a directory"):
            await Auth(http, f"127.0.0.1:{stack.port}").claim("x", source="nobody")


async def test_without_a_token_it_is_told_that_the_api_is_locked(stack: Stack) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{stack.url}/api/loads") as answer:
        assert (answer.status, (await answer.json())["message"]) == (200, "api is locked")
    async with aiohttp.ClientSession() as http:
        auth = Auth(http, f"127.0.0.1:{stack.port}")
        with pytest.raises(TokenMissing):
            await auth.request("get", "loads", require_token=False)


async def test_home_assistant_starts(api: WiserByFellerAPI) -> None:
    assert (await api.async_get_info())["api"] == "5.1"
    assert (await api.async_get_site_info())["name"] == "Jobwire"
    assert await api.async_get_info_debug()
    loads = await api.async_get_used_loads()
    assert [type(load).__name__ for load in loads] == ["Dim", "OnOff", "Motor", "DaliTw", "DaliRgbw", "Hvac"]
    assert {each["id"] for each in await api.async_get_loads_state()} == {load.id for load in loads}
    for device in await api.async_get_devices_detail():
        device.validate_data()
    assert [room["name"] for room in await api.async_get_rooms()] == ["Living room"]
    assert isinstance(await api.async_get_jobs(), list)
    assert await api.async_get_scenes() == []
    assert [flag.symbol for flag in await api.async_get_system_flags()] == ["absent"]
    assert (await api.async_get_system_health())["uptime"] >= 0
    assert await api.async_get_net_rssi() < 0
    (group,) = await api.async_get_hvac_groups()
    assert (await api.async_get_hvac_group_states())[0]["id"] == group.id


async def test_loads_do_what_they_are_told(api: WiserByFellerAPI) -> None:
    dim, socket, blinds, white, colour, _ = await api.async_get_loads()
    await dim.async_set_bri(7000)
    await reported(api, 1, bri=7000)
    await socket.async_switch_on()
    await reported(api, 2, bri=10000)
    await socket.async_refresh_state()
    assert socket.state is True
    await socket.async_switch_off()
    await reported(api, 2, bri=0)
    await blinds.async_set_level(10000)
    await reported(api, 4, level=10000, moving="stop")
    await blinds.async_set_tilt(5)
    await reported(api, 4, tilt=5)
    await blinds.async_stop()
    await white.async_set_bri_ct(5000, 3000)
    await reported(api, 6, bri=5000, ct=3000)
    await colour.async_set_bri_rgbw(4000, 1, 2, 3, 4)
    await reported(api, 7, bri=4000, red=1, green=2, blue=3, white=4)
    await dim.async_refresh()
    assert (dim.name, dim.raw_state["flags"]["fading"]) == ("Ceiling light", 0)
    dim.raw_data["name"] = "Spots"
    assert (await api.async_update_load(dim)).name == "Spots"
    with pytest.raises(UnsuccessfulRequest, match="load 99 not found"):
        await api.async_load_set_target_state(99, {"bri": 1})
    with pytest.raises(UnsuccessfulRequest, match="level"):
        await api.async_load_set_target_state(1, {"level": 1})


async def test_jobs_of_every_section(api: WiserByFellerAPI, auth: Auth) -> None:
    flag = await api.async_create_system_flag(SystemFlag({"symbol": "night", "value": False, "name": "Night"}, auth))
    sections = {
        "target_states": [{"load": 1, "bri": 3000}, {"load": 99, "bri": 1}],
        "button_ctrl": {"event": "click", "button": "on", "loads": [2]},
        "flag_values": [{"flag": flag.id, "value": True}],
        "scripts": [],
    }
    job = await api.async_create_job(Job(sections, auth))
    assert job.target_states == sections["target_states"]
    assert job.button_ctrl is not None
    assert job.button_ctrl["ctrl_input_channel"] >= 16
    await api.async_load_set_target_state(1, {"bri": 0})
    await api.async_load_set_target_state(2, {"bri": 0})
    await reported(api, 1, bri=0)
    await reported(api, 2, bri=0)
    await job.async_trigger_states()
    await reported(api, 1, bri=3000)
    await reported(api, 2, bri=0)
    await job.async_trigger_ctrl()
    await reported(api, 2, bri=10000)
    assert (await api.async_get_system_flag(flag.id)).value is False
    await job.async_trigger_flags()
    assert (await api.async_get_system_flag(flag.id)).value is True
    await job.async_trigger_scripts()
    await job.async_trigger_button("click", "off")
    await reported(api, 2, bri=0)
    await job.async_trigger_all()
    await reported(api, 2, bri=10000)
    channel = job.button_ctrl["ctrl_input_channel"]
    patched = await api.async_patch_job(job.id, {"button_ctrl": {"loads": [1]}, "target_states": [{"load": 2}]})
    assert patched.button_ctrl == {**job.button_ctrl, "ctrl_input_channel": channel, "loads": [2, 1]}
    assert patched.target_states[-1] == {"load": 2, "bri": 10000}
    assert await api.async_delete_jobs_loads([1, 99]) == [1, 99]
    job = await api.async_get_job(job.id)
    assert [entry["load"] for entry in job.target_states] == [2]
    job.raw_data = {"id": job.id, "scripts": []}
    assert (await api.async_update_job(job)).raw_data == {"id": job.id, "scripts": []}
    assert (await api.async_delete_job(job.id)).id == job.id
    await api.async_delete_system_flag(flag.id)


async def test_a_flag_blocks_a_job_and_the_run_says_so(api: WiserByFellerAPI, auth: Auth, mqtt: Listener) -> None:
    (flag,) = [each for each in await api.async_get_system_flags() if each.symbol == "absent"]
    job = await api.async_create_job(Job({"target_states": [{"load": 1, "bri": 9000}], "blocked_by": flag.id}, auth))
    await api.async_load_set_target_state(1, {"bri": 0})
    await reported(api, 1, bri=0)
    await flag.async_enable()
    await job.async_trigger_all()

    def is_blocked(message: Heard) -> bool:
        return message.topic.startswith("jobwire/run/") and message.json and message.json["status"] == "blocked"

    await mqtt.until(is_blocked, within=WITHIN)
    assert (await api.async_get_load_state(1))["state"]["bri"] == 0
    await flag.async_disable()
    await job.async_trigger_all()
    await reported(api, 1, bri=9000)
    await api.async_delete_job(job.id)


async def test_smart_buttons_are_found_and_linked(
    stack: Stack, api: WiserByFellerAPI, auth: Auth, mqtt: Listener
) -> None:
    job = await api.async_create_job(Job({"target_states": [{"load": 1, "bri": 1234}]}, auth))
    programmed = await api.async_program_smart_buttons(True, 60)
    assert programmed == {"on": True, "timeout": 60, "button_type": "scene", "owner": "user"}
    finding = asyncio.create_task(api.async_notify_smart_buttons())
    while not finding.done():
        await mqtt.publish("jobwire/smart_button/1/press", "click")
        await asyncio.sleep(0.2)
    found = await finding
    assert found["button"] == 1
    await api.async_program_smart_buttons(False, 60)
    button = await api.async_get_smart_button(found["button"])
    button.raw_data["job"] = job.id
    assert (await api.async_update_smart_button(button)).job == job.id
    await mqtt.publish("jobwire/smart_button/1/press", "click")
    await reported(api, 1, bri=1234)
    button.raw_data["job"] = None
    assert (await api.async_update_smart_button(button)).raw_data["job"] is None
    await api.async_delete_job(job.id)


async def test_nobody_presses(api: WiserByFellerAPI) -> None:
    await api.async_program_smart_buttons(True, 1)
    with pytest.raises(NoButtonPressed):
        await api.async_notify_smart_buttons()


async def test_timers_scenes_rooms_conditions_and_scripts_are_kept(api: WiserByFellerAPI, auth: Auth) -> None:
    timer = await api.async_create_timer(
        Timer({"enabled": True, "job": 1, "when": {"every": "Mon", "at": "ss:15"}, "x": 1}, auth)
    )
    assert timer.raw_data["x"] == 1
    assert (await api.async_patch_timer(timer.id, {"enabled": False}))["when"] == {"every": "Mon", "at": "ss:15"}
    with pytest.raises(UnsuccessfulRequest):
        await api.async_patch_timer(timer.id, {"when": {"at": "noon"}})
    assert (await api.async_delete_timer(timer.id)).id == timer.id
    room = await api.async_create_room({"name": "Attic", "load_order": [1]})
    assert (await api.async_update_room(room["id"], {"name": "Loft"}))["load_order"] == [1]
    assert (await api.async_delete_room(room["id"]))["name"] == "Loft"
    await api.async_set_site_info({"name": "Home", "rooms_order": [1]})
    assert await api.async_update_site_info({"floors": 2}) == {"name": "Home", "rooms_order": [1], "floors": 2}
    assert await api.async_set_site_info({"name": "Jobwire"}) == {"name": "Jobwire"}
    script = await api.async_upload_script("blink.py", b"async def onStart():\n    pass\n")
    assert script == {"name": "blink.py", "size": 30}
    assert script in await api.async_get_scripts()
    with pytest.raises(UnsuccessfulRequest):
        await api.async_start_script("blink.py")
    assert (await api.async_delete_script("blink.py"))["name"] == "blink.py"


@pytest.fixture
async def frames(stack: Stack) -> AsyncIterator[asyncio.Queue[Any]]:
    """What the library's WebSocket hears."""
    queue: asyncio.Queue[Any] = asyncio.Queue()
    websocket = Websocket(f"127.0.0.1:{stack.port}", stack.key)
    websocket.subscribe(queue.put_nowait)
    connecting = asyncio.create_task(websocket.connect())
    yield queue
    connecting.cancel()
    websocket._watchdog.cancel()
    await asyncio.gather(connecting, return_exceptions=True)


async def test_the_websocket_tells_each_change(api: WiserByFellerAPI, frames: asyncio.Queue[Any]) -> None:
    async with asyncio.timeout(WITHIN):
        bri = 0
        while frames.empty():  # until it is connected
            bri = 10000 - bri
            await api.async_load_set_target_state(2, {"bri": bri})
            await asyncio.sleep(0.2)
        await api.async_load_set_target_state(1, {"bri": 4321})
        frame: Any = {}
        while frame.get("load", {}).get("state", {}).get("bri") != 4321:
            frame = await frames.get()
            assert list(frame) == ["load"]
        assert frame["load"]["id"] == 1
