"""Receipts and states reach the database together, a moment later, in one transaction for many."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import bindparam, text

from services.load_controller import runs
from services.load_controller.loads import Load
from services.load_controller.models import LoadStateRow
from services.load_controller.orders import Order
from services.load_controller.runs import Receipts, Telling
from shared.clock import Clock
from shared.columns import UtcDateTime
from shared.contracts.loads import Receipt
from shared.errors import JobError
from shared.store import Store

LOG = logging.getLogger(__name__)

LATER = 0.03  # seconds that a receipt waits for others
STATES_EVERY = 1.0  # seconds between writings of states
AT_ONCE = 400  # receipts or states in one transaction
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0  # seconds before a database that failed is tried again
FAILED_EVENT = "load_command_failed"

_KEEP_STATE = text(
    f"INSERT INTO {LoadStateRow.__tablename__} (load, attributes, at) VALUES (:load, :attributes, :at)"  # noqa: S608
    " ON CONFLICT (load) DO UPDATE SET attributes = excluded.attributes, at = excluded.at"
).bindparams(bindparam("at", type_=UtcDateTime))


class Outcomes:
    """What is still to be written. It is bounded by the commands that are under way and the loads there are."""

    def __init__(self, store: Store, clock: Clock, telling: Callable[[], Telling]) -> None:
        self._store, self._clock, self._telling = store, clock, telling
        self._receipts: list[tuple[Order, Receipt]] = []
        self._states: dict[int, Load] = {}
        self._states_at = 0.0
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return len(self._receipts)

    def settle(self, order: Order, receipt: Receipt) -> None:
        """What a load said to an order, in the end."""
        self._receipts.append((order, receipt))
        self._wake.set()

    def keep_state(self, load: Load) -> None:
        """Keep what a load reported, soon."""
        self._states[load.id] = load
        self._wake.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Write until `stopping`, and then what is left."""
        pause = FIRST_PAUSE
        stop = asyncio.create_task(stopping.wait())
        while not stopping.is_set():
            await self._woken(stop)
            try:
                await self.write()
                pause = FIRST_PAUSE
            except JobError as error:
                LOG.warning("%d receipts wait for the database: %s", len(self._receipts), error)
                await self._clock.sleep(pause)
                pause = min(LONGEST_PAUSE, pause * 2)
        self._states_at = 0.0
        await self.write()
        while self._receipts:
            await self.write()

    async def _woken(self, stop: asyncio.Task[Any]) -> None:
        if not self._receipts:
            if self._states:
                wait = max(LATER, self._states_at - self._clock.monotonic())
                timer = asyncio.get_running_loop().call_later(wait, self._wake.set)
            else:
                timer = None
                self._wake.clear()
            woken = asyncio.ensure_future(self._wake.wait())
            await asyncio.wait((woken, stop), return_when=asyncio.FIRST_COMPLETED)
            woken.cancel()
            if timer is not None:
                timer.cancel()
        self._wake.clear()
        await asyncio.sleep(LATER)

    async def write(self) -> None:
        """Everything that is due, in as few transactions as that takes. What comes meanwhile waits for others again."""
        due = len(self._receipts)
        while due > 0:
            await self._write_receipts()
            due -= AT_ONCE
        if self._states and self._clock.monotonic() >= self._states_at:
            await self._write_states()

    async def _write_receipts(self) -> None:
        some = self._receipts[:AT_ONCE]
        telling = self._telling()
        of_runs: dict[str, Receipts] = {}
        alone = [(order, receipt) for order, receipt in some if order.command.alone]
        for order, receipt in some:
            if not order.command.alone:
                of_runs.setdefault(order.run, {})[order.number] = receipt
        async with self._store.transaction(lasting=False) as tx:
            await runs.answer(tx, telling, of_runs, {(order.run, order.number) for order, _ in alone})
            for order, receipt in alone:
                if receipt.outcome != "reported":
                    data = {"command": order.run, "receipt": msgspec.to_builtins(receipt)}
                    await telling.event(tx, FAILED_EVENT, str(order.load), data)
        del self._receipts[: len(some)]

    async def _write_states(self) -> None:
        some = list(self._states.values())[:AT_ONCE]
        rows = [
            {"load": load.id, "attributes": msgspec.json.encode(load.state).decode(), "at": load.at}
            for load in some
            if load.at is not None
        ]
        for load in some:
            del self._states[load.id]
        try:
            if rows:
                async with self._store.transaction(lasting=False) as tx:
                    await tx.execute(_KEEP_STATE, rows)
        except JobError:
            self._states = {**{load.id: load for load in some}, **self._states}
            raise
        if not self._states:
            self._states_at = self._clock.monotonic() + STATES_EVERY
