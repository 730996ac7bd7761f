"""A whole running system with a small quick house, for all clients of a module; they only speak REST and WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
from aiowiserbyfeller import Auth, WiserByFellerAPI

from tests.support.database import Database, module_database
from tests.support.mqtt_client import Listener
from tests.support.stack import Stack

__all__ = ["module_database"]  # a fixture

HOUSE = """
[[load]]
id = 1
type = "dim"
name = "Ceiling light"
virtual = { fade = 0.2 }
[[load]]
id = 2
type = "onoff"
name = "Socket"
kind = 1
[[load]]
id = 4
type = "motor"
name = "Blinds"
kind = 1
travel = 0.5
virtual = { travel = 0.5, tilt = 0.05 }
[[load]]
id = 6
type = "dali"
sub_type = "tw"
virtual = { fade = 0.2 }
[[load]]
id = 7
type = "dali"
sub_type = "rgb"
virtual = { fade = 0.2 }
[[load]]
id = 11
type = "hvac"
controller = "Valves"
[[hvac_group]]
id = 1
name = "Living room"
loads = [11]
[[smart_button]]
id = 1
input_type = "scene"
[[smart_button]]
id = 2
input_type = "groupctrl"
[[flag]]
id = 1
symbol = "absent"
[[room]]
id = 1
name = "Living room"
"""


@pytest.fixture(scope="module")
def stack(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The system; whoever claims an account there has to be let in."""
    folder = tmp_path_factory.mktemp("wiser")
    stack = Stack(folder, config=HOUSE, environ=database.environment(folder))
    asyncio.run(stack.start())
    yield stack
    asyncio.run(stack.stop())


@pytest.fixture
async def mqtt(stack: Stack) -> AsyncIterator[Listener]:
    """Somebody on the broker."""
    async with stack.listener() as heard:
        yield heard


@pytest.fixture
async def auth(stack: Stack) -> AsyncIterator[Auth]:
    """The library's own way to ask, with the administrator's key as its token."""
    async with aiohttp.ClientSession() as http:
        yield Auth(http, f"127.0.0.1:{stack.port}", token=stack.key)


@pytest.fixture
def api(auth: Auth) -> WiserByFellerAPI:
    return WiserByFellerAPI(auth)
