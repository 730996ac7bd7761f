"""An MQTT device for tests: it knows its own topics and nothing of us, and people can use it by hand."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import aiomqtt

HELLO_WITHIN = 10.0


class Device:
    """`listens` are its command topics, `will` the topic and payload that tell of its death."""

    listens: tuple[str, ...] = ()
    will: tuple[str, str] | None = None
    obeys = True  # whether it does what it is told

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self.told: list[tuple[str, str]] = []
        self._client: aiomqtt.Client | None = None

    async def hello(self) -> None:
        """What it says when it connects."""

    async def on(self, topic: str, payload: str) -> None:
        """Somebody has published on one of its command topics."""

    async def say(self, topic: str, payload: Any, *, retain: bool = False) -> None:
        """Publish; anything but text as JSON."""
        assert self._client is not None
        await self._client.publish(topic, payload if isinstance(payload, str) else json.dumps(payload), retain=retain)

    async def run(self, url: str) -> None:
        """Until cancelled, or dead."""
        parts = urlsplit(url)
        assert parts.hostname is not None
        will = None if self.will is None else aiomqtt.Will(self.will[0], self.will[1], qos=1, retain=True)
        async with aiomqtt.Client(parts.hostname, parts.port or 1883, will=will, timeout=HELLO_WITHIN) as client:
            self._client = client
            for topic in self.listens:
                await client.subscribe(topic, qos=1)
            await self.hello()
            self.ready.set()
            async for message in client.messages:
                payload = bytes(message.payload).decode()
                self.told.append((str(message.topic), payload))
                if self.obeys:
                    await self.on(str(message.topic), payload)

    def die(self) -> None:
        """Lose power: the broker tells its will."""
        assert self._client is not None
        line = self._client._client.socket()
        assert isinstance(line, socket.socket)
        line.shutdown(socket.SHUT_RDWR)


@contextlib.asynccontextmanager
async def running(url: str, *devices: Device) -> AsyncIterator[None]:
    """The devices, connected; gone afterwards."""
    tasks = [asyncio.create_task(device.run(url)) for device in devices]
    try:
        for device in devices:
            async with asyncio.timeout(HELLO_WITHIN):
                await device.ready.wait()
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
