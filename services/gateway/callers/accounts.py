"""Accounts and keys in the database. Every function works inside the caller's transaction."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.gateway.callers import proofs
from services.gateway.callers.proofs import Digester
from services.gateway.callers.roles import Role
from services.gateway.callers.tables import AccountRow, ApiKeyRow, InstallationRow, SessionRow
from shared.errors import Conflict, Invalid, NotFound
from shared.identifiers import new_id

SHORTEST_SECRET = 8
_LONGEST_NAME = 64


class KeyShown(msgspec.Struct, kw_only=True):
    """A key as `key list` shows it: never the key itself."""

    id: str
    account: str
    role: str
    label: str
    created_at: datetime
    revoked_at: datetime | None = None


class AccountShown(msgspec.Struct, kw_only=True):
    """An account as `account list` shows it."""

    id: str
    name: str
    role: str
    has_password: bool
    created_at: datetime


async def digester(tx: AsyncSession) -> Digester:
    """The digests of this installation; the first call makes its salt."""
    row = await tx.get(InstallationRow, 1)
    if row is None:
        row = InstallationRow(id=1, salt=proofs.new_salt())
        tx.add(row)
        await tx.flush()
    return Digester(row.salt)


async def find_account(tx: AsyncSession, name: str) -> AccountRow | None:
    """The account with this name; a database need not be asked for one that no account can have."""
    if not _may_be_a_name(name):
        return None
    found: AccountRow | None = await tx.scalar(select(AccountRow).where(col(AccountRow.name) == name))
    return found


async def find_key(tx: AsyncSession, digest: str) -> tuple[ApiKeyRow, AccountRow] | None:
    """The key with this digest and its account; None for an unknown or revoked one. Compared in constant time."""
    query = (
        select(ApiKeyRow, AccountRow)
        .join(AccountRow, col(AccountRow.id) == col(ApiKeyRow.account_id))
        .where(col(ApiKeyRow.digest) == digest, col(ApiKeyRow.revoked_at).is_(None))
    )
    row = (await tx.execute(query)).first()
    if row is None or not proofs.same(row[0].digest, digest):
        return None
    return row[0], row[1]


async def find_session(tx: AsyncSession, digest: str, now: datetime) -> tuple[AccountRow, ApiKeyRow | None] | None:
    """The account of the session with this digest, and the key that opened it, if one did.

    None when the session has ended or that key was revoked.
    """
    query = (
        select(SessionRow, AccountRow, ApiKeyRow)
        .join(AccountRow, col(AccountRow.id) == col(SessionRow.account_id))
        .outerjoin(ApiKeyRow, col(ApiKeyRow.id) == col(SessionRow.api_key_id))
        .where(col(SessionRow.digest) == digest, col(SessionRow.expires_at) > now)
    )
    row = (await tx.execute(query)).first()
    if row is None or not proofs.same(row[0].digest, digest):
        return None
    session, account, key = row
    if session.api_key_id and (key is None or key.revoked_at is not None):
        return None
    return account, key


async def create_account(
    tx: AsyncSession, name: str, role: Role, *, now: datetime, password: str | None = None
) -> AccountRow:
    """A new account; `password` is what `proofs.stored_password` made.

    Raises `Invalid` for a name that is empty, too long or unprintable, `Conflict` for one that is taken.
    """
    if not _may_be_a_name(name):
        raise Invalid(f"An account name has 1 to {_LONGEST_NAME} printable characters", code="bad_name")
    if await find_account(tx, name):
        raise Conflict(f"There is an account {name!r} already", code="account_exists")
    account = AccountRow(id=new_id(), name=name, role=role, password=password, created_at=now)
    tx.add(account)
    await tx.flush()
    return account


async def create_key(
    tx: AsyncSession, account: AccountRow, key: str, label: str, *, now: datetime, application: str | None = None
) -> ApiKeyRow:
    """Store `key` for the account. Raises `Invalid` for a short one, `Conflict` for one that is in use."""
    if len(key) < SHORTEST_SECRET:
        raise Invalid(f"A key needs at least {SHORTEST_SECRET} characters", code="short_key")
    digest = (await digester(tx)).of_key(key)
    known = await tx.scalar(select(ApiKeyRow).where(col(ApiKeyRow.digest) == digest))
    if known is not None:
        raise Conflict("This key is, or was, in use", code="key_exists")
    row = ApiKeyRow(
        id=new_id(), account_id=account.id, label=label[:_LONGEST_NAME], digest=digest, application=application,
        created_at=now,
    )  # fmt: skip
    tx.add(row)
    await tx.flush()
    return row


async def revoke_key(tx: AsyncSession, key_id: str, *, now: datetime) -> None:
    """End a key; it stops within 2 s on every gateway. Raises `NotFound`; a second time changes nothing."""
    row = await tx.get(ApiKeyRow, key_id)
    if row is None:
        raise NotFound(f"There is no key {key_id!r}", code="no_such_key")
    row.revoked_at = row.revoked_at or now


async def list_keys(tx: AsyncSession) -> list[KeyShown]:
    """All keys, the oldest first, the revoked ones too."""
    query = (
        select(ApiKeyRow, AccountRow)
        .join(AccountRow, col(AccountRow.id) == col(ApiKeyRow.account_id))
        .order_by(col(ApiKeyRow.created_at), col(ApiKeyRow.id))
    )
    return [
        KeyShown(
            id=key.id, account=account.name, role=account.role, label=key.label,
            created_at=key.created_at, revoked_at=key.revoked_at,
        )
        for key, account in (await tx.execute(query)).all()
    ]  # fmt: skip


async def list_accounts(tx: AsyncSession) -> list[AccountShown]:
    """All accounts by name."""
    rows = await tx.scalars(select(AccountRow).order_by(col(AccountRow.name)))
    return [
        AccountShown(
            id=row.id, name=row.name, role=row.role, has_password=row.password is not None, created_at=row.created_at
        )
        for row in rows
    ]


def _may_be_a_name(name: str) -> bool:
    return 0 < len(name) <= _LONGEST_NAME and name.isprintable() and name == name.strip()
