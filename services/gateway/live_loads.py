"""What the gateway knows of the house: loads, hvac groups and smart buttons as their controllers publish them.

Reads cost no hop. A definition and the last report stay true while a load moves from one controller to another; while
no controller runs at all, or the broker is out of reach, nothing is shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from services.gateway.live_view import is_news
from services.gateway.owners import Owners
from services.gateway.snapshots import Snapshots
from shared.bus import Bus, Delivery
from shared.clock import Clock
from shared.contracts import load_topics, topics
from shared.contracts.loads import HvacGroupInfo, LoadInfo, LoadState
from shared.contracts.messages import Presence
from shared.contracts.smart_buttons import SmartButton, SmartButtonPressed
from shared.errors import NotFound, Unavailable

MOST = 20_000  # of each kind

Info = TypeVar("Info", LoadInfo, HvacGroupInfo)
Change = Callable[[int, LoadState], None]


@dataclass(frozen=True, slots=True)
class Shown(Generic[Info]):
    """What something is, and what it reported last; `available` as its controller says."""

    info: Info
    state: LoadState | None
    available: bool


class Live(Generic[Info]):
    """All loads, or all hvac groups. `changed` is called with each report that says something new."""

    def __init__(self, name: str, info: type[Info], changed: list[Change], check: Callable[[], None]) -> None:
        self._name = name
        self._type: type[Info] = info
        self._changed = changed
        self._check = check
        self._infos: dict[int, Info] = {}
        self._states: dict[int, LoadState] = {}
        self._away: set[int] = set()

    def all(self) -> list[Shown[Info]]:
        """All that are defined, by id. Raises `Unavailable`."""
        self._check()
        return [self._shown(info) for _, info in sorted(self._infos.items())]

    def one(self, number: int) -> Shown[Info]:
        """Raises `NotFound`, `Unavailable`."""
        self._check()
        info = self._infos.get(number)
        if info is None:
            raise NotFound(f"{self._name} {number} not found", code=f"no_such_{self._name}")
        return self._shown(info)

    def known(self, number: int) -> Info | None:
        """What it is, while it is known at all."""
        return self._infos.get(number)

    def _shown(self, info: Info) -> Shown[Info]:
        return Shown(info, self._states.get(info.id), info.id not in self._away)

    # --- what is heard ------------------------------------------------------------------------------------------------

    async def on_info(self, delivery: Delivery) -> None:
        number, info = _number(delivery), delivery.message
        if not isinstance(info, self._type):
            for known in (self._infos, self._states):  # an empty retained message: it is gone
                known.pop(number, None)
        elif _has_room(self._infos, number) and is_news(self._infos.get(number), info):
            self._infos[number] = info

    async def on_state(self, delivery: Delivery) -> None:
        number, state = _number(delivery), delivery.message
        before = self._states.get(number)
        if isinstance(state, LoadState) and _has_room(self._states, number) and is_news(before, state):
            self._states[number] = state
            if before is None or not says_the_same(before, state):
                for tell in self._changed:
                    tell(number, state)

    async def on_available(self, delivery: Delivery) -> None:
        if delivery.message == "offline" and len(self._away) < MOST:
            self._away.add(_number(delivery))
        else:
            self._away.discard(_number(delivery))


class LiveLoads:
    """Follows the house. Reads raise `Unavailable` rather than show what may no longer be true."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self.load_changed: list[Change] = []
        self.group_changed: list[Change] = []
        self.pressed: list[Callable[[SmartButtonPressed], None]] = []
        self.loads = Live("load", LoadInfo, self.load_changed, self.check)
        self.groups = Live("hvacgroup", HvacGroupInfo, self.group_changed, self.check)
        self._buttons: dict[int, SmartButton] = {}
        self._owners = Owners()
        self._snapshots = Snapshots(bus, clock, load_topics.ANNOUNCE_LOADS)

    def follow(self) -> None:
        """Subscribe; call once, before the bus runs."""
        bus = self._bus
        bus.follow(load_topics.LOAD_INFO, self.loads.on_info, lane=_lane)
        bus.follow(load_topics.LOAD_STATE, self.loads.on_state, lane=_lane)
        bus.follow(load_topics.LOAD_AVAILABLE, self.loads.on_available, lane=_lane)
        bus.follow(load_topics.HVAC_GROUP_INFO, self.groups.on_info, lane=_lane)
        bus.follow(load_topics.HVAC_GROUP_STATE, self.groups.on_state, lane=_lane)
        bus.follow(load_topics.SMART_BUTTON, self._on_button, lane=_lane)
        bus.follow(load_topics.SMART_BUTTON_PRESSED, self._on_pressed, lane=_lane)
        bus.follow(topics.SERVICE_PRESENCE, self._on_presence, service=load_topics.LOAD_CONTROLLER)
        self._snapshots.follow()

    async def run(self, stopping: asyncio.Event) -> None:
        """Ask the controllers for what may have been missed, until the service stops."""
        await self._snapshots.run(stopping)

    def check(self) -> None:
        """Raises `Unavailable` while nothing that is held is known to be true."""
        if not self._bus.connected:
            raise Unavailable("The message broker cannot be reached", code="broker_unreachable", retry_after=2)
        if not self._snapshots.ready or not self._owners.anybody_online():
            raise Unavailable("No load controller is running", code="owner_not_running", retry_after=2)

    def buttons(self) -> list[SmartButton]:
        """All smart buttons, by id. Raises `Unavailable`."""
        self.check()
        return [button for _, button in sorted(self._buttons.items())]

    async def _on_button(self, delivery: Delivery) -> None:
        number, button = _number(delivery), delivery.message
        if not isinstance(button, SmartButton):
            self._buttons.pop(number, None)
        elif _has_room(self._buttons, number):
            self._buttons[number] = button

    async def _on_pressed(self, delivery: Delivery) -> None:
        if isinstance(delivery.message, SmartButtonPressed):
            for tell in list(self.pressed):
                tell(delivery.message)

    async def _on_presence(self, delivery: Delivery) -> None:
        presence = delivery.message if isinstance(delivery.message, Presence) else None
        self._owners.heard(delivery.levels["instance"], presence)


def says_the_same(before: LoadState, now: LoadState) -> bool:
    """Whether two reports differ in nothing but when they were made."""
    return msgspec.structs.replace(before, at=now.at, version=now.version) == now


def _has_room(known: dict[int, Info] | dict[int, LoadState] | dict[int, SmartButton], number: int) -> bool:
    return number > 0 and (number in known or len(known) < MOST)


def _level(delivery: Delivery) -> str:
    return next(iter(delivery.levels.values()))


def _lane(delivery: Delivery) -> str:
    """Info, state and availability of one load come one after another."""
    return f"{delivery.topic.template.split('/')[0]}/{_level(delivery)}"


def _number(delivery: Delivery) -> int:
    """The id in the topic; 0, which nothing has, for a level that is no number."""
    level = _level(delivery)
    return int(level) if level.isdecimal() and len(level) <= 10 else 0
