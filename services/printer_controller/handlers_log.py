"""A printer's log is asked for by whoever reads along, again and again while he does."""

from __future__ import annotations

from typing import Any

from services.printer_controller.fleet import Fleet
from shared.bus import NOT_MINE, Delivery
from shared.contracts.printers import LogFollowed


async def follow_log(fleet: Fleet, delivery: Delivery) -> LogFollowed | Any:
    """Publish the printer's log from now on, for the seconds that are answered."""
    printer = await fleet.answering(delivery.message.printer)
    if printer is None:
        return NOT_MINE
    now = fleet.shop.clock.monotonic()
    return LogFollowed(seconds=printer.terminal.follow(delivery.message.seconds, now))
