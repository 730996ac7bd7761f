"""What the tests of drivers share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.load_controller.drivers.house import Drivers
from tests.support.clock import ManualClock
from tests.support.devices.raw_bus import MemoryRawBus
from tests.support.devices.recorder import Recorder


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def heard() -> Recorder:
    return Recorder()


@pytest.fixture
def bus() -> MemoryRawBus:
    return MemoryRawBus()


@pytest.fixture
async def drivers(clock: ManualClock, heard: Recorder, bus: MemoryRawBus) -> AsyncIterator[Drivers]:
    made = Drivers(heard, clock, bus)
    yield made
    await made.close()
