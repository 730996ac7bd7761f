"""One client of the push channel, whatever carries it: who it is, what it wants, and what waits for it."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.gateway.callers.identity import Identity
from services.gateway.callers.roles import Role
from services.gateway.dialects.octoprint.push import frames
from services.gateway.dialects.octoprint.push.commands import EVERYTHING, Subscription
from services.gateway.dialects.octoprint.push.frames import Message

MOST_WAITING = 100  # messages; who lets more lie is dropped
HEARTBEAT_TICKS = 50  # half seconds of silence before a heartbeat: 25 s


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a listener ends: the code that closes a plain WebSocket, and SockJS's last frame."""

    code: int
    frame: str


GO_AWAY = Ending(1001, frames.close(3000, "Go away!"))
TOO_SLOW = Ending(1008, frames.close(3001, "Too slow"))
TRY_AGAIN = Ending(1013, frames.close(3002, "Try again later"))
BROKEN = Ending(1007, frames.close(3003, "Broken JSON encoding."))
NO_ROOM = Ending(1013, frames.close(3004, "Too many without a login"))
GONE = Ending(1000, frames.close(3000, "Go away!"))  # the client has left


class Listener:
    """`offer` never waits; the transport takes with `arrived` and `drain`. All in one event loop.

    A `current` is only offered when the one before has been taken, and `since` moves only then: so a client that reads
    slowly gets fewer of them and misses no temperature.
    """

    def __init__(self, place: str | None, address: str) -> None:
        self.place = place
        self.address = address
        self.identity: Identity | None = None
        self.token: str | None = None
        self.factor = 1
        self.subscription: Subscription = EVERYTHING
        self.shown: Any = None  # which state the last `current` told
        self.since: datetime | None = None  # the newest temperature that was told
        self.read = 0  # lines of the terminal that there were then
        self.last_tick = 0
        self.ending: Ending | None = None
        self._quiet = 0
        self._beat = False
        self._waiting: deque[Message] = deque()
        self._current: Message | None = None
        self._wake: asyncio.Future[None] | None = None

    @property
    def takes_current(self) -> bool:
        """Whether the `current` before has been taken."""
        return self._current is None

    @property
    def is_admin(self) -> bool:
        """Whether an administrator listens."""
        return self.identity is not None and self.identity.role is Role.ADMIN

    def offer(self, message: Message) -> None:
        """Put a message behind the others; one too many ends the listener instead."""
        if self.ending is not None:
            return
        if len(self._waiting) >= MOST_WAITING:
            self.end(TOO_SLOW)
            return
        self._waiting.append(message)
        self.nudge()

    def offer_current(self, message: Message) -> None:
        """The same for a `current`, of which at most one waits."""
        self._current = message
        self.offer(message)

    def tick(self) -> None:
        """Half a second has passed."""
        self._quiet += 1
        if self._quiet >= HEARTBEAT_TICKS:
            self._quiet, self._beat = 0, True
            self.nudge()

    def end(self, ending: Ending) -> None:
        """Nothing more comes; what waits for one that is too slow is thrown away. The first ending counts."""
        if self.ending is None:
            self.ending = ending
            if ending is TOO_SLOW:
                self._waiting.clear()
        self.nudge()

    def nudge(self) -> None:
        """Wake whoever waits in `arrived`."""
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def arrived(self) -> None:
        """Until there are messages, a heartbeat is due, the listener has ended, or somebody nudged."""
        if self._waiting or self._beat or self.ending is not None:
            return
        self._wake = asyncio.get_running_loop().create_future()
        await self._wake
        self._wake = None

    def drain(self) -> list[Message]:
        """Take all that waits."""
        taken = list(self._waiting)
        self._waiting.clear()
        self._current = None
        if taken:
            self._quiet, self._beat = 0, False
        return taken

    def take_beat(self) -> bool:
        """Whether a heartbeat is due; it counts as sent."""
        due, self._beat = self._beat, False
        return due
