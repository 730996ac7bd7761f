"""A broker of every kind that this machine has, buses on it, and an independent client to look from outside."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from urllib.parse import urlsplit

import aiomqtt
import pytest

from shared.bus import Bus
from shared.clock import SystemClock
from shared.identifiers import new_id
from tests.support.broker import BrokerHandle, all_brokers, running_broker, started_brokers


@pytest.fixture(params=all_brokers())
def broker(request: pytest.FixtureRequest) -> Iterator[BrokerHandle]:
    """Any broker."""
    with running_broker(request.param) as handle:
        yield handle


@pytest.fixture(params=started_brokers())
def killable(request: pytest.FixtureRequest) -> Iterator[BrokerHandle]:
    """A broker that was started here."""
    with running_broker(request.param) as handle:
        yield handle


@pytest.fixture
def base() -> str:
    """A base of this test alone, so that a given broker may keep what it wants."""
    return f"t{new_id()[-12:]}"


MakeBus = Callable[..., Bus]


@pytest.fixture
async def make_bus(base: str) -> AsyncIterator[MakeBus]:
    """Makes buses; `start` runs them, and all are closed after the test."""
    started: list[tuple[Bus, asyncio.Task[None]]] = []

    def make(handle: BrokerHandle, service: str, *, client_id: str | None = None) -> Bus:
        return Bus(
            url=handle.url,
            client_id=client_id or f"{base}-{service}",
            base=base,
            service=service,
            instance="one",
            version="0",
            clock=SystemClock(),
        )

    async def start(*buses: Bus) -> None:
        started.extend((bus, asyncio.create_task(bus.run())) for bus in buses)
        for bus in buses:
            await bus.wait_connected(5)

    make.start = start  # type: ignore[attr-defined]
    yield make
    for bus, task in started:
        await bus.close()
        await asyncio.wait_for(task, 5)


Outsider = Callable[..., AbstractAsyncContextManager[aiomqtt.Client]]


@pytest.fixture
def outsider() -> Outsider:
    """An MQTT client that is not ours."""

    def connect(handle: BrokerHandle, *, version: int = 5) -> aiomqtt.Client:
        parts = urlsplit(handle.url)
        return aiomqtt.Client(
            parts.hostname or "",
            parts.port or 1883,
            protocol=aiomqtt.ProtocolVersion.V5 if version == 5 else aiomqtt.ProtocolVersion.V311,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )

    return connect


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], Awaitable[None]]:
    """Waits until something is true, 10 s at most."""

    async def wait(condition: Callable[[], object], within: float = 10.0) -> None:
        async with asyncio.timeout(within):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    return wait
