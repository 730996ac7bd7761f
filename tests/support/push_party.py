"""A push channel on a running gateway and listeners in it, without a transport; and what they have heard."""

from __future__ import annotations

import json
from typing import Any

from services.gateway.dialects.octoprint.push.channel import Channel
from services.gateway.dialects.octoprint.push.listener import Listener
from shared.contracts.printers import PrinterStatus
from tests.support.gateway import RunningGateway
from tests.support.push import kind_of

HERE = "127.0.0.1"


class Party:
    """A channel on a running gateway, and listeners in it."""

    def __init__(self, gateway: RunningGateway) -> None:
        self.gateway = gateway
        self.channel = Channel(gateway.gateway)
        self.auth = ""

    def join(self, place: str | None = None) -> Listener:
        return self.channel.join(place, HERE)

    async def say(self, listener: Listener, **message: Any) -> None:
        await self.channel.hear(listener, json.dumps(message))

    async def listening(self, place: str | None = None, **first: Any) -> Listener:
        """Joined and logged in, with nothing left to take; `first` is said before."""
        listener = self.join(place)
        if first:
            await self.say(listener, **first)
        await self.say(listener, auth=self.auth)
        listener.drain()
        return listener

    async def ticks(self, count: int = 1) -> None:
        """That many half seconds pass."""
        await self.gateway.clock.advance(0.5 * count)

    async def state(self, status: PrinterStatus, **more: Any) -> None:
        await self.gateway.owner.state(status, **more)


def heard(listener: Listener) -> list[Any]:
    return [json.loads(message.text) for message in listener.drain()]


def kinds(listener: Listener) -> list[str]:
    return [kind_of(message) for message in heard(listener)]


def payloads(listener: Listener, kind: str) -> list[Any]:
    """What came of one kind: `current`, `history`, `event`."""
    return [message[kind] for message in heard(listener) if kind in message]
