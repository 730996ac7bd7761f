"""The raw part of the bus in memory: what is published is kept, and a test says what devices say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from shared.errors import Unavailable

Handler = Callable[[str, bytes, bool], None]


@dataclass
class MemoryRawBus:
    """`services.load_controller.drivers.mqtt.RawBus` without a broker; exact topics only."""

    published: list[tuple[str, bytes]] = field(default_factory=list)
    following: dict[str, list[Handler]] = field(default_factory=dict)
    connected: bool = True

    def follow_raw(self, filter: str, handler: Handler) -> None:
        self.following.setdefault(filter, []).append(handler)

    def unfollow_raw(self, filter: str, handler: Handler) -> None:
        self.following[filter].remove(handler)

    async def publish_raw(
        self, topic: str, payload: bytes, *, qos: int, retain: bool, expiry: int | None, message_id: str | None
    ) -> None:
        assert not retain, "a retained command would act again"
        if not self.connected:
            raise Unavailable("the broker cannot be reached")
        self.published.append((topic, payload))

    def say(self, topic: str, payload: Any, *, retained: bool = False) -> None:
        """A device publishes; anything but text and bytes as JSON."""
        if isinstance(payload, str):
            payload = payload.encode()
        raw = payload if isinstance(payload, bytes) else msgspec.json.encode(payload)
        for handler in list(self.following.get(topic, [])):
            handler(topic, raw, retained)

    def texts(self, topic: str) -> list[str]:
        """What was published on a topic."""
        return [payload.decode() for name, payload in self.published if name == topic]
