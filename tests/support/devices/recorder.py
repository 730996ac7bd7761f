"""Reports of drivers, kept for tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Recorder:
    """`services.load_controller.drivers.driver.Reports`: everything that was said, oldest first."""

    said: list[tuple[int, dict[str, Any], dict[str, int] | None]] = field(default_factory=list)
    availability: list[tuple[int, bool, str | None]] = field(default_factory=list)

    def reported(self, load: int, attributes: Mapping[str, Any], flags: Mapping[str, int] | None) -> None:
        self.said.append((load, dict(attributes), None if flags is None else dict(flags)))

    def available(self, load: int, available: bool, reason: str | None) -> None:
        self.availability.append((load, available, reason))

    def state(self, load: int) -> dict[str, Any]:
        """All that the load has said, newest last, as one."""
        state: dict[str, Any] = {}
        for number, attributes, _ in self.said:
            if number == load:
                state.update(attributes)
        return state

    def flags(self, load: int) -> dict[str, int]:
        """The last flags of the load."""
        return next((flags for number, _, flags in reversed(self.said) if number == load and flags), {})

    def reachable(self, load: int) -> bool | None:
        """What was said last about its availability."""
        return next((there for number, there, _ in reversed(self.availability) if number == load), None)
