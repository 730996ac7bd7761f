"""Claims and claimed accounts in the database. Every function works inside the caller's transaction.

A claimed account is an operator's, whatever the client calls itself. Its name begins with `wiser:`, so a client that
claims `admin` gets no administrator's key.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import delete, func, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.gateway.callers import accounts
from services.gateway.callers.roles import Role
from services.gateway.callers.tables import AccountRow, ApiKeyRow, ClaimedAccountRow, ClaimRow, InstallationRow
from shared.errors import Conflict, NotFound, Refused

PREFIX = "wiser:"
LABEL = "claimed"
LONGEST_USER = 58  # what the prefix leaves of an account's name
MOST_WAITING = 8
ONE_PRESS = timedelta(seconds=2)  # every gateway hears the same press


class ClaimShown(msgspec.Struct, kw_only=True):
    """A client that waits: the account it asks for, and from where."""

    user: str
    address: str
    created_at: datetime


async def wait_in_line(tx: AsyncSession, row: ClaimRow) -> None:
    """Store a claim; one of the same user from the same address takes the place of its earlier one.

    Raises `Refused` when too many wait.
    """
    now = row.created_at
    again = (col(ClaimRow.user_name) == row.user_name) & (col(ClaimRow.address) == row.address)
    waits = col(ClaimRow.granted_at).is_(None)
    await tx.execute(delete(ClaimRow).where((again & waits) | (col(ClaimRow.ends_at) < now - ONE_PRESS)))
    waiting = await tx.scalar(select(func.count()).select_from(ClaimRow).where(waits))
    if (waiting or 0) >= MOST_WAITING:
        raise Refused("Too many clients wait for the button", code="too_often", detail={"retry_after": 30})
    tx.add(row)
    await tx.flush()


async def is_granted(tx: AsyncSession, claim: str) -> bool:
    """Whether somebody let it in. Raises `Conflict` when a later claim has taken its place."""
    row = await tx.get(ClaimRow, claim)
    if row is None:
        raise Conflict("Another claim of the same user has taken the place of this one", code="claimed_again")
    return row.granted_at is not None


async def withdraw(tx: AsyncSession, claim: str) -> None:
    """It waits no more; one that was granted stays, because every gateway may still hear that press."""
    await tx.execute(delete(ClaimRow).where(col(ClaimRow.id) == claim, col(ClaimRow.granted_at).is_(None)))


async def waiting_claims(tx: AsyncSession, now: datetime) -> list[ClaimShown]:
    """Who waits, the one that has waited longest first."""
    return [_shown(row) for row in await _waiting(tx, now)]


async def press(tx: AsyncSession, now: datetime) -> ClaimShown | None:
    """Let in the one that has waited longest. The same press, heard by another gateway, lets nobody in."""
    await tx.scalar(select(InstallationRow).where(col(InstallationRow.id) == 1).with_for_update())
    recent = await tx.scalar(select(ClaimRow).where(col(ClaimRow.granted_at) > now - ONE_PRESS).limit(1))
    waiting = [] if recent is not None else await _waiting(tx, now)
    return await _grant(tx, waiting[0], now) if waiting else None


async def approve(tx: AsyncSession, user: str | None, now: datetime) -> ClaimShown:
    """Let in the one that has waited longest, of this user. Raises `NotFound` when there is none."""
    waiting = [row for row in await _waiting(tx, now) if user in (None, row.user_name)]
    if not waiting:
        raise NotFound(f"no client waits for the account {user!r}" if user else "no client waits", code="no_claim")
    return await _grant(tx, waiting[0], now)


async def is_known(tx: AsyncSession, user: str) -> bool:
    """Whether this user was claimed before."""
    query = select(ClaimedAccountRow).where(col(ClaimedAccountRow.user_name) == user)
    return await tx.scalar(query.limit(1)) is not None


async def give_key(tx: AsyncSession, user: str, details: dict[str, Any], now: datetime) -> tuple[AccountRow, str]:
    """The account of this user, made if need be, and its new key; the one it claimed before ends.

    Raises `Conflict` when somebody has given an account of that name another role.
    """
    account = await accounts.find_account(tx, PREFIX + user)
    if account is None:
        account = await accounts.create_account(tx, PREFIX + user, Role.OPERATOR, now=now)
    if account.role != Role.OPERATOR:
        raise Conflict(f"The account {account.name!r} cannot be claimed", code="not_claimable")
    await end_keys(tx, account.id, now)
    secret = str(uuid.uuid4())
    await accounts.create_key(tx, account, secret, LABEL, now=now)
    await tx.merge(ClaimedAccountRow(account_id=account.id, user_name=user, details=details))
    return account, secret


async def end_keys(tx: AsyncSession, account: str, now: datetime) -> None:
    """Revoke what was claimed; keys made by hand stay."""
    keys = (col(ApiKeyRow.account_id) == account) & (col(ApiKeyRow.label) == LABEL)
    await tx.execute(update(ApiKeyRow).where(keys, col(ApiKeyRow.revoked_at).is_(None)).values(revoked_at=now))


async def _waiting(tx: AsyncSession, now: datetime) -> list[ClaimRow]:
    query = select(ClaimRow).where(col(ClaimRow.granted_at).is_(None), col(ClaimRow.ends_at) > now)
    return list(await tx.scalars(query.order_by(col(ClaimRow.created_at), col(ClaimRow.id))))


async def _grant(tx: AsyncSession, row: ClaimRow, now: datetime) -> ClaimShown:
    """Raises `Conflict` when somebody else was quicker."""
    chosen = update(ClaimRow).where(col(ClaimRow.id) == row.id, col(ClaimRow.granted_at).is_(None))
    done = await tx.execute(chosen.values(granted_at=now))
    if getattr(done, "rowcount", 0) != 1:
        raise Conflict("This claim was decided, or has ended", code="no_claim")
    return _shown(row)


def _shown(row: ClaimRow) -> ClaimShown:
    return ClaimShown(user=row.user_name, address=row.address, created_at=row.created_at)
