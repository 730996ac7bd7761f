"""Handlers side by side, but one after another within a lane, so that one device's messages keep their order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

Job = Callable[[], Awaitable[None]]


class Lanes:
    """A lane lives while it has jobs. Jobs must not raise; a cancelled one ends its lane."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lanes: dict[str, deque[Job]] = {}
        self._runners: set[asyncio.Task[None]] = set()
        self._jobs = 0
        self._stopped = False

    def __len__(self) -> int:
        return self._jobs

    @property
    def full(self) -> bool:
        return self._jobs >= self.limit

    def add(self, key: str, job: Job) -> None:
        """Run `job` after what is in its lane already."""
        if self._stopped:
            return
        lane = self._lanes.get(key)
        self._jobs += 1
        if lane is not None:
            lane.append(job)
            return
        self._lanes[key] = lane = deque((job,))
        runner = asyncio.get_running_loop().create_task(self._run(key, lane), name=f"lane {key}")
        self._runners.add(runner)
        runner.add_done_callback(self._runners.discard)

    async def _run(self, key: str, lane: deque[Job]) -> None:
        try:
            while lane and not self._stopped:
                try:
                    await lane.popleft()()
                finally:
                    self._jobs -= 1
        finally:
            self._jobs -= len(lane)
            self._lanes.pop(key, None)

    async def stop(self, within: float) -> None:
        """Begin nothing more; give what runs `within` seconds, then cancel it. What did not run is not acknowledged."""
        self._stopped = True
        running = set(self._runners)
        if not running:
            return
        _, late = await asyncio.wait(running, timeout=within)
        for runner in late:
            runner.cancel()
        if late:
            await asyncio.wait(late, timeout=within)
