"""A store with the gateway's tables, and a whole gateway, for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.migrate import migrate
from shared.settings import Settings
from shared.store import Store
from tests.support.clock import ManualClock
from tests.support.database import Database
from tests.support.gateway import MIGRATIONS, RunningGateway, running_gateway


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def settings(database_settings: Settings) -> Settings:
    return database_settings


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Store]:
    migrate(settings, "gateway", MIGRATIONS)
    store = Store.open(settings, "gateway")
    yield store
    await store.close()


@pytest.fixture
async def gateway(tmp_path: Path, database: Database) -> AsyncIterator[RunningGateway]:
    async with running_gateway(tmp_path / "gateway", database=database) as running:
        yield running
