"""A gateway with a house for each test, and clients as Wiser's are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from shared.load_settings import WiserSettings
from tests.support.database import Database
from tests.support.gateway import OPERATOR_KEY, RunningGateway, running_gateway
from tests.support.house import ScriptedHouse

Opened = Callable[..., AbstractAsyncContextManager[ScriptedHouse]]


@pytest.fixture
def open_house(tmp_path: Path, database: Database) -> Opened:
    """A house behind a gateway with these settings of the dialect; its client has an operator's token."""

    @asynccontextmanager
    async def opened(**settings: object) -> AsyncIterator[ScriptedHouse]:
        wiser = WiserSettings(**settings)  # type: ignore[arg-type]
        async with running_gateway(tmp_path, database=database, key=None, wiser=wiser) as running:
            running.client.headers["Authorization"] = f"Bearer {OPERATOR_KEY}"
            house = ScriptedHouse(running)
            await house.open()
            yield house

    return opened


@pytest.fixture
async def house(open_house: Opened) -> AsyncIterator[ScriptedHouse]:
    async with open_house() as house:
        yield house


@pytest.fixture
def gateway(house: ScriptedHouse) -> RunningGateway:
    return house.running
