"""Both databases for every test of this folder."""

from __future__ import annotations

from tests.support.database import store

__all__ = ["store"]
