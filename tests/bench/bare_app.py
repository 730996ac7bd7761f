"""The limit of a read: a bare Litestar application that answers the same JSON, with the gateway's libraries loaded.

`python -m tests.bench.bare_app HTTP_PORT DATABASE_FILE`: one route, one SQLModel table in an opened SQLite database.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from litestar import Litestar, get
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import Field, SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

JOB: dict[str, Any] = {
    "job": {
        "file": {
            "name": "ring.gcode", "path": "ring.gcode", "display": "ring.gcode", "origin": "local",
            "size": 2875083, "date": 1795329835,
        },
        "estimatedPrintTime": None, "averagePrintTime": None, "lastPrintTime": None, "filament": None, "user": "admin",
    },
    "progress": {
        "completion": 12.341, "filepos": 354823, "printTime": 63, "printTimeLeft": 448, "printTimeLeftOrigin": "linear",
    },
    "state": "Printing",
}  # fmt: skip


class Account(SQLModel, table=True):
    """A row that makes the engine load what a real one loads."""

    name: str = Field(primary_key=True)
    role: str


@get("/api/job")
async def read_job() -> dict[str, Any]:
    """The job from memory."""
    return JOB


def application(database: Path) -> Litestar:
    """The application with its opened store."""

    @asynccontextmanager
    async def opened(_: Litestar) -> AsyncGenerator[None, None]:
        engine = create_async_engine(f"sqlite+aiosqlite:///{database}")
        async with engine.begin() as connection:
            await connection.run_sync(SQLModel.metadata.create_all)
        async with AsyncSession(engine) as session:
            session.add(Account(name="admin", role="admin"))
            await session.commit()
            await session.exec(select(Account))
        yield
        await engine.dispose()

    return Litestar([read_job], lifespan=[opened], openapi_config=None)


if __name__ == "__main__":
    uvicorn.run(
        application(Path(sys.argv[2])), host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", http="httptools",
        log_level="warning", access_log=False,
    )  # fmt: skip
