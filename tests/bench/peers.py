"""OctoPrint beside our system for the length of a bench, printing the same file on a printer of the same kind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tests.bench.octoprint import KEY, RunningOctoPrint
from tests.bench.setup import Setup
from tests.support.virtual_printer import VirtualPrinterProcess

HEADERS = {"X-Api-Key": KEY}


@asynccontextmanager
async def octoprint_printing(
    setup: Setup, printer: Callable[[], VirtualPrinterProcess], content: bytes
) -> AsyncIterator[RunningOctoPrint | None]:
    """A server that prints; None when OctoPrint was not asked for."""
    if setup.octoprint is None:
        yield None
        return
    with printer() as connected:
        async with setup.octoprint.printing_on(setup.place("octoprint"), connected) as peer:
            await peer.start(content)
            yield peer


def named(setup: Setup) -> str:
    """OctoPrint with its version, as a row's peer."""
    return f"OctoPrint {setup.octoprint.version}" if setup.octoprint else "OctoPrint"
