"""Retained topics of loads and hvac groups: each change at once, and everything again when asked, not all in one go."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from services.load_controller.loads import Load, Loads, group_info
from shared.bus import Bus
from shared.clock import Clock
from shared.contracts import load_topics as topics
from shared.contracts.loads import LoadState
from shared.contracts.topics import Topic
from shared.load_settings import HvacGroupSettings

AT_ONCE = 300  # topics that are published before the broker has to keep up
OF_A_LOAD = (topics.LOAD_INFO, topics.LOAD_STATE, topics.LOAD_AVAILABLE)
OF_A_GROUP = (topics.HVAC_GROUP_INFO, topics.HVAC_GROUP_STATE)
ONLINE, OFFLINE = "online", "offline"


class Publishing:
    """Publishes what this controller holds. Nothing here waits, but for `everything`."""

    def __init__(self, bus: Bus, clock: Clock, loads: Loads, owner: str) -> None:
        self._bus, self._clock, self._loads, self._owner = bus, clock, loads, owner
        self._version = int(clock.now().timestamp() * 1000)  # what an earlier process published is older

    def info(self, load: Load) -> None:
        """What the load is."""
        self._publish(topics.LOAD_INFO, load.info(self._owner, self._clock.now(), self.next_version()), load=load.id)

    def state(self, load: Load) -> None:
        """What the load reported, and what that says of its group."""
        if load.at is None:
            return
        self._publish(topics.LOAD_STATE, load.shown(load.at, self.next_version()), load=load.id)
        group = self._loads.group_of(load.id)
        if group is not None:
            self._publish(topics.HVAC_GROUP_STATE, self._group_state(load), group=group.id)

    def available(self, load: Load) -> None:
        """Whether the load answers."""
        if load.available is not None:
            self._publish(topics.LOAD_AVAILABLE, ONLINE if load.available else OFFLINE, load=load.id)

    def group(self, group: HvacGroupSettings) -> None:
        """What a group is."""
        info = group_info(group, self._owner, self._clock.now(), self.next_version())
        self._publish(topics.HVAC_GROUP_INFO, info, group=group.id)

    def forget(self, load: Load) -> None:
        """Another controller speaks for the load now."""
        for topic in OF_A_LOAD:
            self._bus.forget(topic, load=str(load.id))
        group = self._loads.group_of(load.id)
        for topic in OF_A_GROUP if group is not None else ():
            self._bus.forget(topic, group=str(group.id if group is not None else 0))

    async def everything(self, loads: Iterable[Load]) -> int:
        """All topics of these loads, and of the groups that are shown with them; answers how many loads."""
        count = 0
        for load in loads:
            self.info(load)
            self.state(load)
            self.available(load)
            group = self._loads.group_of(load.id)
            if group is not None:
                self.group(group)
            count += 1
            if count % (AT_ONCE // 3) == 0:
                await self._caught_up()
        return count

    def next_version(self) -> int:
        """A number that grows, over restarts as well."""
        self._version = max(self._version + 1, int(self._clock.now().timestamp() * 1000))
        return self._version

    def _group_state(self, load: Load) -> LoadState:
        """The temperatures of the group's first load, whose valves all have the same target."""
        return load.shown(load.at or self._clock.now(), self.next_version())

    async def _caught_up(self) -> None:
        for _ in range(200):
            if self._bus.gauges()["waiting"] < AT_ONCE or not self._bus.connected:
                return
            await asyncio.sleep(0.01)

    def _publish(self, topic: Topic, payload: Any, **levels: int) -> None:
        self._bus.publish_latest(topic, payload, **{name: str(level) for name, level in levels.items()})
