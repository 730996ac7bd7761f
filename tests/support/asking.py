"""A gateway's side of the bus, for tests that ask a service directly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.bus import Bus
from shared.clock import SystemClock


@asynccontextmanager
async def asking_bus(url: str) -> AsyncIterator[Bus]:
    """Connected inside the block."""
    bus = Bus(
        url=url, client_id="test-gateway", base="jobwire", service="gateway", instance="test", version="0",
        clock=SystemClock(),
    )  # fmt: skip
    running = asyncio.create_task(bus.run())
    await bus.wait_connected(10.0)
    yield bus
    await bus.close()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
