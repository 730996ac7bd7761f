"""Attempts to connect: one at a time, and another command can end it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class GivenUp(OSError):
    """An attempt to connect was ended by another command."""


class Attempts:
    """Holds the attempt under way, if there is one."""

    def __init__(self) -> None:
        self._attempt: asyncio.Task[None] | None = None

    @property
    def under_way(self) -> bool:
        """Whether somebody is connecting now."""
        return self._attempt is not None and not self._attempt.done()

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do the work so that `give_up` can end it, without waiting for it."""
        self._attempt = asyncio.create_task(work)
        return self._attempt

    async def make(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work and wait for its end. Raises `GivenUp` when it was ended, and what the work raises."""
        attempt = self.begin(work)
        try:
            await asyncio.wait((attempt,))
        finally:
            attempt.cancel()
            if self._attempt is attempt:
                self._attempt = None
        if attempt.cancelled():
            raise GivenUp("connecting was given up")
        attempt.result()

    async def give_up(self) -> None:
        """End the attempt under way and wait until it has cleaned up."""
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            attempt.cancel()
            await asyncio.wait((attempt,))
