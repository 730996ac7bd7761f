"""A relay killed at random moments between commit, publish and mark loses nothing, and the inbox undoes its repeats."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from shared import inbox
from shared.contracts.messages import Event
from shared.settings import Settings
from shared.store import Store
from tests.support.clock import eventually
from tests.support.database import open_store
from tests.support.relay_child import Sent, commit_and_relay

EVENTS = 200
KILLS = 20
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.support.relay_child"])


class Consumer:
    """Plays the broker and the service behind it: every message goes through the inbox before it has an effect."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.arrived = 0
        self.effects: list[int] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            if not line.endswith(b"\n"):
                break
            sent = msgspec.json.decode(line, type=Sent)
            self.arrived += 1
            async with self.store.transaction() as tx:
                first = await inbox.first_time(tx, sent.id, datetime.now(UTC))
            if first:
                self.effects.append(int(msgspec.json.decode(sent.payload, type=Event).subject or ""))
            writer.write(b"\n")
        writer.close()


@pytest.mark.chaos
async def test_a_relay_killed_twenty_times_loses_and_doubles_nothing(
    store: Store, database_settings: Settings, tmp_path: Path
) -> None:
    consumer = Consumer(await open_store(Settings(data=str(tmp_path)), "consumer"))
    with tempfile.TemporaryDirectory() as folder:
        socket = f"{folder}/broker"
        server = await asyncio.start_unix_server(consumer.serve, socket)
        kills = 0
        async with asyncio.timeout(60):
            while len(consumer.effects) < EVENTS:
                child = _FORKS.Process(
                    target=commit_and_relay, args=(database_settings, "tested", socket, EVENTS), daemon=True
                )
                await asyncio.to_thread(child.start)
                before = len(consumer.effects)
                await eventually(lambda: len(consumer.effects) > before or not child.is_alive(), within=20)  # noqa: B023
                if kills < KILLS:
                    await asyncio.sleep(random.uniform(0, 0.12))
                else:
                    await eventually(lambda: len(consumer.effects) == EVENTS, within=20)
                child.kill()
                await asyncio.to_thread(child.join)
                kills += 1
        server.close()
    await consumer.store.close()
    assert sorted(consumer.effects) == list(range(EVENTS))
    assert consumer.effects == sorted(consumer.effects), "the first arrivals came out of order"
    assert kills > 3
