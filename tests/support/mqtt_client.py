"""An outsider on the broker: aiomqtt (not the bus's library), MQTT 3.1.1, keeping all that it heard with its time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiomqtt

_NODELAY = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]


Payload = str | bytes | dict[str, Any]
PLAIN = aiomqtt.ProtocolVersion.V311


@dataclass(frozen=True)
class Heard:
    """One message; `at` is monotonic seconds, on the clock of this machine (`time.monotonic`)."""

    topic: str
    payload: bytes
    retained: bool
    at: float

    @property
    def json(self) -> Any:
        """The payload as JSON; None for an empty one."""
        return json.loads(self.payload) if self.payload else None


class Listener:
    """`async with Listener(port) as heard`: follows `topics` over broker restarts until the block ends."""

    def __init__(self, port: int, *topics: str, protocol: aiomqtt.ProtocolVersion = PLAIN) -> None:
        self.port = port
        self.topics = topics or ("jobwire/#",)
        self.messages: list[Heard] = []
        self.connections = 0
        self._protocol = protocol
        self._client: aiomqtt.Client | None = None
        self._changed = asyncio.Event()
        self._connected = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._follow())
        async with asyncio.timeout(10):
            await self._connected.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Hear no more, and cost the broker nothing; what was heard stays."""
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def publish(self, topic: str, payload: Payload, *, qos: int = 1, retain: bool = False) -> None:
        """As `mosquitto_pub -t topic -m payload` does; a dict goes as JSON."""
        body = json.dumps(payload) if isinstance(payload, dict) else payload
        async with asyncio.timeout(10):
            await self._connected.wait()
            assert self._client is not None
            await self._client.publish(topic, body, qos=qos, retain=retain)

    async def until(self, what: Callable[[Heard], bool], *, within: float = 10.0, since: int = 0) -> Heard:
        """The first message from number `since` on for which `what` is true; an AssertionError when none came."""
        deadline = time.monotonic() + within
        checked = since
        while True:
            for message in self.messages[checked:]:
                if what(message):
                    return message
            checked = len(self.messages)
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f"not heard within {within} s; the last messages were\n{self.tail()}")
            self._changed.clear()
            if len(self.messages) == checked:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await self._changed.wait()

    def last(self, topic: str) -> Heard | None:
        """The newest message on exactly this topic."""
        return next((message for message in reversed(self.messages) if message.topic == topic), None)

    def on(self, topic: str) -> list[Heard]:
        """All messages on exactly this topic, oldest first."""
        return [message for message in self.messages if message.topic == topic]

    def tail(self, count: int = 25) -> str:
        """The last messages as text, for a failing test."""
        return "\n".join(f"{m.at:.3f} {m.topic} {m.payload[:200]!r}" for m in self.messages[-count:])

    async def _follow(self) -> None:
        while True:
            with contextlib.suppress(aiomqtt.MqttError, OSError):
                await self._follow_once()
            self._connected.clear()
            await asyncio.sleep(0.1)

    async def _follow_once(self) -> None:
        client = aiomqtt.Client("127.0.0.1", self.port, protocol=self._protocol, socket_options=_NODELAY)
        async with client:
            for topic in self.topics:
                await client.subscribe(topic, qos=1)
            self._client = client
            self.connections += 1
            self._connected.set()
            async for message in client.messages:
                payload = message.payload if isinstance(message.payload, bytes) else str(message.payload or "").encode()
                self.messages.append(Heard(str(message.topic), payload, bool(message.retain), time.monotonic()))
                self._changed.set()


async def retained(port: int, *topics: str, quiet: float = 0.3, within: float = 5.0) -> dict[str, Heard]:
    """What the broker holds now for `topics`, read by a new client until nothing more comes for `quiet` seconds."""
    async with Listener(port, *topics) as heard:
        deadline = time.monotonic() + within
        seen = -1
        while seen != len(heard.messages) and time.monotonic() < deadline:
            seen = len(heard.messages)
            await asyncio.sleep(quiet)
        return {message.topic: message for message in heard.messages if message.retained and message.payload}
