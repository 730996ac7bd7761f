"""One running system with two printers at rest, for all clients of a module; they only speak REST and push."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.support.database import Database, module_database
from tests.support.printing import until_state
from tests.support.stack import Stack, printer_table
from tests.support.virtual_printer import VirtualPrinterProcess

__all__ = ["module_database"]  # a fixture

SECOND = "/octoprint/second"
_QUICK = ("--speed", "1", "--move-ms", "20")


@pytest.fixture(scope="module")
def shared(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A system with the printers `printer`, which is also at the root, and `second`."""
    with VirtualPrinterProcess(*_QUICK) as first, VirtualPrinterProcess(*_QUICK) as second:
        tables = [printer_table("printer", first.port), printer_table("second", second.port)]
        folder = tmp_path_factory.mktemp("clients")
        stack = Stack(folder, config="\n".join(tables), environ=database.environment(folder))
        asyncio.run(stack.start())
        yield stack
        asyncio.run(stack.stop())


@pytest.fixture
async def stack(shared: Stack) -> Stack:
    """The system, both printers operational."""
    for prefix in ("", SECOND):
        async with shared.client(prefix=prefix) as client:
            await until_state(client, "Operational", within=20)
    return shared


@pytest.fixture
async def admin(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """The administrator beside the client that is tested."""
    async with stack.client() as client:
        yield client
