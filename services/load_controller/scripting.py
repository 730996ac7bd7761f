"""What the controller wants of whatever executes scripts; where they are not allowed it refuses with `scripts_off`."""

from __future__ import annotations

from typing import Any, Protocol

from shared.errors import Refused


class Scripting(Protocol):
    """Runs scripts apart from this process. What is answered is the last line of a failed script's traceback."""

    def is_running(self, name: str) -> bool:
        """Whether it was started and is still there."""
        ...

    async def run(self, name: str, text: str, entry: str, *arguments: Any) -> str | None:
        """Call one entry point. Raises `Refused` where scripts are off, `Conflict` when too many run."""
        ...

    async def start(self, name: str, text: str) -> str | None:
        """Begin a script that stays, and call its `onStart`."""
        ...

    async def stop(self, name: str) -> str | None:
        """Call its `onStop`, then end it."""
        ...

    async def close(self) -> None:
        """End all of them."""
        ...


class NoScripts:
    """Executes nothing."""

    def is_running(self, name: str) -> bool:  # noqa: ARG002
        return False

    async def run(self, name: str, text: str, entry: str, *arguments: Any) -> str | None:  # noqa: ARG002
        raise _off()

    async def start(self, name: str, text: str) -> str | None:  # noqa: ARG002
        raise _off()

    async def stop(self, name: str) -> str | None:  # noqa: ARG002
        return None

    async def close(self) -> None:
        return None


def _off() -> Refused:
    return Refused("scripts are not executed here", code="scripts_off")
