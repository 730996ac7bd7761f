"""The Alembic environment of every service; `shared.migrate` hands over the connection, inside its transaction."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from shared.columns import StructColumn, UtcDateTime

_RENDERED = {UtcDateTime: "UtcDateTime()", StructColumn: "sa.Text()"}


def _render(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Our column types in a generated script; False lets Alembic write everything else."""
    if kind != "type" or type(item) not in _RENDERED:
        return False
    if type(item) is UtcDateTime:
        autogen.imports.add("from shared.columns import UtcDateTime")
    return _RENDERED[type(item)]


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes.get("metadata"),
    render_as_batch=True,  # SQLite alters most things by making the table anew
    render_item=_render,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
