"""`claim list` and `approve`: the gateway's own button, pressed on its database while it runs."""

from __future__ import annotations

import argparse

from services.gateway.callers import claimed
from services.gateway.callers.app_key_commands import Done
from services.gateway.callers.claimed import ClaimShown
from shared.clock import Clock
from shared.store import Store


async def list_waiting(_: argparse.Namespace, store: Store, clock: Clock) -> list[ClaimShown]:
    """The clients that wait for the button."""
    async with store.reading() as tx:
        return await claimed.waiting_claims(tx, clock.now())


async def approve(options: argparse.Namespace, store: Store, clock: Clock) -> Done:
    """Let one in: the one that has waited longest, or that of one user."""
    async with store.transaction() as tx:
        shown = await claimed.approve(tx, options.user, clock.now())
    return Done(f"{shown.user!r} at {shown.address} is let in")
