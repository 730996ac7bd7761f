"""What must hold whatever was killed: ready in time, nobody lies, no accepted command is lost."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field

import httpx

from tests.support.mqtt_client import retained
from tests.support.printing import ENDED, JOB, PrintRig

TRUE_WITHIN = 5.0
STATE = "jobwire/printer/printer/state"
WANTED = {"pause": "Paused", "resume": "Printing"}
OTHER = {"pause": "resume", "resume": "pause"}


@dataclass
class Operator:
    """Somebody who pauses and resumes without rest; remembers what was accepted and what stayed unknown."""

    rig: PrintRig
    next: str = "pause"
    accepted: int = 0
    unknown: int = 0
    refused: list[str] = field(default_factory=list)

    async def act(self) -> str | None:
        """Send the next command; the state it must lead to when it was accepted, else None."""
        action = self.next
        try:
            answer = await self.rig.client.post(JOB, json={"command": "pause", "action": action})
        except httpx.TransportError:
            self.unknown += 1
            return None
        if answer.status_code == 204:
            self.accepted += 1
            self.next = OTHER[action]
            return WANTED[action]
        assert answer.status_code in (409, 502, 503, 504), (answer.status_code, answer.text)
        self.refused.append(f"{answer.status_code} {answer.text[:80]}")
        return None

    def saw(self, state: str) -> None:
        """The true state decides what is worth asking for next."""
        self.next = "resume" if state == "Paused" else "pause"


async def until_all_agree(rig: PrintRig, wanted: frozenset[str], *, within: float = TRUE_WITHIN) -> str:
    """Wait until REST and the retained topic say the same state, one of `wanted`, and the printer does what it says."""
    deadline, seen = time.monotonic() + within, ""
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError, AssertionError):
            shown = (await rig.client.get(JOB)).json().get("state")
            held = (await retained(rig.stack.broker_port, STATE, quiet=0.05, within=1))[STATE].json["state"]
            moving = await _moves(rig)
            seen = f"REST {shown}, MQTT {held}, the printer {'moves' if moving else 'stands still'}"
            if shown == held and shown in wanted and moving == (shown == "Printing"):
                return str(shown)
        await asyncio.sleep(0.05)
    raise AssertionError(f"somebody lies for {within} s (wanted {sorted(wanted)}): {seen}\n{rig.heard.tail()}")


async def _moves(rig: PrintRig) -> bool:
    before = rig.printer.counters()["moves"]
    await asyncio.sleep(0.15)
    return bool(rig.printer.counters()["moves"] != before)


async def runs_without_an_end(rig: PrintRig, *, within: float = TRUE_WITHIN) -> list[str]:
    """The retained runs that still claim to be under way after a moment: a run's end follows the printer's state."""
    deadline = time.monotonic() + within
    while True:
        held = await retained(rig.stack.broker_port, "jobwire/run/+")
        open_ones = [topic for topic, message in held.items() if message.json["status"] not in ENDED]
        if not open_ones or time.monotonic() > deadline:
            return open_ones
        await asyncio.sleep(0.1)


async def until_still(rig: PrintRig, *, within: float = 5.0) -> None:
    """Wait until the printer has worked off what it had taken."""
    deadline = time.monotonic() + within
    while await _moves(rig):
        assert time.monotonic() < deadline, f"the printer still moves after {within} s"
