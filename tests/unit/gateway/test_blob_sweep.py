"""Unused blobs are removed, never on doubt and never while they become files."""

from __future__ import annotations

import asyncio
import os

import pytest

from services.gateway.blob_sweep import GRACE, BlobSweep
from shared.contracts import topics
from shared.contracts.files import BlobUse
from shared.contracts.messages import Event, Presence
from shared.contracts.printers import PrinterStatus
from shared.errors import Unavailable
from tests.support.gateway import RunningGateway


async def stored(gateway: RunningGateway, content: bytes, age: float = GRACE + 1) -> str:
    async with gateway.gateway.blobs.writer() as blob:
        await blob.write(content)
    written = gateway.clock.now().timestamp() - age
    os.utime(gateway.gateway.blobs.path(blob.digest), (written, written))
    return str(blob.digest)


def left(gateway: RunningGateway) -> set[str]:
    return set(gateway.gateway.blobs.digests())


async def swept(gateway: RunningGateway) -> int:
    sweeping = asyncio.create_task(BlobSweep(gateway.gateway).sweep(asyncio.Event()))
    while not sweeping.done():
        await asyncio.sleep(0.01)
        await gateway.clock.advance(1)
    return sweeping.result()


async def test_only_old_blobs_that_the_owner_does_not_need_are_removed(gateway: RunningGateway) -> None:
    needed, unneeded = await stored(gateway, b"needed"), await stored(gateway, b"unneeded")
    young = await stored(gateway, b"young", age=10)
    arriving = await stored(gateway, b"arriving")
    gateway.gateway.arriving.add(arriving)
    gateway.owner.answers[topics.READ_BLOB_USE] = lambda asked: BlobUse(
        in_use=[digest for digest in asked.digests if digest == needed]
    )
    assert await swept(gateway) == 1
    assert left(gateway) == {needed, young, arriving}
    assert unneeded not in left(gateway)


async def test_without_an_answer_nothing_is_removed(gateway: RunningGateway) -> None:
    digest = await stored(gateway, b"unneeded")
    gateway.owner.answers[topics.READ_BLOB_USE] = Unavailable("nobody there")
    with pytest.raises(Unavailable):
        await swept(gateway)
    assert left(gateway) == {digest}


async def another(gateway: RunningGateway, state: str) -> None:
    presence = Presence(state=state, version="0", boot_id="b", since=gateway.clock.now())
    await gateway.bus.publish(topics.SERVICE_PRESENCE, presence, service=topics.PRINTER_CONTROLLER, instance="another")


async def test_what_any_of_several_owners_needs_stays(gateway: RunningGateway) -> None:
    first, second = await stored(gateway, b"the first one's"), await stored(gateway, b"the second one's")
    unneeded = await stored(gateway, b"nobody's")
    await another(gateway, "online")
    needs = {"one": [first], "another": [second]}
    gateway.owner.answers[topics.READ_BLOB_USE] = lambda asked: BlobUse(in_use=needs[asked.owner])
    assert await swept(gateway) == 1
    assert left(gateway) == {first, second}
    assert unneeded not in left(gateway)


@pytest.mark.parametrize("state", ["offline", "lost"])
async def test_an_owner_that_is_away_stops_the_sweep_until_it_can_be_asked(gateway: RunningGateway, state: str) -> None:
    digest = await stored(gateway, b"unneeded")
    gateway.owner.answers[topics.READ_BLOB_USE] = BlobUse(in_use=[])
    await another(gateway, state)
    assert await swept(gateway) == 0
    assert left(gateway) == {digest}
    await another(gateway, "online")
    assert await swept(gateway) == 1


async def test_an_owner_that_only_a_printer_names_stops_the_sweep_too(gateway: RunningGateway) -> None:
    digest = await stored(gateway, b"unneeded")
    gateway.owner.answers[topics.READ_BLOB_USE] = BlobUse(in_use=[])
    await gateway.owner.state(PrinterStatus.OFFLINE, printer="old", owner="forgotten")
    assert await swept(gateway) == 0
    assert left(gateway) == {digest}


async def test_many_blobs_are_asked_about_in_batches(gateway: RunningGateway) -> None:
    for number in range(250):
        await stored(gateway, b"%d" % number)
    gateway.owner.answers[topics.READ_BLOB_USE] = BlobUse(in_use=[])
    assert await swept(gateway) == 250
    sizes = [len(asked.digests) for asked in gateway.owner.commands()]
    assert sizes == [200, 50]


async def test_a_deleted_file_starts_a_sweep(gateway: RunningGateway) -> None:
    await stored(gateway, b"unneeded")
    gateway.owner.answers[topics.READ_BLOB_USE] = BlobUse(in_use=[])
    sweep, stopping = BlobSweep(gateway.gateway), asyncio.Event()
    sweep.follow()
    running = asyncio.create_task(sweep.run(stopping))
    event = Event(id="1", type="file_removed", source="printer_controller/one", time=gateway.clock.now())
    await gateway.bus.publish(topics.EVENT, event, service=topics.PRINTER_CONTROLLER, name="file_removed")
    async with asyncio.timeout(5):
        while left(gateway):
            await gateway.clock.advance(1)
            await asyncio.sleep(0.01)
    stopping.set()
    await gateway.clock.advance(1)
    await running
