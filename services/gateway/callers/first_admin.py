"""The administrator of a new installation, and the settings that replace its key and password later."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.gateway.callers import accounts, proofs
from services.gateway.callers.proofs import Digester
from services.gateway.callers.roles import Role
from services.gateway.callers.tables import AccountRow, ApiKeyRow
from shared.clock import Clock
from shared.settings import Settings
from shared.store import Store

NAME = "admin"
KEY_LABEL = "administrator"
SHOWN_ONCE = "first-admin.json"


class FirstAdmin(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What was made up at the first start; `jobwire up` shows it once. Null: it came from the settings."""

    name: str
    key: str | None = None
    password: str | None = None


@dataclass(frozen=True)
class _Secrets:
    """A key, and a password in its stored form."""

    key: str | None
    password: str | None


async def prepare(store: Store, settings: Settings, clock: Clock) -> Digester:
    """Make the administrator, or bring its key and password up to the settings; returns this installation's digests.

    Secrets that had to be made up are written to `<data>/run/first-admin.json`, readable by the owner alone.
    """
    async with store.reading() as tx:
        stored = await accounts.find_account(tx, NAME)
    given = _Secrets(settings.admin_key, await _password_to_store(stored, settings.admin_password))
    new, made = given, FirstAdmin(name=NAME)
    if stored is None:
        made.key = None if settings.admin_key else proofs.new_key()
        made.password = None if settings.admin_password else proofs.new_key()
        password = given.password or await asyncio.to_thread(proofs.stored_password, made.password or "")
        new = _Secrets(given.key or made.key, password)
    try:
        digester, is_new = await _write(store, new, given, clock.now())
    except IntegrityError:  # another gateway was quicker, and its administrator stands now
        digester, is_new = await _write(store, new, given, clock.now())
    if is_new and (made.key or made.password):
        await asyncio.to_thread(_keep, settings.run_folder / SHOWN_ONCE, made)
    return digester


async def _password_to_store(stored: AccountRow | None, password: str | None) -> str | None:
    """The new stored form, or None when nothing changes."""
    if not password:
        return None
    if stored is not None and await asyncio.to_thread(proofs.password_fits, password, stored.password):
        return None
    return await asyncio.to_thread(proofs.stored_password, password)


async def _write(store: Store, new: _Secrets, given: _Secrets, now: datetime) -> tuple[Digester, bool]:
    """Make the administrator with `new`, or give the one that is there what is `given`; and whether it was made."""
    async with store.transaction() as tx:
        digester = await accounts.digester(tx)
        account = await accounts.find_account(tx, NAME)
        secrets = given if account else new
        is_new = account is None
        if account is None:
            account = await accounts.create_account(tx, NAME, Role.ADMIN, now=now, password=secrets.password)
        elif secrets.password:
            account.password = secrets.password
        if secrets.key and not await _has_key(tx, account, digester.of_key(secrets.key)):
            await _replace_key(tx, account, secrets.key, digester.of_key(secrets.key), now)
    return digester, is_new


async def _has_key(tx: AsyncSession, account: AccountRow, digest: str) -> bool:
    found = await accounts.find_key(tx, digest)
    return found is not None and found[1].id == account.id


async def _replace_key(tx: AsyncSession, account: AccountRow, key: str, digest: str, now: datetime) -> None:
    """The settings' key takes the place of the one before; a key the settings come back to works again."""
    earlier = await tx.scalars(
        select(ApiKeyRow).where(col(ApiKeyRow.account_id) == account.id, col(ApiKeyRow.label) == KEY_LABEL)
    )
    again = None
    for row in earlier:
        again = row if row.digest == digest else again
        row.revoked_at = None if row.digest == digest else row.revoked_at or now
    if again is None:
        await accounts.create_key(tx, account, key, KEY_LABEL, now=now)


def _keep(path: Path, made: FirstAdmin) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.encode(made))
