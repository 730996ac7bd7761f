"""A gateway behind a real socket, and what logs a listener in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.contracts.printers import PrinterStatus
from tests.support.database import Database
from tests.support.gateway import RunningGateway, running_gateway, served
from tests.support.push import Address, auth_of


@pytest.fixture
async def gateway(tmp_path: Path, database: Database) -> AsyncIterator[RunningGateway]:
    async with running_gateway(tmp_path, database=database) as running:
        await running.owner.state(PrinterStatus.OPERATIONAL)
        await running.owner.job(None)
        yield running


@pytest.fixture
async def address(gateway: RunningGateway) -> AsyncIterator[Address]:
    async with served(gateway) as address:
        yield address


@pytest.fixture
async def auth(gateway: RunningGateway) -> str:
    return await auth_of(gateway)
