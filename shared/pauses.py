"""Waiting that ends early: by what was wished for, or because the service stops."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from typing import Any

from shared.clock import Clock


async def first_of(*waits: Coroutine[Any, Any, Any]) -> None:
    """Wait until one of them is done, and cancel the others; what that one raised is raised."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()


async def pause(clock: Clock, stopping: asyncio.Event, seconds: float) -> bool:
    """Wait `seconds`, or until the service stops; whether it stops."""
    await first_of(clock.sleep(seconds), stopping.wait())
    return stopping.is_set()


def jittered(seconds: float) -> float:
    """Half to all of `seconds`, so that many processes do not ask at the same moment."""
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311 (spreads load, protects nothing)
