"""The live view of the house: newest wins, what is gone is gone, and nothing is shown that may no longer be true."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.gateway.live_loads import LiveLoads
from services.gateway.snapshots import FIRST_SNAPSHOT_WITHIN
from shared.contracts import load_topics, topics
from shared.contracts.loads import LoadInfo, LoadState
from shared.contracts.messages import Presence
from shared.contracts.printers import Announced
from shared.contracts.smart_buttons import SmartButton
from shared.errors import NotFound, Unavailable
from tests.support.bus import MemoryBus
from tests.support.clock import ManualClock, settle


class Scene:
    """A view, and a controller that says things."""

    def __init__(self, *, answers: bool = True) -> None:
        self.clock = ManualClock()
        self.bus = MemoryBus(clock=self.clock)
        self.view = LiveLoads(self.bus, self.clock)  # type: ignore[arg-type]
        self.view.follow()
        self.told: list[tuple[int, int | None]] = []
        self.view.load_changed.append(lambda load, state: self.told.append((load, state.bri)))
        self.asked = 0
        if answers:
            self.bus.take(load_topics.ANNOUNCE_LOADS, self._announce)

    async def _announce(self, _: object) -> Announced:
        self.asked += 1
        return Announced(topics=0)

    async def presence(self, state: str) -> None:
        presence = Presence(state=state, version="0", boot_id="b", since=self.clock.now())
        service = load_topics.LOAD_CONTROLLER
        await self.bus.publish(topics.SERVICE_PRESENCE, presence, service=service, instance="one")

    async def info(self, load: str = "1", *, version: int = 1, name: str = "Lamp") -> None:
        info = LoadInfo(
            id=int(load), name=name, type="dim", device="a", owner="one", at=self.clock.now(), version=version
        )
        await self.bus.publish(load_topics.LOAD_INFO, info, load=load)

    async def state(self, bri: int, *, version: int, load: str = "1", later: float = 0.0) -> None:
        state = LoadState(bri=bri, at=self.clock.now() + timedelta(seconds=later), version=version)
        await self.bus.publish(load_topics.LOAD_STATE, state, load=load)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    scene, stopping = Scene(), asyncio.Event()
    running = asyncio.create_task(scene.view.run(stopping))
    await scene.bus.connect()
    await scene.presence("online")
    await settle()
    yield scene
    stopping.set()
    await running


async def test_the_newest_report_is_shown_and_a_late_one_is_not(scene: Scene) -> None:
    await scene.info()
    await scene.state(100, version=5)
    await scene.state(50, version=4, later=-1)
    shown = scene.view.loads.one(1)
    assert shown.state is not None
    assert (shown.info.name, shown.state.bri) == ("Lamp", 100)


async def test_only_what_is_new_is_told(scene: Scene) -> None:
    await scene.info()
    await scene.state(100, version=1)
    await scene.state(100, version=2)
    await scene.state(100, version=2)
    await scene.state(200, version=3)
    assert scene.told == [(1, 100), (1, 200)]


async def test_a_load_that_was_taken_away_is_gone(scene: Scene) -> None:
    await scene.info()
    await scene.info("2")
    await scene.bus.publish(load_topics.LOAD_INFO, b"", load="1")
    assert [each.info.id for each in scene.view.loads.all()] == [2]
    with pytest.raises(NotFound) as refused:
        scene.view.loads.one(1)
    assert refused.value.code == "no_such_load"


async def test_ids_that_are_none_are_left_alone(scene: Scene) -> None:
    await scene.state(1, version=1, load="lamp")
    await scene.state(1, version=1, load="99999999999999")
    assert scene.view.loads.all() == []
    assert scene.told == []


async def test_availability_is_shown(scene: Scene) -> None:
    await scene.info()
    for said, available in (("offline", False), ("online", True)):
        await scene.bus.publish(load_topics.LOAD_AVAILABLE, said, load="1")
        assert scene.view.loads.one(1).available is available


async def test_smart_buttons_come_and_go(scene: Scene) -> None:
    button = SmartButton(id=3, device="b", channel=0)
    await scene.bus.publish(load_topics.SMART_BUTTON, button, button="3")
    assert scene.view.buttons() == [button]
    await scene.bus.publish(load_topics.SMART_BUTTON, b"", button="3")
    assert scene.view.buttons() == []


@pytest.mark.parametrize("state", ["offline", "lost"])
async def test_nothing_is_shown_while_no_controller_runs(scene: Scene, state: str) -> None:
    await scene.info()
    await scene.presence(state)
    for read in (scene.view.loads.all, scene.view.groups.all, scene.view.buttons, lambda: scene.view.loads.one(9)):
        with pytest.raises(Unavailable) as refused:
            read()
        assert refused.value.code == "owner_not_running"
    await scene.presence("online")
    assert len(scene.view.loads.all()) == 1


async def test_nothing_is_shown_without_the_broker(scene: Scene) -> None:
    scene.bus.connected = False
    with pytest.raises(Unavailable) as refused:
        scene.view.loads.all()
    assert refused.value.code == "broker_unreachable"


async def test_a_snapshot_is_asked_for_when_the_session_is_gone(scene: Scene) -> None:
    assert scene.asked == 1
    await scene.bus.connect(session_present=True)
    await settle()
    assert scene.asked == 1
    await scene.bus.connect(session_present=False)
    await settle()
    assert scene.asked == 2


async def test_nothing_is_shown_before_a_snapshot_but_that_wait_ends() -> None:
    scene = Scene(answers=False)
    await scene.presence("online")
    with pytest.raises(Unavailable):
        scene.view.loads.all()
    await scene.clock.advance(FIRST_SNAPSHOT_WITHIN)
    assert scene.view.loads.all() == []
