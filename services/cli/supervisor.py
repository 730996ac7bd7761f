"""All children together: started one after the other, waited for until ready, and stopped in the opposite order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from services.cli.child import Child, Unit
from services.cli.exits import CommandError
from services.cli.output import Output

ASK_AGAIN = 0.05
FATAL_ENDS = 3
STOP_WITHIN = 9.0
AFTER_KILL = 0.8


class Supervisor:
    """Children by name, in the order of their start."""

    def __init__(self, output: Output, changed: Callable[[], None] = lambda: None) -> None:
        self.children: dict[str, Child] = {}
        self._output = output
        self._changed = changed
        self._tasks: set[asyncio.Task[None]] = set()
        self._hasten = asyncio.Event()

    def start(self, unit: Unit) -> Child:
        """Start a unit and keep it running."""
        child = Child(unit, self._output, self._changed)
        self.children[unit.name] = child
        self._tasks.add(asyncio.create_task(child.run(), name=unit.name))
        return child

    async def ready(self, child: Child, deadline: float) -> None:
        """Wait until the child says it is ready. Raises `CommandError` that names it and says why at `deadline`
        (monotonic seconds), or when it ended three times before."""
        reason: str | None = "did not start"
        while True:
            if child.ends >= FATAL_ENDS:
                raise self._failure(child, f"ended again and again ({child.last_end})")
            if child.pid is not None:
                reason = await child.unit.ready()
                if reason is None:
                    return
            if time.monotonic() >= deadline:
                raise self._failure(child, f"is not ready: {reason}")
            await asyncio.sleep(ASK_AGAIN)

    def hasten(self) -> None:
        """Stop waiting for anybody's orderly end."""
        self._hasten.set()
        for child in self.children.values():
            child.kill()

    async def stop(self) -> None:
        """Stop the children, the last started first, each with its patience; after 9 s whatever is left is killed."""
        end = time.monotonic() + STOP_WITHIN
        for child in reversed(self.children.values()):
            child.stop()
            await self._patiently(child, min(child.unit.patience, end - time.monotonic()))
        for child in self.children.values():
            await self._patiently(child, end - time.monotonic())
            if not await child.ended(0):
                self._output.say(f"{child.unit.name} did not end in time; killing it")
                child.kill()
        if self._tasks:
            _, stuck = await asyncio.wait(self._tasks, timeout=AFTER_KILL)
            for task in stuck:
                task.cancel()

    async def _patiently(self, child: Child, seconds: float) -> None:
        ended = asyncio.ensure_future(child.ended(max(seconds, 0)))
        hastened = asyncio.ensure_future(self._hasten.wait())
        await asyncio.wait([ended, hastened], return_when=asyncio.FIRST_COMPLETED)
        for waiting in (ended, hastened):
            waiting.cancel()

    def _failure(self, child: Child, reason: str) -> CommandError:
        tail = "".join(f"\n  {child.unit.name} | {line}" for line in self._output.tail(child.unit.name)[-8:])
        return CommandError(f"{child.unit.name} {reason}{tail}")
