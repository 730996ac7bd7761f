"""Requests that wait for somebody to press a smart button."""

from __future__ import annotations

import asyncio
from typing import Any

from services.gateway.gateway import Gateway
from shared.contracts.smart_buttons import SmartButtonPressed
from shared.errors import Refused, Unavailable
from shared.pauses import pause

LONGEST = 60.0  # seconds, where nobody began programming mode here
MOST_WAITING = 64


class Presses:
    """All that wait hear of the same press."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._waiting: set[asyncio.Future[SmartButtonPressed]] = set()
        self._ends = 0.0
        gateway.loads.pressed.append(self._on_press)

    def programming(self, seconds: float | None) -> None:
        """Programming mode has begun here for so long, or has ended, and with it all waiting."""
        self._ends = self._gateway.clock.monotonic() + (seconds or 0.0)
        if seconds is None:
            for waiting in list(self._waiting):
                waiting.cancel()

    async def next(self) -> SmartButtonPressed:
        """The next press. Raises `Refused` (`no_button_pressed`) when none comes, or too many wait."""
        if len(self._waiting) >= MOST_WAITING:
            raise Unavailable("Too many clients wait for a press", code="too_many_waiting")
        left = self._ends - self._gateway.clock.monotonic()
        pressed: asyncio.Future[SmartButtonPressed] = asyncio.get_running_loop().create_future()
        over: asyncio.Future[Any] = asyncio.ensure_future(
            pause(self._gateway.clock, self._gateway.stopping, left if left > 0 else LONGEST)
        )
        self._waiting.add(pressed)
        try:
            waits: list[asyncio.Future[Any]] = [pressed, over]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if pressed.done() and not pressed.cancelled():
                return pressed.result()
            raise Refused("no button pressed", code="no_button_pressed")
        finally:
            self._waiting.discard(pressed)
            over.cancel()

    def _on_press(self, press: SmartButtonPressed) -> None:
        for waiting in list(self._waiting):
            if not waiting.done():
                waiting.set_result(press)
