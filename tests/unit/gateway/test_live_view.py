"""The live view: newest wins, late ones are dropped, and what may no longer be true is not shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from services.gateway.live_view import LiveView, is_news
from services.gateway.snapshots import FIRST_SNAPSHOT_WITHIN
from shared.contracts import topics
from shared.contracts.printers import Heater, PrinterState, PrinterStatus
from shared.contracts.runs import Run, RunJob, RunStatus
from shared.errors import NotFound, Unavailable
from tests.support.bus import MemoryBus
from tests.support.clock import START, ManualClock
from tests.support.gateway import ScriptedOwner


class Scene:
    """A live view and an owner that answers it."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.bus = MemoryBus(clock=self.clock)
        self.view = LiveView(self.bus, self.clock)  # type: ignore[arg-type]
        self.view.follow()
        self.owner = ScriptedOwner(self.bus, self.clock)
        self.stopping = asyncio.Event()

    def snapshots(self) -> int:
        return sum(1 for asked in self.owner.asked if type(asked).__name__ == "Announce")

    def shown(self, printer: str | None = None) -> str:
        return str(self.view.printer(printer).state.state)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    scene = Scene()
    running = asyncio.create_task(scene.view.run(scene.stopping))
    await scene.bus.connect()
    await scene.owner.presence()
    await scene.clock.advance(0)
    yield scene
    scene.stopping.set()
    await scene.clock.advance(60)
    await running


def state(version: int, seconds: float = 0) -> PrinterState:
    at = START + timedelta(seconds=seconds)
    return PrinterState(state=PrinterStatus.OPERATIONAL, name="", owner="one", at=at, version=version)


@pytest.mark.parametrize(
    ("held", "incoming", "news"),
    [
        (None, state(1), True),
        (state(5), state(6), True),
        (state(5), state(5), False),
        (state(5), state(4), False),
        (state(5, 10), state(4, 9), False),
        (state(5, 10), state(1, 11), True),
        (state(5, 10), state(6, 9), True),
    ],
    ids=["first", "next", "repeated", "late", "later yet late", "owner began anew", "clock set back"],
)
def test_what_is_news(held: Any, incoming: Any, news: bool) -> None:
    assert is_news(held, incoming) is news


async def test_a_late_state_does_not_overwrite_a_newer_one(scene: Scene) -> None:
    await scene.owner.state(PrinterStatus.PRINTING)
    await scene.owner.state(PrinterStatus.PAUSED)
    late = next(published.payload for published in scene.bus.published if published.topic == topics.PRINTER_STATE)
    await scene.bus.send(topics.PRINTER_STATE, late, retained=True, printer="virtual")
    assert scene.shown() == "Paused"


async def test_what_an_answer_says_shows_at_once_and_only_when_it_is_news(scene: Scene) -> None:
    await scene.owner.state(PrinterStatus.PRINTING)
    printing = scene.view.printer().state
    paused = msgspec.structs.replace(printing, state=PrinterStatus.PAUSED, version=printing.version + 1)
    before = scene.view.printer().view.revision
    for said in (paused, printing, paused):
        scene.view.learn("virtual", said)
        assert (scene.shown(), scene.view.printer().view.revision) == ("Paused", before + 1)
    scene.view.learn("nobody", paused)
    assert "nobody" not in scene.view.printers()


async def test_a_snapshot_is_asked_for_at_the_start_and_when_the_session_is_gone(scene: Scene) -> None:
    assert scene.snapshots() == 1
    await scene.bus.connect(session_present=True)
    await scene.clock.advance(1)
    assert scene.snapshots() == 1
    await scene.bus.connect(session_present=False)
    await scene.clock.advance(1)
    assert scene.snapshots() == 2


async def test_a_gateway_that_finds_its_old_session_has_still_to_ask() -> None:
    anew = Scene()
    running = asyncio.create_task(anew.view.run(anew.stopping))
    await anew.bus.connect(session_present=True)
    await anew.clock.advance(0)
    assert anew.snapshots() == 1
    anew.stopping.set()
    await running


async def test_an_owner_that_does_not_answer_is_asked_again_but_not_for_ever(scene: Scene) -> None:
    scene.owner.answers[topics.ANNOUNCE] = Unavailable("not now")
    await scene.bus.connect(session_present=False)
    await scene.clock.advance(120)
    assert 2 < scene.snapshots() < 10


async def test_nothing_is_shown_before_a_snapshot_but_that_wait_ends() -> None:
    scene = Scene()
    await scene.owner.presence()
    await scene.owner.state(PrinterStatus.PRINTING)
    with pytest.raises(Unavailable):
        scene.shown()
    await scene.clock.advance(FIRST_SNAPSHOT_WITHIN)
    assert scene.shown() == "Printing"


@pytest.mark.parametrize("gone", ["lost", "offline"])
async def test_an_owner_that_is_gone_takes_its_printers_along_until_it_is_back(scene: Scene, gone: str) -> None:
    await scene.owner.state(PrinterStatus.PRINTING)
    await scene.owner.presence(gone)
    with pytest.raises(Unavailable) as refused:
        scene.shown()
    assert refused.value.code == "owner_not_running"
    await scene.owner.presence()
    assert scene.shown() == "Printing"


async def test_what_an_owner_said_in_an_earlier_life_is_not_shown_until_it_says_it_again(scene: Scene) -> None:
    await scene.owner.state(PrinterStatus.PRINTING)
    await scene.owner.presence("lost")
    await scene.clock.advance(5)
    scene.owner.start_anew()
    await scene.owner.presence()
    with pytest.raises(Unavailable) as refused:
        scene.shown()
    assert refused.value.code == "owner_not_running"
    await scene.owner.state(PrinterStatus.OFFLINE)
    assert scene.shown() == "Offline"


async def test_one_owner_that_is_gone_does_not_touch_the_printers_of_another(scene: Scene) -> None:
    await scene.owner.state(PrinterStatus.PRINTING)
    await scene.owner.state(PrinterStatus.PAUSED, printer="other", owner="two")
    with pytest.raises(Unavailable):
        scene.shown("other")
    assert scene.shown("virtual") == "Printing"


async def test_an_unknown_printer_is_not_found_only_when_somebody_could_know_it(scene: Scene) -> None:
    with pytest.raises(NotFound):
        scene.shown("nope")
    await scene.owner.presence("lost")
    with pytest.raises(Unavailable):
        scene.shown("nope")


async def test_the_root_shows_the_default_printer_else_the_first_by_id(scene: Scene) -> None:
    await scene.owner.state(PrinterStatus.PRINTING, printer="b")
    await scene.owner.state(PrinterStatus.PAUSED, printer="a")
    assert scene.shown() == "Paused"
    await scene.owner.state(PrinterStatus.OPERATIONAL, printer="c", default=True)
    assert scene.shown() == "Operational"


async def test_a_cleared_state_removes_the_printer(scene: Scene) -> None:
    await scene.owner.state(PrinterStatus.PRINTING)
    await scene.bus.publish_raw(
        topics.PRINTER_STATE.build("jobwire", printer="virtual"), b"", qos=1, retain=True, expiry=None, message_id=None
    )
    assert scene.view.printers() == []


async def test_what_is_kept_is_bounded(scene: Scene) -> None:
    await scene.owner.state(PrinterStatus.PRINTING)
    for number in range(1200):
        await scene.owner.temperature({"tool0": Heater(actual=20.0)})
        run = Run(id=f"run-{number}", status=RunStatus.RUNNING, version=1, job=RunJob(kind="print", id="a", name="a"))
        await scene.bus.publish(topics.RUN, run, run=run.id)
    assert len(scene.view.printer().view.history) == 300
    assert scene.view.run_record("run-0") is None
    assert scene.view.run_record("run-1199") is not None


async def test_without_the_broker_nothing_is_shown(scene: Scene) -> None:
    await scene.owner.state(PrinterStatus.PRINTING)
    scene.bus.connected = False
    with pytest.raises(Unavailable) as refused:
        scene.shown()
    assert refused.value.code == "broker_unreachable"
