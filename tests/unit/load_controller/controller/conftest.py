"""A controller of the virtual house."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.settings import Settings
from tests.support.loads import LoadRig, load_rig


@pytest.fixture
async def rig(database_settings: Settings) -> AsyncIterator[LoadRig]:
    async with load_rig(database_settings) as running:
        yield running
