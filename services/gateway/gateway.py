"""What a dialect may use: the callers, the live views, the owners behind the bus, and the blobs. Nothing else."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import msgspec

from services.gateway.callers.callers import Callers
from services.gateway.callers.identity import Identity
from services.gateway.claims import Claims
from services.gateway.live_loads import LiveLoads
from services.gateway.live_view import Live, LiveView
from services.gateway.public_address import TrustedProxies
from shared.blobs import BlobStore
from shared.bus import Bus
from shared.clock import Clock
from shared.contracts.messages import Message
from shared.contracts.printers import CommandDone
from shared.contracts.topics import Topic
from shared.load_settings import WiserSettings
from shared.settings import GatewaySettings

LARGEST_JSON = 1024 * 1024


@dataclass(frozen=True)
class Gateway:
    """One gateway's parts, handed to every dialect."""

    callers: Callers
    view: LiveView
    loads: LiveLoads
    claims: Claims
    bus: Bus
    blobs: BlobStore
    proxies: TrustedProxies
    settings: GatewaySettings
    wiser: WiserSettings
    clock: Clock
    stopping: asyncio.Event
    arriving: set[str] = field(default_factory=set)  # digests of blobs that are becoming files just now

    async def ask(self, topic: Topic, request: Message, *, caller: Identity, via: str) -> Any:
        """Ask an owner in the name of `caller`; the decoded answer, or the `JobError` it was refused with.

        Raises `Unavailable` when nobody can answer, `OutcomeUnknown` when nobody did in time.
        """
        request = msgspec.structs.replace(request, caller=caller.caller(via))
        return await self.bus.ask(topic, request, within=self.settings.ask_within)

    async def ask_printer(self, topic: Topic, request: Message, live: Live, *, caller: Identity, via: str) -> Any:
        """The same for the owner of a printer that is known to be online."""
        request = msgspec.structs.replace(request, printer=live.id)
        answer = await self.ask(topic, request, caller=caller, via=via)
        if isinstance(answer, CommandDone) and answer.shown is not None:
            self.view.learn(live.id, answer.shown)
        return answer
