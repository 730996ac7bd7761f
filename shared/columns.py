"""Column types that keep their promise on SQLite and PostgreSQL alike: aware UTC times, and structs as JSON text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import DateTime, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, in and out; stored in UTC so that it sorts. SQLite would drop the zone without a word.

    Raises ValueError (as a StatementError) for a naive time.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class StructColumn(TypeDecorator[Any]):
    """A msgspec struct (or a union, list or dict of them) as JSON text.

    A changed struct has to be assigned to the attribute again: changes inside it are not seen. An SQLModel class with
    such a column needs `model_config = {"arbitrary_types_allowed": True}`.
    """

    impl = Text
    cache_ok = True

    def __init__(self, struct: Any) -> None:
        super().__init__()
        self.struct = struct

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        return None if value is None else msgspec.json.decode(value, type=self.struct)
