"""A process that commits numbered events and relays them over a socket, to be killed at any moment and begun anew."""

from __future__ import annotations

import asyncio
import random

import msgspec
import uvloop
from sqlalchemy import func, select

from shared import outbox
from shared.clock import SystemClock
from shared.common_tables import OUTBOX
from shared.relay import OutboxRelay
from shared.settings import Settings
from shared.store import Store


class Sent(msgspec.Struct):
    """A message on the socket, one JSON line; the answer is an empty line."""

    id: str
    topic: str
    payload: str


class SocketBus:
    """Publishes to a test that plays the broker, and waits for its acknowledgement."""

    connected = True

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._turn = asyncio.Lock()

    async def wait_connected(self, within: float) -> None:
        """Always so."""

    async def publish_raw(
        self, topic: str, payload: bytes, *, qos: int, retain: bool, expiry: int | None, message_id: str | None
    ) -> None:
        async with self._turn:
            self._writer.write(msgspec.json.encode(Sent(message_id or "", topic, payload.decode())) + b"\n")
            await self._writer.drain()
            assert await self._reader.readline(), "the test has closed the socket"


def commit_and_relay(settings: Settings, service: str, socket: str, total: int) -> None:
    """Commit the events that are missing of `total`, and relay until killed."""
    uvloop.run(_run(settings, service, socket, total))


async def _run(settings: Settings, service: str, socket: str, total: int) -> None:
    store, clock = Store.open(settings, service), SystemClock()
    relay = OutboxRelay(store, SocketBus(*await asyncio.open_unix_connection(socket)), clock)
    sending = asyncio.create_task(relay.run())
    async with store.reading() as tx:
        done = (await tx.execute(select(func.count()).select_from(OUTBOX))).scalar_one()
    for number in range(done, total):
        async with store.transaction() as tx:
            await outbox.enqueue_event(
                tx, service="tested", name="numbered", subject=str(number), data={}, base="jobwire", now=clock.now()
            )
        await asyncio.sleep(random.choice((0.0, 0.0, 0.0, 0.002, 0.07)))
    await sending
