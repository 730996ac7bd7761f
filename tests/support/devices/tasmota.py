"""Tasmota devices: commands at `cmnd/<name>/…`, results at `stat/<name>/RESULT`."""

from __future__ import annotations

from typing import Any

from tests.support.devices.device import Device


class TasmotaDevice(Device):
    """What every Tasmota does: LWT, STATE, and an answer to each command."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.listens = (f"cmnd/{name}/+",)
        self.will = (f"tele/{name}/LWT", "Offline")

    async def hello(self) -> None:
        await self.say(f"tele/{self.name}/LWT", "Online", retain=True)
        await self.say(f"tele/{self.name}/STATE", self.whole())

    async def on(self, topic: str, payload: str) -> None:
        result = self.execute(topic.rsplit("/", 1)[1], payload)
        await self.say(f"stat/{self.name}/RESULT", result)

    async def by_hand(self, command: str, payload: str) -> None:
        """Somebody uses the button on the device, or its web page."""
        await self.say(f"stat/{self.name}/RESULT", self.execute(command, payload))

    def whole(self) -> dict[str, Any]:
        """What STATE tells."""
        raise AssertionError("a device says what it is")

    def execute(self, command: str, payload: str) -> dict[str, Any]:
        """Do it, and answer."""
        raise AssertionError("a device says what it does")


class Light(TasmotaDevice):
    """A light with warm and cold white: POWER, Dimmer 0..100, CT in mired."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.power, self.dimmer, self.ct = "OFF", 100, 153

    def whole(self) -> dict[str, Any]:
        return {"Uptime": "0T00:00:10", "POWER": self.power, "Dimmer": self.dimmer, "CT": self.ct}

    def execute(self, command: str, payload: str) -> dict[str, Any]:
        if command == "POWER" and payload in ("ON", "OFF"):
            self.power = payload
            return {"POWER": self.power}
        if command == "Dimmer":
            self.dimmer, self.power = int(payload), "ON" if int(payload) else "OFF"
            return {"POWER": self.power, "Dimmer": self.dimmer}
        if command == "CT":
            self.ct = int(payload)
            return {"POWER": self.power, "Dimmer": self.dimmer, "CT": self.ct}
        return self.whole() if command == "STATE" else {"Command": "Unknown"}


class Relays(TasmotaDevice):
    """Two relays: POWER1 and POWER2."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.power = {"POWER1": "OFF", "POWER2": "OFF"}

    def whole(self) -> dict[str, Any]:
        return dict(self.power)

    def execute(self, command: str, payload: str) -> dict[str, Any]:
        if command in self.power and payload in ("ON", "OFF"):
            self.power[command] = payload
            return {command: payload}
        return self.whole() if command == "STATE" else {"Command": "Unknown"}


class Shutter(TasmotaDevice):
    """A shutter: position 100 is open."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.position = 100

    def whole(self) -> dict[str, Any]:
        return {"POWER1": "OFF", "POWER2": "OFF"}

    def execute(self, command: str, payload: str) -> dict[str, Any]:
        if command == "ShutterPosition1" and payload:
            self.position = int(payload)
        return {"Shutter1": {"Position": self.position, "Direction": 0, "Target": self.position, "Tilt": 0}}
