"""`appkey list`, `approve` and `deny`: decides on applications that ask for a key, on the gateway's own database."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable

import msgspec

from services.gateway.callers import accounts, app_keys, application_keys, first_admin
from shared.clock import Clock
from shared.errors import NotFound
from shared.store import Store

Command = Callable[[argparse.Namespace, Store, Clock], Awaitable[object]]


class Done(msgspec.Struct):
    """What was done, in a sentence."""

    done: str


async def list_waiting(_: argparse.Namespace, store: Store, clock: Clock) -> list[application_keys.AppKeyRequest]:
    """The applications that wait and still poll."""
    async with store.reading() as tx:
        return await application_keys.waiting_requests(tx, clock.now())


async def approve(options: argparse.Namespace, store: Store, clock: Clock) -> Done:
    """Give an application its key, at its next poll."""
    async with store.transaction() as tx:
        request = await application_keys.waiting_request(tx, options.id, clock.now())
        if options.account:
            account = await accounts.find_account(tx, options.account)
            if account is None:
                raise NotFound(f"There is no account {options.account!r}")
        else:
            account = await app_keys.account_for(tx, request.user, first_admin.NAME)
        await application_keys.grant(tx, request, account, clock.now())
    return Done(f"{request.application!r} gets a key of the account {account.name!r} ({account.role})")


async def deny(options: argparse.Namespace, store: Store, clock: Clock) -> Done:
    """Turn an application away."""
    async with store.transaction() as tx:
        request = await application_keys.waiting_request(tx, options.id, clock.now())
        await application_keys.deny(tx, request)
    return Done(f"{request.application!r} gets no key")
