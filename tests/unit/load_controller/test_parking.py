"""What came for a dead holder is handled by the next one, once, and what a living one handled is forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.load_controller.holdings import TTL
from services.load_controller.parking import Parked
from shared import inbox
from shared.bus import Delivery
from shared.contracts import load_topics as topics
from shared.settings import Settings
from shared.store import Store
from tests.support.clock import ManualClock
from tests.support.database import open_store

pytestmark = pytest.mark.database("postgresql")
PART = "loads/1"


class Desk:
    """A controller's parked requests, and those that were handled again."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.again: list[Delivery] = []
        self.store, self.clock = store, clock
        self.parked = Parked(store, clock, self.handle)

    async def handle(self, delivery: Delivery) -> None:
        self.again.append(delivery)

    async def handled(self, delivery: Delivery) -> None:
        """The holder has handled it, whatever its id."""
        known = self.parked.known(delivery)
        assert known.id is not None
        async with self.store.transaction() as tx:
            await inbox.record(tx, known.id, None, self.clock.now())

    async def renewed(self) -> None:
        """The holder has renewed its lease just now."""
        await self.parked.look({PART: self.clock.now() + timedelta(seconds=TTL)})


@pytest.fixture
async def desk(database_settings: Settings) -> AsyncIterator[Desk]:
    store = await open_store(database_settings)
    yield Desk(store, ManualClock())
    await store.close()


def toggle(message_id: str | None = None) -> Delivery:
    return Delivery(topics.LOAD_CTRL, {"load": "1"}, b"toggle", None, id=message_id, name="jobwire/load/1/ctrl")


@pytest.mark.parametrize("message_id", [None, "a"])
async def test_what_nobody_handled_is_handled_by_the_next_holder(desk: Desk, message_id: str | None) -> None:
    desk.parked.keep(toggle(message_id), PART)
    await desk.renewed()
    await desk.parked.taken("loads/2")
    assert desk.again == []
    await desk.parked.taken(PART)
    assert [delivery.id for delivery in desk.again] == [message_id]
    assert len(desk.parked) == 0


@pytest.mark.parametrize("message_id", [None, "a"])
async def test_what_the_holder_handled_before_it_died_is_not_handled_again(desk: Desk, message_id: str | None) -> None:
    desk.parked.keep(toggle(message_id), PART)
    await desk.clock.advance(0.02)
    await desk.handled(toggle(message_id))
    await desk.parked.taken(PART)
    assert desk.again == []


async def test_of_two_equal_requests_only_the_handled_one_counts_as_handled(desk: Desk) -> None:
    for _ in range(2):
        desk.parked.keep(toggle(), PART)
    await desk.handled(toggle())
    await desk.parked.taken(PART)
    assert len(desk.again) == 1


async def test_a_holder_that_lives_long_enough_has_handled_or_refused_it(desk: Desk) -> None:
    desk.parked.keep(toggle("a"), PART)
    await desk.clock.advance(TTL - 1)
    await desk.renewed()
    assert len(desk.parked) == 1
    await desk.clock.advance(1)
    await desk.renewed()
    assert len(desk.parked) == 0
