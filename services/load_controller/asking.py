"""How every request to this service is answered: by the holder of its part alone, once, after the commit."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from services.load_controller import holdings
from services.load_controller.controller import Controller
from services.load_controller.house import House
from shared import outbox
from shared.bus import NOT_MINE, Delivery, refusals
from shared.contracts.messages import OUTSIDER, Caller
from shared.contracts.topics import Topic
from shared.decide import decide_once
from shared.errors import JobError, Refused, Unavailable

LOG = logging.getLogger(__name__)

Effect = Callable[[], object]


@dataclass
class Asked:
    """A request that is being decided, in its transaction. `effects` are done in order once it is committed."""

    controller: Controller
    delivery: Delivery
    tx: AsyncSession
    now: datetime
    effects: list[Effect] = field(default_factory=list)

    @property
    def house(self) -> House:
        """What is defined."""
        return self.controller.house

    @property
    def caller(self) -> Caller:
        """Who asks."""
        return self.delivery.message.caller or OUTSIDER

    def after(self, effect: Effect) -> None:
        """Do this after the commit."""
        self.effects.append(effect)

    async def publish(self, topic: Topic, payload: msgspec.Struct | str, **levels: int) -> None:
        """Publish after the commit, whatever happens then."""
        named: dict[str, Any] = {name: str(level) for name, level in levels.items()}
        await outbox.enqueue(self.tx, topic, payload, base=self.controller.bus.base, now=self.now, **named)

    async def event(self, name: str, subject: str, **data: Any) -> None:
        """Announce that something happened; everybody learns who asked for it."""
        told = {**data, "caller": refusals.caller_data(self.caller)}
        await self.controller.telling().event(self.tx, name, subject, told)


Decider = Callable[[Asked, Any], Awaitable[msgspec.Struct]]


async def decide(
    controller: Controller, delivery: Delivery, decider: Decider, part: str, *, quickly: bool = False
) -> Any:
    """Let `decider` decide a request for `part`; refusals are raised and announced.

    `NOT_MINE` when another controller holds the part: then the request is kept in mind, should that one be dead.
    """
    if not controller.serves(part):
        controller.parked.keep(delivery, part)
        return NOT_MINE
    asked: list[Asked] = []
    delivery = controller.parked.known(delivery)
    now = controller.clock.now()

    async def handle(tx: AsyncSession, message: Any) -> msgspec.Struct:
        if not controller.holdings.alone and not await holdings.still_holds(tx, part, controller.owner, now):
            raise Unavailable("another controller has just taken over", code="not_held")
        asked.append(Asked(controller, delivery, tx, now))
        return await decider(asked[-1], message)

    try:
        answer = await decide_once(controller.store, delivery, handle, now=now, undone=asked.clear, quickly=quickly)
    except JobError as error:
        if asked and isinstance(error, Refused):  # of what fails otherwise the bus tells, after its last try
            await _announce_refusal(controller, delivery, error)
        raise
    for effect in asked[-1].effects if asked else []:
        effect()
    return answer


async def change(controller: Controller, delivery: Delivery, decider: Decider) -> Any:
    """The same for what changes the house: one change after another, each seeing what the one before made of it."""
    async with controller.house.lock:
        return await decide(controller, delivery, decider, holdings.HOUSE)


async def _announce_refusal(controller: Controller, delivery: Delivery, error: JobError) -> None:
    if not refusals.is_told(delivery):
        return
    told = refusals.data(delivery, error)
    subject = next(iter(delivery.levels.values()), "")
    try:
        async with controller.store.quickly() as tx:
            await controller.telling().event(tx, refusals.COMMAND_REFUSED, subject, told)
    except JobError as unwritten:
        LOG.warning("a refusal could not be announced (%s): %s", unwritten, told)
