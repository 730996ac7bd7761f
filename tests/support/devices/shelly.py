"""Shelly devices of the first generation and of the later ones."""

from __future__ import annotations

import json
from typing import Any

from tests.support.devices.device import Device


class First(Device):
    """The first generation: a relay, a dimmer and a roller below `shellies/<name>`."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.place = f"shellies/{name}"
        self.listens = tuple(
            f"{self.place}/{end}"
            for end in ("command", "relay/0/command", "light/0/set", "roller/0/command", "roller/0/command/pos")
        )
        self.will = (f"{self.place}/online", "false")
        self.relay, self.position = "off", 100
        self.light: dict[str, Any] = {"ison": False, "brightness": 100}

    async def hello(self) -> None:
        await self.say(f"{self.place}/online", "true", retain=True)

    async def on(self, topic: str, payload: str) -> None:
        command = topic.removeprefix(f"{self.place}/")
        if command == "relay/0/command" and payload in ("on", "off"):
            self.relay = payload
        elif command == "light/0/set":
            wanted = json.loads(payload)
            self.light["ison"] = wanted.get("turn", "off") == "on"
            self.light["brightness"] = wanted.get("brightness", self.light["brightness"])
        elif command == "roller/0/command/pos":
            word = "close" if int(payload) < self.position else "open"
            await self.say(f"{self.place}/roller/0", word)
            self.position = int(payload)
        await self.update()

    async def by_hand(self, relay: str) -> None:
        """Somebody uses the switch on the wall."""
        self.relay = relay
        await self.say(f"{self.place}/relay/0", relay)

    async def update(self) -> None:
        """All it has to say."""
        await self.say(f"{self.place}/relay/0", self.relay)
        await self.say(f"{self.place}/light/0", "on" if self.light["ison"] else "off")
        await self.say(f"{self.place}/light/0/status", self.light)
        await self.say(f"{self.place}/roller/0/pos", str(self.position))
        await self.say(f"{self.place}/roller/0", "stop")


class Later(Device):
    """The later generations: calls at `<name>/rpc`, answers at `<src>/rpc`, statuses at `<name>/status/<component>`."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.listens = (f"{name}/rpc",)
        self.will = (f"{name}/online", "false")
        self.parts: dict[str, dict[str, Any]] = {
            "switch": {"id": 0, "output": False},
            "light": {"id": 0, "output": False, "brightness": 100},
            "cover": {"id": 0, "state": "open", "current_pos": 100},
        }

    async def hello(self) -> None:
        await self.say(f"{self.name}/online", "true", retain=True)

    async def on(self, topic: str, payload: str) -> None:
        call = json.loads(payload)
        component, verb = call["method"].lower().split(".")
        params, part = call["params"], self.parts[component]
        if verb == "set":
            names = {"on": "output", "brightness": "brightness"}
            part |= {names[name]: value for name, value in params.items() if name in names}
        elif verb == "gotoposition":
            part |= {"current_pos": params["pos"], "state": "stopped"}
        result = part if verb == "getstatus" else {}
        await self.say(f"{call['src']}/rpc", {"id": call["id"], "src": self.name, "dst": call["src"], "result": result})
        if verb != "getstatus":
            await self.say(f"{self.name}/status/{component}:0", part)

    async def by_hand(self, component: str, **changes: Any) -> None:
        """Somebody uses the switch on the wall; only the change is told."""
        self.parts[component] |= changes
        notice = {"src": self.name, "dst": f"{self.name}/events", "method": "NotifyStatus"}
        await self.say(f"{self.name}/events/rpc", {**notice, "params": {f"{component}:0": {"id": 0, **changes}}})
