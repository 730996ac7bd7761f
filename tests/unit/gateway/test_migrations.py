"""The migrations make exactly the tables that the code uses."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlmodel import SQLModel

from services.gateway.callers import tables
from shared.common_tables import COMMON_TABLES
from shared.migrate import migrate
from shared.settings import Settings
from tests.support.gateway import MIGRATIONS

OURS = {
    value.__tablename__
    for value in vars(tables).values()
    if isinstance(value, type) and issubclass(value, SQLModel) and value is not SQLModel
}


def test_the_migrated_tables_are_those_of_the_models(tmp_path: Path) -> None:
    migrate(Settings(data=str(tmp_path)), "gateway", MIGRATIONS)
    engine = create_engine(f"sqlite:///{tmp_path / 'gateway.db'}")

    def is_ours(_: object, name: str | None, kind: str, __: bool, ___: object) -> bool:
        return kind != "table" or name in OURS

    with engine.connect() as connection:
        options = {"include_object": is_ours, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, SQLModel.metadata) == []
    assert len(OURS) == 7
    assert not OURS & set(COMMON_TABLES)
