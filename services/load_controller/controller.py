"""The parts of the load controller, and what it serves now: of what it holds, what it has taken over completely."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from services.load_controller import runs
from services.load_controller.driving import DriverMaker, Driving
from services.load_controller.holdings import HOUSE, Holdings, part_of
from services.load_controller.house import House
from services.load_controller.loads import Load, Loads
from services.load_controller.outcomes import Outcomes
from services.load_controller.parking import Parked
from services.load_controller.publishing import Publishing
from services.load_controller.rules.sections import House as KnownHouse
from services.load_controller.rules.sections import KnownLoad
from services.load_controller.runs import Telling
from services.load_controller.script_runs import ScriptRuns
from services.load_controller.scripting import Scripting
from shared import outbox
from shared.bus import Bus
from shared.clock import Clock
from shared.contracts import load_topics as topics
from shared.contracts.flags import Flag, FlagState
from shared.contracts.topics import Topic
from shared.errors import NotFound
from shared.settings import Settings
from shared.store import Store

RUNS_AGAIN = 200  # newest runs that are published again


@dataclass
class Controller:
    """Everything that handlers need."""

    settings: Settings
    store: Store
    bus: Bus
    clock: Clock
    loads: Loads
    house: House
    holdings: Holdings
    parked: Parked
    outcomes: Outcomes
    publishing: Publishing
    driving: Driving
    scripting: Scripting
    script_runs: ScriptRuns
    make_driver: DriverMaker
    serving: set[str] = field(default_factory=set)
    known: KnownHouse = field(init=False)

    def __post_init__(self) -> None:
        groups = {group.id: group.name or f"Group {group.id}" for group in self.loads.groups.values()}
        self.known = KnownHouse({load.id: _known(load) for load in self.loads}, groups)

    @property
    def owner(self) -> str:
        """The instance that is named as owner of loads."""
        return self.settings.instance

    def serves(self, part: str) -> bool:
        """Whether requests for that part are answered here now."""
        return part in self.serving and self.holdings.holds(part)

    def serves_load(self, load: int) -> bool:
        """Whether the load is driven here now."""
        return self.serves(part_of(load))

    def responsible(self, load: int | None) -> str:
        """The part whose holder answers about a load: that of the house for one that there is not."""
        return part_of(load) if load is not None and self.loads.get(load) is not None else HOUSE

    def load(self, load: int) -> Load:
        """The load of that id. Raises `NotFound`."""
        found = self.loads.get(load)
        if found is None:
            raise NotFound(f"load {load} not found", code="no_such_load")
        return found

    def renamed(self, load: Load) -> None:
        """A client has changed what the load is called."""
        assert isinstance(self.known.loads, dict)
        self.known.loads[load.id] = _known(load)

    async def born(self, session_present: bool) -> None:  # noqa: ARG002 - no broker is trusted to have kept anything
        """On every connect: all retained state again."""
        await self.announce()

    async def announce(self) -> int:
        """Publish what is held here again; answers how many loads and definitions."""
        held = [load for load in self.loads if load.driver is not None]
        count = await self.publishing.everything(held)
        return count + (await self.announce_house() if self.serves(HOUSE) else 0)

    async def announce_house(self) -> int:
        """Definitions and the runs that are shown, behind what the outbox still holds: what is older must not stay."""
        since = self.clock.now() - timedelta(hours=self.settings.retention.run_topic_hours)
        async with self.store.reading() as tx:
            shown = await runs.shown(tx, since, RUNS_AGAIN)
        async with self.house.lock, self.store.quickly() as tx:
            said = definitions(self)
            for topic, payload, levels in said:
                await outbox.enqueue(tx, topic, payload, base=self.bus.base, now=self.clock.now(), **levels)
            for run in shown:
                await self.telling().run(tx, run)
        return len(said) + len(shown)

    def telling(self) -> Telling:
        """How to announce something now."""
        return telling(self.settings, self.bus, self.clock.now())


def definitions(controller: Controller) -> list[tuple[Topic, msgspec.Struct, dict[str, Any]]]:
    """Everything defined that is retained: topic, payload and levels."""
    house = controller.house
    flags = [(topics.FLAG_STATE, flag_state(controller, each), {"flag": str(each.id)}) for each in house.flags.values()]
    return [
        *((topics.LOAD_JOB, job, {"job": str(job.id)}) for job in house.jobs.values()),
        *flags,
        *((topics.SMART_BUTTON, button, {"button": str(button.id)}) for button in house.buttons.values()),
    ]


def flag_state(controller: Controller, flag: Flag) -> FlagState:
    """A flag as it is published."""
    return FlagState(
        id=flag.id, symbol=flag.symbol, value=flag.value, name=flag.name, at=controller.clock.now(),
        version=controller.publishing.next_version(),
    )  # fmt: skip


def telling(settings: Settings, bus: Bus, now: datetime) -> Telling:
    """How to announce something."""
    return Telling(bus.base, now, settings.retention.run_topic_hours * 3600)


def _known(load: Load) -> KnownLoad:
    return KnownLoad(load.settings.type, load.settings.sub_type, load.name)
