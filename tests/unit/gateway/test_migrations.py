"""The migrations make exactly the tables that the code uses."""

from __future__ import annotations

from sqlmodel import SQLModel

from services.gateway.callers import tables
from shared.common_tables import COMMON_TABLES
from shared.store import Store
from tests.support.database import table_differences

OURS = [
    value
    for value in vars(tables).values()
    if isinstance(value, type) and issubclass(value, SQLModel) and value is not SQLModel
]


async def test_the_migrated_tables_are_those_of_the_models(store: Store) -> None:
    assert await table_differences(store, *OURS) == []
    names = {table.__tablename__ for table in OURS}
    assert len(names) == 9
    assert not names & set(COMMON_TABLES)
