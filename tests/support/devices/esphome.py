"""An ESPHome node with a light, a switch and a cover. It cannot be asked; it retains its states."""

from __future__ import annotations

import json
from typing import Any

from tests.support.devices.device import Device


class Node(Device):
    """Topics below its name. A switch that is told what it is already says nothing, as the real one."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.listens = (f"{name}/+/+/command", f"{name}/+/+/+/command")
        self.will = (f"{name}/status", "offline")
        self.light: dict[str, Any] = {"state": "OFF", "brightness": 255, "color": {"r": 255, "g": 255, "b": 255}}
        self.switch, self.position = "OFF", 100

    async def hello(self) -> None:
        await self.say(f"{self.name}/status", "online", retain=True)
        await self._say_light()
        await self.say(f"{self.name}/switch/pump/state", self.switch, retain=True)
        await self._say_cover("open")

    async def on(self, topic: str, payload: str) -> None:
        command = topic.removeprefix(f"{self.name}/").removesuffix("/command")
        if command == "light/lamp":
            self.light |= json.loads(payload)
            await self._say_light()
        elif command == "switch/pump" and payload != self.switch:
            await self.by_hand(payload)
        elif command == "cover/blind/position":
            await self.say(f"{self.name}/cover/blind/state", "closing" if int(payload) < self.position else "opening")
            self.position = int(payload)
            await self._say_cover("open" if self.position else "closed")

    async def by_hand(self, switch: str) -> None:
        """Somebody presses the button of the switch."""
        self.switch = switch
        await self.say(f"{self.name}/switch/pump/state", switch, retain=True)

    async def _say_light(self) -> None:
        await self.say(f"{self.name}/light/lamp/state", self.light, retain=True)

    async def _say_cover(self, word: str) -> None:
        await self.say(f"{self.name}/cover/blind/position/state", str(self.position), retain=True)
        await self.say(f"{self.name}/cover/blind/state", word, retain=True)
