"""The rules about callers hold on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest

from shared.settings import Settings


@pytest.fixture
def settings(database_settings: Settings) -> Settings:
    return database_settings
