"""Scripts as part of runs: one after another, each answered by a receipt like a load."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from services.load_controller.house import House
from services.load_controller.orders import Order
from services.load_controller.rules import receipts
from services.load_controller.scripting import Scripting
from services.load_controller.waiting import Settling
from shared.clock import Clock
from shared.errors import JobError

LOG = logging.getLogger(__name__)

ANSWER_WITHIN = 4.0  # seconds that whoever runs a job waits for the error of its scripts
STOPPED = "the controller stopped while it ran"
MOST_RUNS = 200


class ScriptRuns:
    """The runs whose scripts are being executed."""

    def __init__(self, scripting: Scripting, house: House, settling: Settling, clock: Clock) -> None:
        self._scripting, self._house, self._settling, self._clock = scripting, house, settling, clock
        self._running: dict[str, asyncio.Task[str | None]] = {}

    def begin(self, run: str, scripts: Sequence[Order]) -> None:
        """Execute the scripts of a run that has been committed."""
        if len(self._running) >= MOST_RUNS:
            for order in scripts:
                self._settle(order, f"{MOST_RUNS} runs with scripts are under way already")
            return
        task = asyncio.get_running_loop().create_task(self._execute(scripts), name=f"scripts of {run}")
        self._running[run] = task
        task.add_done_callback(lambda _: self._running.pop(run, None))

    async def error(self, run: str) -> str | None:
        """The first error of a run's scripts, as far as it is known soon."""
        task = self._running.get(run)
        if task is None:
            return None
        done, _ = await asyncio.wait((task,), timeout=ANSWER_WITHIN)
        return task.result() if done and not task.cancelled() else None

    async def close(self) -> None:
        """Execute no more; what was under way is answered by the next holder of the house."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _execute(self, scripts: Sequence[Order]) -> str | None:
        first: str | None = None
        for order in scripts:
            error = await self._one(order)
            first = first or error
            self._settle(order, error)
        return first

    async def _one(self, order: Order) -> str | None:
        name = order.command.script or ""
        text = self._house.texts.get(name)
        if text is None:
            return f"script {name!r} not found"
        try:
            return await self._scripting.run(name, text, order.command.entry, *order.command.arguments)
        except JobError as error:
            return error.message
        except Exception:
            LOG.exception("script %s", name)
            return "the script could not be executed"

    def _settle(self, order: Order, error: str | None) -> None:
        outcome = receipts.REPORTED if error is None else receipts.REFUSED
        self._settling.settle(order, order.receipt("", outcome, reason=error, at=self._clock.now()))
