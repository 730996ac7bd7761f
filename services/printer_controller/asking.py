"""How every request to this service is answered: by the printer's holder alone, once, after the commit."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from services.printer_controller import bookkeeping
from services.printer_controller.fleet import Fleet
from services.printer_controller.printers import Printer
from services.printer_controller.writing import Writing
from shared.bus import NOT_MINE, Delivery, refusals
from shared.contracts.messages import OUTSIDER, Caller
from shared.contracts.printers import CommandDone, PrinterAsk
from shared.decide import decide_by_state, decide_once
from shared.errors import Broken, JobError, NotFound, Refused, Unavailable

LOG = logging.getLogger(__name__)

Effect = Callable[[], Awaitable[None] | None]
Ask = TypeVar("Ask", bound=PrinterAsk)


@dataclass
class Asked:
    """A request that is being decided. `effects` are done in order once the decision is committed, never before."""

    fleet: Fleet
    printer: Printer
    caller: Caller
    transaction: Writing | None = None
    effects: list[Effect] = field(default_factory=list)

    @property
    def writing(self) -> Writing:
        """The request's transaction; a decision by state alone has none."""
        if self.transaction is None:
            raise Broken("a request that is decided by state alone cannot write")
        return self.transaction

    def after(self, effect: Effect) -> None:
        """Do this after the commit."""
        self.effects.append(effect)


Decider = Callable[[Asked, Any], Awaitable[msgspec.Struct]]


async def decide(fleet: Fleet, delivery: Delivery, decider: Decider, *, writes: bool = True) -> Any:
    """Let `decider` decide the request for its printer and do what follows; refusals are raised and announced.

    One that `writes` finds all the printer's notes in the database, and nothing else changes what is committed
    meanwhile. One that only looks at the session's state does not wait for that.
    `NOT_MINE` when another controller holds the printer.
    """
    named = delivery.levels.get("printer") or delivery.message.printer
    printer = await fleet.answering(named)
    if printer is None:
        return await nobodys(fleet, delivery, named)
    if printer.stopping:
        raise Unavailable("the printer controller is stopping")
    if not writes:
        return await _decide(fleet, printer, delivery, decider, writes=False)
    async with printer.lock:
        await bookkeeping.settle(printer)
        return await _decide(fleet, printer, delivery, decider, writes=True)


async def nobodys(fleet: Fleet, delivery: Delivery, named: str) -> Any:
    """`NOT_MINE`, unless nobody else is there whose printer it could be: then it is refused and announced."""
    if not fleet.is_nobodys(named):
        return NOT_MINE
    known = ", ".join(printer.id for printer in fleet)
    error = NotFound(f"there is no printer {named!r}: one of {known}", code="no_such_printer")
    await _announce_refusal(fleet, named, delivery, error)
    raise error


async def _decide(fleet: Fleet, printer: Printer, delivery: Delivery, decider: Decider, *, writes: bool) -> Any:
    caller = delivery.message.caller or OUTSIDER
    asked: list[Asked] = []

    async def handle(tx: AsyncSession | None, message: Any) -> msgspec.Struct:
        asked.append(Asked(fleet, printer, caller, None if tx is None else fleet.shop.writing_in(tx)))
        return await decider(asked[-1], message)

    shop, now = fleet.shop, printer.now()
    try:
        if writes:
            answer = await decide_once(shop.store, delivery, handle, now=now, undone=asked.clear)
        else:
            answer = await decide_by_state(shop.answered, delivery, handle, now=now)
    except JobError as error:
        if asked and isinstance(error, Refused):  # of what fails otherwise the bus tells, after its last try
            await _announce_refusal(fleet, printer.id, delivery, error)
        raise
    for effect in asked[-1].effects if asked else []:
        await _do(printer, effect)
    return _with_state(answer, printer)


async def _do(printer: Printer, effect: Effect) -> None:
    """What was committed is committed: an effect that fails is logged, and shows in the printer's state."""
    try:
        with printer.publishing.held():
            waiting = effect()
        if waiting is not None:
            await waiting
    except (JobError, OSError, TimeoutError) as error:
        LOG.warning("%s: a committed command had no effect: %s", printer.id, error)


async def _announce_refusal(fleet: Fleet, printer: str, delivery: Delivery, error: JobError) -> None:
    data = {**refusals.data(delivery, error), "printer": printer}
    try:
        async with fleet.shop.writing() as writing:
            await writing.event(refusals.COMMAND_REFUSED, printer, data)
    except JobError as unwritten:
        LOG.warning("%s: a refusal could not be announced (%s): %s", printer, unwritten, data)


def _with_state(answer: Any, printer: Printer) -> Any:
    """The state that the command led to, which it had not yet when it was decided."""
    if not isinstance(answer, CommandDone):
        return answer
    return msgspec.structs.replace(answer, state=printer.status, shown=printer.publishing.waiting())
