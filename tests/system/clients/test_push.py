"""A screen that listens to a print on the running system: its lines, its height, its events, in the shapes it reads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.support import push
from tests.support.printing import until_state
from tests.support.stack import Stack

pytestmark = pytest.mark.system

WITHIN = 30.0
LAYERS = b"G90\nM83\n" + b"".join(b"G1 X%d Y10 Z%.1f E0.1 F6000\n" % (10 + i % 40, 0.2 + i // 20) for i in range(400))


class Heard:
    """All that has come, by kind; `until` listens on."""

    def __init__(self, client: push.PushClient) -> None:
        self._client = client
        self.currents: list[Any] = []
        self.events: dict[str, Any] = {}

    async def until(self, condition: Callable[[Heard], object]) -> None:
        async with asyncio.timeout(WITHIN):
            while not condition(self):
                message = await self._client.heard()
                (kind, payload), *_ = message.items()
                if kind == "event":
                    self.events[payload["type"]] = payload["payload"]
                elif kind == "current":
                    self.currents.append(payload)

    def lines(self, kind: str = "logs") -> list[str]:
        return [line for current in self.currents for line in current[kind]]


@pytest.mark.parametrize("mount", ["", "/octoprint/second"])
async def test_a_print_is_followed_line_by_line(stack: Stack, mount: str) -> None:
    async with stack.client(prefix=mount) as client, push.raw(("127.0.0.1", stack.port), mount) as listening:
        who = (await client.post("/api/login", json={"passive": True})).json()
        await listening.login(f"{who['name']}:{who['session']}")
        heard, content = Heard(listening), b";at %b\n" % mount.encode() + LAYERS  # new here, so that it is analysed
        await client.post("/api/files/local", data={"path": "pushed/in"}, files={"file": ("a.gcode", content)})
        await heard.until(lambda now: {"FolderAdded", "Upload", "MetadataAnalysisFinished"} <= now.events.keys())
        assert heard.events["FolderAdded"] == {"storage": "local", "path": "pushed/in", "name": "in"}
        assert heard.events["Upload"]["effective_print"] is False
        assert heard.events["MetadataAnalysisStarted"]["type"] == "gcode"
        await client.post("/api/files/local/pushed/in/a.gcode", json={"command": "select", "print": True})
        await heard.until(lambda now: any(line.startswith("Send: N") and " G1 X" in line for line in now.lines()))
        await heard.until(lambda now: now.currents[-1]["currentZ"] and now.events.get("ZChange"))
        assert heard.currents[-1]["resends"]["transmitted"] > 0
        await _pause_and_ask(client, heard)
        await client.post("/api/job", json={"command": "cancel"})
        await heard.until(lambda now: "PrintFailed" in now.events)
        assert heard.events["PrintFailed"]["reason"] == "cancelled"
        await until_state(client, "Operational")
        await client.delete("/api/files/local/pushed")
        await heard.until(lambda now: "FolderRemoved" in now.events)


async def _pause_and_ask(client: httpx.AsyncClient, heard: Heard) -> None:
    """A pause tells where it has parked from, and `M114` where the printer is."""
    await client.post("/api/job", json={"command": "pause", "action": "pause"})
    await heard.until(lambda now: "PositionUpdate" in now.events)
    assert heard.events.pop("PositionUpdate")["reason"] == "pause"
    assert set(heard.events["PrintPaused"]["position"]) == {"x", "y", "z", "e", "f", "t"}
    await client.post("/api/printer/command", json={"command": "M114"})
    await heard.until(lambda now: "PositionUpdate" in now.events)
    assert heard.events["PositionUpdate"]["reason"] is None
    await heard.until(lambda now: any(line.startswith("X:") for line in now.lines("messages")))
