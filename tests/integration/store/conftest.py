"""Both databases for every test of this folder."""

from __future__ import annotations

from tests.support.database import database_settings, store

__all__ = ["database_settings", "store"]
