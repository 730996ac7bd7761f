"""One client of the WebSocket: what it wants, and what waits for it. All in one event loop."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from services.gateway.callers.identity import Identity
from services.gateway.dialects.wiser.frames import LOAD

MOST_WAITING = 100  # frames that cannot take each other's place


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a connection ends, as the code that closes it."""

    code: int


GONE, GO_AWAY, TOO_SLOW, NO_MORE = Ending(1000), Ending(1001), Ending(1008), Ending(1008)


class Listener:
    """`offer` never waits; the transport takes with `taken`.

    A newer report of a load takes the place of one that still waits, so a slow client gets fewer frames and always the
    newest; what cannot be replaced is bounded, and one too many ends the connection.
    """

    def __init__(self, identity: Identity, scope: object) -> None:
        self.identity = identity
        self.scope = scope
        self.kinds = frozenset({LOAD})
        self.ending: Ending | None = None
        self._frames: dict[object, str] = {}
        self._lasting = 0
        self._wake = asyncio.Event()

    def offer(self, frame: str, key: object = None) -> None:
        """Put a frame behind the others, in the place of one with this key."""
        if self.ending is not None:
            return
        if key is None:
            self._lasting += 1
            key = object()
            if self._lasting > MOST_WAITING:
                self.end(TOO_SLOW)
                return
        self._frames[key] = frame
        self._wake.set()

    def end(self, ending: Ending) -> None:
        """Nothing more comes. The first ending counts."""
        if self.ending is None:
            self.ending = ending
            self._frames.clear()
        self._wake.set()

    async def taken(self) -> list[str]:
        """All that waits, once there is something; nothing when the connection has ended."""
        await self._wake.wait()
        self._wake.clear()
        frames, self._frames, self._lasting = list(self._frames.values()), {}, 0
        return frames
