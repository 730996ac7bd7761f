"""A service as small as can be, for the tests of how services live and die; JOBWIRE_TEST_MODE says how it behaves."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from shared import outbox
from shared.service import Service, run_service
from shared.store import Store

MIGRATIONS = Path(__file__).parent / "example_migrations"


async def start(service: Service) -> Sequence[Coroutine[Any, Any, Any]]:
    """One coroutine that behaves as told."""
    mode = os.environ.get("JOBWIRE_TEST_MODE", "steady")
    if mode == "slow_start":
        await asyncio.sleep(60)
    return [BEHAVIOUR[mode](service)]


async def steady(service: Service) -> None:
    """Announce the start in one transaction, and the stop in another."""
    await _announce(service, "begun")
    await service.stopping.wait()
    await _announce(service, "ended")


async def unheard(service: Service) -> None:
    """Announce the stop in a transaction that the relay is not told of, as when a commit's waiter is cancelled."""
    await service.stopping.wait()
    beside = Store.open(service.settings, "example")
    await _announce(service, "ended", beside)
    await beside.close()


async def dies(service: Service) -> None:
    """Fail after a moment."""
    await service.bus.wait_connected(5)
    raise ZeroDivisionError("a bug of the example")


async def ends(service: Service) -> None:
    """Return though nobody asked for it."""


async def stubborn(service: Service) -> None:
    """Never end by itself."""
    await asyncio.Event().wait()


async def _announce(service: Service, name: str, store: Store | None = None) -> None:
    store = store or service.store
    assert store is not None
    async with store.transaction() as tx:
        await outbox.enqueue_event(
            tx, service="example", name=name, subject=None, data={}, base=service.base, now=service.clock.now()
        )


BEHAVIOUR = {
    "steady": steady,
    "slow_start": steady,
    "unheard": unheard,
    "dies": dies,
    "ends": ends,
    "stubborn": stubborn,
}

if __name__ == "__main__":
    sys.exit(run_service("example", start, argv=sys.argv[1:], migrations=MIGRATIONS))
