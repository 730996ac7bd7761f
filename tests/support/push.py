"""Clients of OctoPrint's push channel, one for each way to listen, all with the same face; and an owner's events."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from shared.contracts import topics
from shared.contracts.messages import Event
from shared.identifiers import new_id
from tests.support.gateway import ADMIN_KEY, RunningGateway

Address = tuple[str, int]
WITHIN = 5.0


class PushClient(ABC):
    """`heard()` is the next message; `say` sends one."""

    def __init__(self) -> None:
        self.frames: list[str] = []
        self._messages: list[Any] = []

    @abstractmethod
    async def say(self, message: Any) -> None:
        """Send a message."""

    @abstractmethod
    async def _frame(self) -> str: ...

    async def heard(self) -> Any:
        """The next message, decoded; a SockJS frame that carries none as its text."""
        if not self._messages:
            async with asyncio.timeout(WITHIN):
                frame = await self._frame()
            self.frames.append(frame)
            found = [json.loads(text) for text in json.loads(frame[1:])] if frame[0] == "a" else [frame]
            self._messages = [json.loads(frame)] if frame[0] == "{" else found
        return self._messages.pop(0)

    async def kind(self) -> str:
        """The next message in a word: its type, and the event's name."""
        return kind_of(await self.heard())

    async def login(self, auth: str) -> list[str]:
        """Say who listens; the kinds of what comes up to and with the answer's end."""
        await self.say({"auth": auth})
        kinds = [await self.kind()]
        while kinds[-1] not in ("timelapse", "reauthRequired"):
            kinds.append(await self.kind())
        return kinds


def kind_of(message: Any) -> str:
    """`current`, `event PrintStarted`, or a bare frame."""
    if not isinstance(message, dict):
        return str(message)
    (kind, payload), *_ = message.items()
    return f"event {payload['type']}" if kind == "event" else str(kind)


class RawClient(PushClient):
    """A plain WebSocket."""

    def __init__(self, socket: ClientConnection) -> None:
        super().__init__()
        self.socket = socket

    async def say(self, message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def _frame(self) -> str:
        return str(await self.socket.recv(decode=True))


class FramedClient(RawClient):
    """SockJS over a WebSocket."""

    async def say(self, message: Any) -> None:
        await self.socket.send(json.dumps([json.dumps(message)]))


class StreamClient(PushClient):
    """SockJS over one streaming answer."""

    def __init__(self, client: httpx.AsyncClient, url: str, lines: AsyncIterator[str]) -> None:
        super().__init__()
        self._client = client
        self._url = url
        self._lines = lines

    async def say(self, message: Any) -> None:
        answer = await self._client.post(f"{self._url}/xhr_send", content=json.dumps([json.dumps(message)]))
        assert answer.status_code == 204, answer.text

    async def _frame(self) -> str:
        return await anext(self._lines)


@asynccontextmanager
async def raw(address: Address, prefix: str = "") -> AsyncIterator[RawClient]:
    """A plain WebSocket."""
    async with connect(f"ws://{address[0]}:{address[1]}{prefix}/sockjs/websocket", max_size=None) as socket:
        yield RawClient(socket)


@asynccontextmanager
async def framed(address: Address, prefix: str = "") -> AsyncIterator[FramedClient]:
    """SockJS over a WebSocket, after its `o`."""
    url = f"ws://{address[0]}:{address[1]}{prefix}/sockjs/042/{new_id()}/websocket"
    async with connect(url, max_size=None) as socket:
        client = FramedClient(socket)
        assert await client.heard() == "o"
        yield client


@asynccontextmanager
async def streamed(address: Address, prefix: str = "") -> AsyncIterator[StreamClient]:
    """SockJS over a streaming answer, after its prelude and `o`."""
    url = f"http://{address[0]}:{address[1]}{prefix}/sockjs/042/{new_id()}"
    async with (
        httpx.AsyncClient(timeout=WITHIN) as client,
        client.stream("POST", f"{url}/xhr_streaming") as answer,
    ):
        lines = answer.aiter_lines()
        assert await anext(lines) == "h" * 2048
        listening = StreamClient(client, url, lines)
        assert await listening.heard() == "o"
        yield listening


TRANSPORTS: dict[str, Callable[..., AbstractAsyncContextManager[PushClient]]] = {
    "raw": raw, "framed": framed, "streamed": streamed,
}  # fmt: skip


async def auth_of(gateway: RunningGateway, key: str = ADMIN_KEY) -> str:
    """What `auth` takes, from a passive login."""
    answer = await gateway.client_from("127.0.0.1", key).post("/api/login", json={"passive": True})
    record = answer.json()
    return f"{record['name']}:{record['session']}"


async def happened(gateway: RunningGateway, name: str, data: dict[str, Any], event_id: str | None = None) -> None:
    """The printers' owner announces an event."""
    event = Event(
        id=event_id or new_id(), type=name, source="jobwire/printer_controller", time=gateway.clock.now(), data=data
    )
    await gateway.bus.publish(topics.EVENT, event, service=topics.PRINTER_CONTROLLER, name=name)
