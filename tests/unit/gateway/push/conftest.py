"""A push channel with a printer at rest."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.contracts.printers import PrinterStatus
from tests.support.clock import settle
from tests.support.gateway import RunningGateway
from tests.support.push import auth_of
from tests.support.push_party import Party


@pytest.fixture
async def party(gateway: RunningGateway) -> AsyncIterator[Party]:
    party = Party(gateway)
    party.auth = await auth_of(gateway)
    await party.state(PrinterStatus.OPERATIONAL)
    await gateway.owner.job(None)
    yield party
    gateway.gateway.stopping.set()
    await settle()
