"""What the settings say is in the house, put into the database when it is not there; what clients changed stays."""

from __future__ import annotations

import logging

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from services.load_controller.house import House
from services.load_controller.models import FlagRow, RecordRow, SmartButtonRow
from shared.contracts.flags import Flag
from shared.contracts.house import Room
from shared.contracts.smart_buttons import SmartButton
from shared.settings import Settings

LOG = logging.getLogger(__name__)


async def fill(tx: AsyncSession, house: House, settings: Settings) -> None:
    """Add what is missing, to the database and to `house`, which has been loaded in this transaction."""
    _fill_flags(tx, house, settings)
    for button in settings.smart_button:
        if button.id not in house.buttons:
            made = SmartButton(
                id=button.id, device=button.device, channel=button.channel, input_type=button.input_type, job=button.job
            )
            tx.add(SmartButtonRow(**msgspec.structs.asdict(made)))
            house.buttons[made.id] = made
    rooms = house.records.setdefault("room", {})
    for room in settings.room:
        if room.id not in rooms:
            loads = [load.id for load in settings.load if load.room == room.id]
            contents = msgspec.to_builtins(Room(id=room.id, name=room.name, kind=room.kind, load_order=loads))
            tx.add(RecordRow(kind="room", id=room.id, contents=contents))
            rooms[room.id] = contents
    await tx.flush()


def _fill_flags(tx: AsyncSession, house: House, settings: Settings) -> None:
    for flag in settings.flag:
        if flag.id in house.flags:
            continue
        if flag.id in house.conditions or any(other.symbol == flag.symbol for other in house.flags.values()):
            LOG.error("flag %d (%s) of the settings is left out: its id or symbol is taken", flag.id, flag.symbol)
            continue
        tx.add(FlagRow(id=flag.id, symbol=flag.symbol, value=flag.value, name=flag.name))
        house.flags[flag.id] = Flag(id=flag.id, symbol=flag.symbol, value=flag.value, name=flag.name)
