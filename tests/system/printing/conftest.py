"""One running system for the tests that only speak to it; tests that break something start their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.support.database import Database, module_database
from tests.support.mqtt_client import Listener
from tests.support.printing import (
    assert_exact,
    command,
    executed_moves,
    job,
    run_ended,
    start_print,
    until_executed,
    until_state,
)
from tests.support.stack import Stack, printer_table
from tests.support.virtual_printer import VirtualPrinterProcess

__all__ = ["module_database"]  # a fixture

MOVE_MS = "10"


@dataclass
class Running:
    """A client and a listener on the shared system, whose printer takes 10 ms a move.

    `before` counts the moves of print files that earlier tests made it execute.
    """

    stack: Stack
    printer: VirtualPrinterProcess
    client: httpx.AsyncClient
    heard: Listener
    before: int

    async def printing(self, content: bytes, *, moves: int = 5) -> str:
        """A print that has executed at least `moves` moves; its run."""
        before = int(self.printer.counters()["moves"])
        run = await start_print(self.client, self.heard, content)
        await until_executed(self.printer, before + moves)
        return run

    async def ended(self, run: str, *, within: float = 30.0) -> dict[str, Any]:
        """The record with which the run ended."""
        return await run_ended(self.heard, run, within=within)

    def assert_exact(self, content: bytes) -> None:
        """This test's file was executed, each move once and in order."""
        assert_exact(self.printer, content, since=self.before)


@pytest.fixture(scope="module")
def shared(
    database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Stack, VirtualPrinterProcess]]:
    """A system with one printer, for all tests of a module."""
    with VirtualPrinterProcess("--speed", "1", "--move-ms", MOVE_MS) as printer:
        table = printer_table("printer", printer.port, lines=["rx_buffer = 128"])
        folder = tmp_path_factory.mktemp("system")
        stack = Stack(folder, config=table, environ=database.environment(folder))
        asyncio.run(stack.start())
        yield stack, printer
        asyncio.run(stack.stop())


@pytest.fixture
async def running(shared: tuple[Stack, VirtualPrinterProcess]) -> AsyncIterator[Running]:
    """The shared system at rest: no print, log and counters of the printer empty."""
    stack, printer = shared
    async with stack.client() as client, stack.listener() as heard:
        state = (await job(client))["state"]
        if state in ("Printing", "Paused", "Starting", "Pausing", "Resuming"):
            await command(client, "cancel")
        await until_state(client, "Operational", within=20)
        yield Running(stack, printer, client, heard, before=len(executed_moves(printer)))
