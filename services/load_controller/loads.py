"""The loads of the house, whoever holds them: what they are, and of those held here what they reported last."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from services.load_controller.holdings import shard_of
from shared.contracts.loads import HvacGroupInfo, LoadInfo, LoadState
from shared.load_settings import HvacGroupSettings, LoadSettings

if TYPE_CHECKING:
    from services.load_controller.drivers.driver import Driver
    from services.load_controller.driving import Handed
    from services.load_controller.waiting import Waiting

_UNCHANGED: Mapping[str, Any] = {}
_UNKNOWN: dict[str, Any] = {}
CHANGEABLE = ("name", "room", "kind", "unused")


class Load:
    """One load. `changes`: what clients made of its settings. `state` is there for loads that are held here.

    There may be ten thousand of them: what most do not have now is None.
    """

    __slots__ = ("at", "available", "changes", "driver", "handing", "pressed", "settings", "state", "waiting")

    def __init__(self, settings: LoadSettings) -> None:
        self.settings = settings
        self.changes = _UNCHANGED
        self.state: dict[str, Any] = _UNKNOWN
        self.at: datetime | None = None
        self.available: bool | None = None
        self.pressed: Any = None
        self.driver: Driver | None = None
        self.waiting: list[Waiting] | None = None
        self.handing: deque[Handed] | None = None

    @property
    def id(self) -> int:
        return self.settings.id

    @property
    def name(self) -> str:
        """As clients call it."""
        return str(self.changes.get("name", self.settings.name))

    def info(self, owner: str, at: datetime, version: int) -> LoadInfo:
        """What it is, as it is published."""
        settings = self.settings
        own = {"name": settings.name, "room": settings.room, "kind": settings.kind, "unused": False, **self.changes}
        return LoadInfo(
            id=settings.id, type=settings.type, sub_type=settings.sub_type, device=settings.device,
            channel=settings.channel, controller=settings.controller, owner=owner, at=at, version=version, **own,
        )  # fmt: skip

    def shown(self, at: datetime, version: int) -> LoadState:
        """What it reported last, as it is published."""
        return LoadState(**self.state, at=self.at or at, version=version)


class Loads:
    """All loads and hvac groups of the settings, by id."""

    def __init__(self, loads: Iterable[LoadSettings], groups: Iterable[HvacGroupSettings]) -> None:
        self._loads = {settings.id: Load(settings) for settings in loads}
        self.groups = {settings.id: settings for settings in groups}
        self._groups_of = {load: group.id for group in self.groups.values() for load in group.loads}

    def __iter__(self) -> Iterator[Load]:
        return iter(self._loads.values())

    def __len__(self) -> int:
        return len(self._loads)

    def get(self, load: int) -> Load | None:
        """The load of that id."""
        return self._loads.get(load)

    def name_of(self, load: int) -> str:
        """What it is called; empty when it is not there."""
        found = self._loads.get(load)
        return found.name if found is not None else ""

    def of_shard(self, shard: int) -> list[Load]:
        """The loads of one shard."""
        return [load for load in self._loads.values() if shard_of(load.id) == shard]

    def group_of(self, load: int) -> HvacGroupSettings | None:
        """The group that a load belongs to and whose first load it is: where the group's state is shown."""
        group = self.groups.get(self._groups_of.get(load, 0))
        return group if group is not None and group.loads[0] == load else None

    def first_of(self, group: HvacGroupSettings) -> Load | None:
        """The load whose holder answers for the group."""
        return self._loads.get(group.loads[0]) if group.loads else None


def group_info(group: HvacGroupSettings, owner: str, at: datetime, version: int) -> HvacGroupInfo:
    """What a group is, as it is published."""
    name = group.name or f"Group {group.id}"
    return HvacGroupInfo(id=group.id, name=name, loads=group.loads, owner=owner, at=at, version=version)
