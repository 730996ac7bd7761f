"""How a decision waits for a database that went away for a moment: a few tries, with jitter, within two seconds."""

from __future__ import annotations

import asyncio
import random

from shared.store_errors import Passing

WITHIN = 2.0  # seconds; less than any asker waits
FIRST_PAUSE = 0.05  # seconds, doubled up to the longest
LONGEST_PAUSE = 0.5


class Patience:
    """The tries of one decision."""

    def __init__(self) -> None:
        self._ends_at = asyncio.get_running_loop().time() + WITHIN
        self._pause = FIRST_PAUSE

    async def rest(self, error: Passing) -> None:
        """Wait for the next try; raises `error` when there is none left."""
        pause = self._pause * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
        self._pause = min(LONGEST_PAUSE, self._pause * 2)
        if asyncio.get_running_loop().time() + pause > self._ends_at:
            raise error
        await asyncio.sleep(pause)
