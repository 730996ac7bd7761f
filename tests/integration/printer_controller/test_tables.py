"""The migrations make exactly the tables that the code declares, on every database."""

from __future__ import annotations

from services.printer_controller.__main__ import MIGRATIONS
from services.printer_controller.models import AnalysisRow, FileRow, FolderRow, JournalRow, PrinterRow, RunRow
from services.printer_controller.service import NAME
from shared.migrate import migrate
from shared.settings import Settings
from shared.store import Store
from tests.support.database import table_differences


async def test_a_migrated_database_has_the_declared_tables(database_settings: Settings) -> None:
    migrate(database_settings, NAME, MIGRATIONS)
    store = Store.open(database_settings, NAME)
    assert await table_differences(store, AnalysisRow, FileRow, FolderRow, PrinterRow, RunRow, JournalRow) == []
    await store.close()
