"""A controller that was lost leaves no printer standing as available; one that is back has the last word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.gateway.live_view import LiveView
from services.gateway.lost_owners import GRACE, LostOwners
from shared.contracts import topics
from shared.contracts.printers import PrinterStatus
from shared.errors import Unavailable
from tests.support.bus import MemoryBus
from tests.support.clock import ManualClock
from tests.support.gateway import ScriptedOwner


class Scene:
    """A gateway's view, what it says for lost owners, and an owner of two printers."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.bus = MemoryBus(clock=self.clock)
        self.view = LiveView(self.bus, self.clock)  # type: ignore[arg-type]
        self.view.follow()
        self.lost = LostOwners(self.bus, self.view, self.clock)  # type: ignore[arg-type]
        self.lost.follow()
        self.owner = ScriptedOwner(self.bus, self.clock)
        self.stopping = asyncio.Event()

    async def available(self, word: str, printer: str = "virtual") -> None:
        await self.bus.publish(topics.PRINTER_AVAILABLE, word, printer=printer)

    def words(self, printer: str = "virtual") -> list[str]:
        return [str(m) for m in self.bus.of(topics.PRINTER_AVAILABLE, printer=printer)]

    async def wait(self, seconds: float = GRACE) -> None:
        for _ in range(4):
            await self.clock.advance(seconds / 4)
            await asyncio.sleep(0)
        await self.clock.advance(0)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    scene = Scene()
    running = asyncio.create_task(scene.lost.run(scene.stopping))
    await scene.owner.presence()
    await scene.owner.state(PrinterStatus.PRINTING)
    await scene.available("online")
    await scene.wait(3)
    yield scene
    scene.stopping.set()
    await scene.clock.advance(60)
    await running


async def test_the_printers_of_a_lost_controller_become_unavailable(scene: Scene) -> None:
    await scene.owner.presence("lost")
    await scene.wait()
    assert scene.words() == ["online", "offline"]


async def test_a_controller_that_is_back_in_time_is_not_spoken_for(scene: Scene) -> None:
    await scene.owner.presence("lost")
    await scene.wait(GRACE / 2)
    await scene.owner.presence()
    await scene.wait()
    assert scene.words() == ["online"]


async def test_a_controller_that_stopped_in_order_speaks_for_itself(scene: Scene) -> None:
    await scene.owner.presence("offline")
    await scene.wait()
    assert scene.words() == ["online"]


async def test_the_printers_of_another_controller_stay_available(scene: Scene) -> None:
    await scene.owner.state(PrinterStatus.OPERATIONAL, printer="other", owner="two")
    await scene.available("online", printer="other")
    await scene.owner.presence("lost")
    await scene.wait()
    assert (scene.words(), scene.words("other")) == (["online", "offline"], ["online"])


async def test_a_gateway_that_starts_after_the_loss_says_it_too(scene: Scene) -> None:
    await scene.owner.presence("lost")
    await scene.wait()
    await scene.available("online")  # an old retained word, heard late
    await scene.wait()
    assert scene.words() == ["online", "offline", "online", "offline"]


async def test_what_cannot_be_said_now_is_said_later(scene: Scene) -> None:
    await scene.owner.presence("lost")
    scene.bus.failures = [Unavailable("the broker cannot be reached")]
    await scene.wait()
    assert (scene.words(), scene.bus.failures) == (["online"], [])
    await scene.wait(8)
    assert scene.words() == ["online", "offline"]
