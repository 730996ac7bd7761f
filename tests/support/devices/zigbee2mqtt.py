"""Devices as zigbee2mqtt shows them: a lamp and a blind behind its bridge."""

from __future__ import annotations

import json
from typing import Any

from tests.support.devices.device import Device


class Zigbee2MqttDevice(Device):
    """`state` is what it publishes, whole, after every change and every question."""

    def __init__(self, name: str, state: dict[str, Any], prefix: str = "zigbee2mqtt") -> None:
        super().__init__()
        self.name, self.state, self.prefix = f"{prefix}/{name}", state, prefix
        self.listens = (f"{self.name}/set", f"{self.name}/get")
        self.will = (f"{prefix}/bridge/state", '{"state":"offline"}')

    async def hello(self) -> None:
        await self.say(f"{self.prefix}/bridge/state", {"state": "online"}, retain=True)
        await self.say(f"{self.name}/availability", {"state": "online"}, retain=True)

    async def on(self, topic: str, payload: str) -> None:
        if topic.endswith("/set"):
            self.become(json.loads(payload))
        await self.say(self.name, self.state)

    def become(self, wanted: dict[str, Any]) -> None:
        """Only what it knows."""
        self.state |= {name: value for name, value in wanted.items() if name in self.state}

    async def by_hand(self, **changes: Any) -> None:
        """Somebody uses the switch on the wall."""
        self.state |= changes
        await self.say(self.name, self.state)

    async def leave(self) -> None:
        """The device has lost its radio; the bridge says so."""
        await self.say(f"{self.name}/availability", {"state": "offline"}, retain=True)


class Lamp(Zigbee2MqttDevice):
    """A colour lamp of Zigbee: brightness 0..254, colour as hue and saturation."""

    def __init__(self, name: str) -> None:
        colour = {"hue": 0, "saturation": 0}
        super().__init__(name, {"state": "OFF", "brightness": 1, "color": colour, "color_mode": "hs"})

    def become(self, wanted: dict[str, Any]) -> None:
        import colorsys

        if "color" in wanted:
            red, green, blue = (wanted["color"][part] / 255 for part in "rgb")
            hue, saturation, _ = colorsys.rgb_to_hsv(red, green, blue)
            wanted["color"] = {"hue": round(hue * 360), "saturation": round(saturation * 100)}
        super().become(wanted)


class Blind(Zigbee2MqttDevice):
    """A blind that moves in a few steps and says each of them: position 100 is open."""

    def __init__(self, name: str) -> None:
        super().__init__(name, {"position": 100, "tilt": 100, "motor_state": "stopped"})

    async def on(self, topic: str, payload: str) -> None:
        wanted = json.loads(payload) if topic.endswith("/set") else {}
        end = wanted.get("position")
        if end is not None and end != self.state["position"]:
            half = (self.state["position"] + end) // 2
            moving = "opening" if end > self.state["position"] else "closing"
            self.state |= {"position": half, "motor_state": moving}
            await self.say(self.name, self.state)
            self.state |= {"position": end, "motor_state": "stopped"}
        self.become({name: value for name, value in wanted.items() if name != "position"})
        await self.say(self.name, self.state)
