"""The migrations make exactly the tables that the code declares, on every database."""

from __future__ import annotations

from services.load_controller.__main__ import MIGRATIONS
from services.load_controller.models import TABLES
from services.load_controller.service import NAME
from shared.migrate import migrate
from shared.settings import Settings
from shared.store import Store
from tests.support.database import table_differences


async def test_a_migrated_database_has_the_declared_tables(database_settings: Settings) -> None:
    migrate(database_settings, NAME, MIGRATIONS)
    store = Store.open(database_settings, NAME)
    assert await table_differences(store, *TABLES) == []
    await store.close()
