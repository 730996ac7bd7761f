"""A real broker, the bus on it, and drivers that speak through it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from services.load_controller.drivers.driver import Driver
from services.load_controller.drivers.house import Drivers
from shared.bus import Bus
from shared.clock import SystemClock
from shared.load_settings import LoadSettings, LoadType, MqttLoadSettings
from tests.support.broker import BrokerHandle, running_broker
from tests.support.devices.recorder import Recorder


@pytest.fixture
def broker() -> Iterator[BrokerHandle]:
    with running_broker("mosquitto") as handle:
        yield handle


@dataclass
class Home:
    """The drivers, and what they heard."""

    url: str
    drivers: Drivers
    heard: Recorder

    def load(self, kind: LoadType, template: str, sub_type: str = "", load: int = 1, **mqtt: Any) -> Driver:
        """A started driver."""
        settings = MqttLoadSettings(template=template, **mqtt)  # type: ignore[arg-type]
        driver = self.drivers.driver(
            LoadSettings(id=load, type=kind, sub_type=sub_type, driver="mqtt", report_within=1.0, mqtt=settings)
        )
        driver.start()
        return driver

    def is_so(self, load: int = 1, **state: Any) -> bool:
        """Whether the load has said this, and is there."""
        return self.heard.state(load).items() >= state.items() and self.heard.reachable(load) is True


@pytest.fixture
async def home(broker: BrokerHandle) -> AsyncIterator[Home]:
    bus = Bus(
        url=broker.url,
        client_id="load-controller",
        base="jobwire",
        service="load_controller",
        instance="one",
        version="0",
        clock=SystemClock(),
    )
    running = asyncio.create_task(bus.run())
    await bus.wait_connected(10)
    heard = Recorder()
    drivers = Drivers(heard, SystemClock(), bus)
    yield Home(broker.url, drivers, heard)
    await drivers.close()
    await bus.close()
    await asyncio.wait_for(running, 10)
