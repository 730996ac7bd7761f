"""A service for the kill tests: does each command once in a database, and dies at random points when told to.

Arguments: broker URL, base, path of the database, chance to die at each of three points of a command.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import sys

import uvloop

from shared.bus import Bus, Delivery
from shared.clock import SystemClock
from shared.contracts import topics
from shared.contracts.printers import CommandDone


def perhaps_die(chance: float) -> None:
    """SIGKILL to ourselves, as a crash or the kernel would."""
    if random.random() < chance:
        os.kill(os.getpid(), signal.SIGKILL)


def main(url: str, base: str, path: str, chance: float) -> None:
    database = sqlite3.connect(path, isolation_level=None, timeout=10)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=OFF")  # a killed process loses nothing that it has written
    database.execute("CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY)")
    database.execute("CREATE TABLE IF NOT EXISTS done (id TEXT)")

    async def work(delivery: Delivery) -> CommandDone:
        perhaps_die(chance)
        await asyncio.sleep(random.random() * 0.002)
        database.execute("BEGIN IMMEDIATE")
        first = database.execute("INSERT OR IGNORE INTO seen VALUES (?)", (delivery.id,)).rowcount
        if first:
            database.execute("INSERT INTO done VALUES (?)", (delivery.id,))
        database.execute("COMMIT")
        perhaps_die(chance)  # committed, not acknowledged
        asyncio.get_running_loop().call_soon(perhaps_die, chance)  # acknowledged, perhaps not on the wire
        return CommandDone()

    async def serve() -> None:
        bus = Bus(
            url=url, client_id=f"{base}-consumer", base=base, service="consumer", instance="one", version="0",
            clock=SystemClock(),
        )  # fmt: skip
        bus.take(topics.PRINTER_SET, work, lane=lambda delivery: str(delivery.id))
        await bus.run()

    uvloop.run(serve())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]))
