"""What all definitions have in common: ids that never come back, and columns of their tables."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import InstrumentedAttribute
from sqlmodel import col

from services.load_controller.asking import Asked
from services.load_controller.house import BUTTONS, JOBS, SYMBOLS, House
from services.load_controller.models import CounterRow


def key(column: Any) -> InstrumentedAttribute[Any]:
    """A column of a table class, for statements."""
    return col(column)  # type: ignore[return-value]


async def new_id(asked: Asked, kind: str) -> int:
    """The next id of its kind; it is used up once the request is committed."""
    house = asked.house
    number = house.next_id(kind, _known(house, kind))
    await asked.tx.merge(CounterRow(name=kind, value=number))
    asked.after(lambda: house.counters.update({kind: number}))
    return number


def _known(house: House, kind: str) -> set[int]:
    tables: dict[str, Any] = {JOBS: house.jobs, SYMBOLS: house.symbol_ids(), BUTTONS: house.buttons}
    return set(tables.get(kind, house.records.get(kind, ())))
