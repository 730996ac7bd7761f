"""Waiting that ends early when the service stops."""

from __future__ import annotations

import asyncio
import random

from shared.clock import Clock


async def pause(clock: Clock, stopping: asyncio.Event, seconds: float) -> bool:
    """Wait `seconds`, or until the service stops; whether it stops."""
    waits = [asyncio.ensure_future(clock.sleep(seconds)), asyncio.ensure_future(stopping.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return stopping.is_set()


def jittered(seconds: float) -> float:
    """Half to all of `seconds`, so that many gateways do not ask at the same moment."""
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311 (spreads load, protects nothing)
