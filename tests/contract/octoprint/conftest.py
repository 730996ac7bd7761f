"""A gateway with a scripted owner for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.database import Database
from tests.support.gateway import RunningGateway, running_gateway


@pytest.fixture
async def gateway(tmp_path: Path, database: Database) -> AsyncIterator[RunningGateway]:
    async with running_gateway(tmp_path, database=database) as running:
        yield running
