"""The WebSocket at /api: frames of what changes, two commands, and nothing else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from services.gateway.dialects.wiser.channel import CHECK_EVERY
from shared.contracts.loads import ControlLoad
from tests.contract.wiser.conftest import Opened
from tests.support.clock import eventually
from tests.support.gateway import OPERATOR_KEY, VIEWER_KEY, served
from tests.support.house import STATES, ScriptedHouse

WITHIN = 30.0
Address = tuple[str, int]


@pytest.fixture
async def address(house: ScriptedHouse) -> AsyncIterator[Address]:
    async with served(house.running) as address:
        yield address


def opened(address: Address, key: str | None = OPERATOR_KEY, path: str = "/api", **headers: str) -> Any:
    credential = {"Authorization": f"Bearer {key}"} if key else {}
    return connect(
        f"ws://{address[0]}:{address[1]}{path}",
        additional_headers=credential | headers,
        max_size=None,
        open_timeout=WITHIN,
    )


async def heard(socket: ClientConnection) -> Any:
    async with asyncio.timeout(WITHIN):
        return json.loads(await socket.recv())


async def say(socket: ClientConnection, message: Any) -> None:
    await socket.send(message if isinstance(message, str | bytes) else json.dumps(message))


async def dumped(socket: ClientConnection) -> list[Any]:
    """The frames of a dump; a client hears nothing else before it."""
    await say(socket, {"command": "dump_loads"})
    return [await heard(socket) for _ in STATES]


@pytest.mark.parametrize("path", ["/api", "/wiser/api", "//api"])
async def test_a_change_is_one_frame_and_nothing_is_said_unasked(
    house: ScriptedHouse, address: Address, path: str
) -> None:
    async with opened(address, path=path) as socket:
        assert len(await dumped(socket)) == 3
        await house.group_state(1, ambient_temperature=20.0)
        await house.press()
        await house.state(2, bri=0)  # says the same as before
        await house.state(2, bri=10000)
        assert await heard(socket) == {"load": {"id": 2, "state": {"bri": 10000}}}


async def test_a_dump_is_a_frame_for_each_load_with_its_flags(address: Address) -> None:
    async with opened(address) as socket:
        frames = await dumped(socket)
        assert [frame["load"]["id"] for frame in frames] == [1, 2, 4]
        assert all(list(frame) == ["load"] for frame in frames)
        assert frames[2]["load"]["state"]["flags"]["moving"] == 0


async def test_more_comes_to_who_asks_for_it(house: ScriptedHouse, address: Address) -> None:
    async with opened(address) as socket:
        await say(socket, {"command": "follow", "frames": ["hvacgroup", "button", "nonsense", 5]})
        await dumped(socket)
        await house.group_state(1, target_temperature=21.5)
        assert await heard(socket) == {"hvacgroup": {"id": 1, "state": {"target_temperature": 21.5}}}
        await house.press()
        assert await heard(socket) == {"button": {"id": 6, "cmd": {"event": "click", "type": "up"}}}


async def test_a_button_is_pressed_over_it(house: ScriptedHouse, address: Address) -> None:
    async with opened(address) as socket:
        await say(socket, {"command": "ctrl_loads", "id": 4, "button": "up", "event": "click"})
        await eventually(lambda: len(house.wanted()) == 1, WITHIN)
        (asked,) = house.wanted()
        assert isinstance(asked, ControlLoad)
        assert asked.caller is not None
        assert (asked.load, asked.button, asked.event, asked.caller.name) == (4, "up", "click", "olga")


async def test_what_makes_no_sense_is_ignored(house: ScriptedHouse, address: Address) -> None:
    async with opened(address) as socket:
        for message in (
            "", "nonsense", "[]", "5", "{}", b"\xff\xfe", "[" * 60_000, '{"command": NaN}', {"command": 5},
            {"command": "reboot"}, {"command": "ctrl_loads"}, {"command": "follow", "frames": "all"},
            {"command": "ctrl_loads", "id": "4", "button": "up", "event": "click"},
            {"command": "ctrl_loads", "id": True, "button": "up", "event": "click"},
            {"command": "ctrl_loads", "id": 10**30, "button": "up", "event": "click"},
            {"command": "ctrl_loads", "id": 4, "button": "banana", "event": "click"},
            {"command": "ctrl_loads", "id": 4, "button": "up", "event": "hover"},
            {"command": "ctrl_loads", "id": 99, "button": "up", "event": "click"},
        ):  # fmt: skip
            await say(socket, message)
        assert len(await dumped(socket)) == 3
        assert [asked.load for asked in house.wanted()] == [99]


async def test_a_viewer_hears_and_presses_nothing(house: ScriptedHouse, address: Address) -> None:
    async with opened(address, VIEWER_KEY) as socket:
        await say(socket, {"command": "ctrl_loads", "id": 4, "button": "up", "event": "click"})
        assert len(await dumped(socket)) == 3
        assert house.wanted() == []


@pytest.mark.parametrize(("key", "message"), [(None, "api is locked"), ("wrong-wrong-wrong", "unauthorized user")])
async def test_without_a_good_token_there_is_no_connection(address: Address, key: str | None, message: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with opened(address, key):
            pass
    assert refused.value.response.status_code == 401
    assert json.loads(refused.value.response.body or b"") == {"status": "error", "message": message}


@pytest.mark.parametrize("path", ["/api/loads", "/wiser", "/wiser/api/jobs", "/wiser/other"])
async def test_it_is_at_its_own_path_only(address: Address, path: str) -> None:
    with pytest.raises(InvalidStatus):
        async with opened(address, path=path):
            pass


async def test_a_page_of_another_site_cannot_listen_to_an_unlocked_house(open_house: Opened) -> None:
    async with open_house(unlocked=True) as house, served(house.running) as address:
        async with opened(address, None) as socket:
            assert len(await dumped(socket)) == 3
        with pytest.raises(InvalidStatus) as refused:
            async with opened(address, None, Origin="http://elsewhere.example"):
                pass
        assert refused.value.response.status_code == 403


async def test_a_client_that_does_not_read_gets_the_newest_later(house: ScriptedHouse, address: Address) -> None:
    async with opened(address) as socket:
        assert len(await dumped(socket)) == 3
        for level in range(1, 5001):
            await house.state(1, bri=level)
        frame = await heard(socket)
        count = 1
        while frame["load"]["state"]["bri"] != 5000:
            frame = await heard(socket)
            count += 1
        assert count <= 5000


async def test_a_token_that_was_revoked_ends_its_connection(open_house: Opened) -> None:
    async with open_house(claim="auto") as house, served(house.running) as address:
        client = house.running.client
        secret = (await client.post("/api/account/claim", json={"user": "a"})).json()["data"]["secret"]
        async with opened(address, secret) as socket:
            await dumped(socket)
            await client.delete("/api/account", headers={"Authorization": f"Bearer {secret}"})
            await house.running.clock.until_asleep()
            await house.running.clock.advance(CHECK_EVERY)
            with pytest.raises(ConnectionClosed) as closed:
                await heard(socket)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1008


async def test_stopping_sends_everybody_away(house: ScriptedHouse, address: Address) -> None:
    async with opened(address) as socket:
        await dumped(socket)
        house.running.gateway.stopping.set()
        with pytest.raises(ConnectionClosed) as closed:
            await heard(socket)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001
