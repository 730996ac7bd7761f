"""Keys of applications, and the applications that wait for one. All of it works inside the caller's transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import ColumnElement, delete, func, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, or_, select

from services.gateway.callers import accounts, proofs
from services.gateway.callers.tables import AccountRow, ApiKeyRow, AppKeyRequestRow
from shared.errors import NotFound, Refused

Row = AppKeyRequestRow

LIFE = timedelta(minutes=10)  # of a request, and of a decision that nobody fetches
SEEN_EVERY = timedelta(seconds=0.25)  # polls closer than this are not written down
POLLED_WITHIN = timedelta(seconds=5) + SEEN_EVERY
MOST_WAITING = 100
SHORTEST_START = 4  # characters of an id that are enough to name it


class AppKeyRequest(msgspec.Struct, kw_only=True):
    """An application that waits: `user` is the account it asks for, null for anybody's."""

    id: str
    application: str
    user: str | None
    address: str
    created_at: datetime


class AppKeyShown(msgspec.Struct, kw_only=True, frozen=True, order=True):
    """An application that has a key of this account."""

    account: str
    application: str


async def add_request(tx: AsyncSession, row: Row) -> None:
    """Store a request, and forget those that have ended. Raises `Refused` when too many wait."""
    now = row.created_at
    await tx.execute(delete(Row).where(~_is_alive(now)))
    waiting = await tx.scalar(select(func.count()).select_from(Row))
    if (waiting or 0) >= MOST_WAITING:
        raise Refused(
            "Too many applications wait for a key: try again later",
            code="too_often",
            detail={"retry_after": int(POLLED_WITHIN.total_seconds())},
        )
    tx.add(row)
    await tx.flush()


async def find_request(tx: AsyncSession, digest: str, now: datetime) -> Row | None:
    """The request whose token has this digest, decided or not, unless it has ended."""
    found: Row | None = await tx.scalar(select(Row).where(col(Row.digest) == digest, _is_alive(now)))
    return found


async def waiting_request(tx: AsyncSession, start: str, now: datetime) -> AppKeyRequest:
    """The undecided request whose id begins with `start`. Raises `NotFound` for none and for several."""
    found = [request for request in await waiting_requests(tx, now) if request.id.startswith(start)]
    if len(found) != 1 or len(start) < SHORTEST_START:
        raise NotFound(f"No application waits under {start!r}", code="no_such_request")
    return found[0]


async def waiting_requests(tx: AsyncSession, now: datetime) -> list[AppKeyRequest]:
    """All undecided requests, the oldest first."""
    query = select(Row).where(col(Row.account_id).is_(None), _is_alive(now)).order_by(col(Row.created_at), col(Row.id))
    return [shown(row) for row in await tx.scalars(query)]


async def note_poll(tx: AsyncSession, digest: str, now: datetime) -> None:
    """The application still waits."""
    await tx.execute(update(Row).where(col(Row.digest) == digest, col(Row.account_id).is_(None)).values(seen_at=now))


async def grant(tx: AsyncSession, request: AppKeyRequest, account: AccountRow, now: datetime) -> None:
    """Decide that the application gets a key of `account`, at its next poll. Raises `NotFound` when it was decided."""
    chosen = update(Row).where(col(Row.id) == request.id, col(Row.account_id).is_(None))
    done = await tx.execute(chosen.values(account_id=account.id, seen_at=now))
    _changed_one(done)


async def deny(tx: AsyncSession, request: AppKeyRequest) -> None:
    """Decide that the application gets nothing. Raises `NotFound` when it was decided."""
    _changed_one(await tx.execute(delete(Row).where(col(Row.id) == request.id, col(Row.account_id).is_(None))))


async def hand_over(tx: AsyncSession, row: Row, now: datetime) -> str:
    """Make the key that was granted; the request ends with it, so nobody gets it twice. Raises `NotFound` then."""
    _changed_one(await tx.execute(delete(Row).where(col(Row.digest) == row.digest)))
    account = await tx.get(AccountRow, row.account_id)
    if account is None:
        raise NotFound("The account is gone", code="no_such_account")
    return await new_key(tx, account, row.application, now)


async def new_key(tx: AsyncSession, account: AccountRow, application: str, now: datetime) -> str:
    """A new key of the account for an application: the key itself, which is kept nowhere."""
    key = proofs.new_key()
    await accounts.create_key(tx, account, key, application, now=now, application=application)
    return key


async def list_app_keys(tx: AsyncSession, account: str | None = None) -> list[AppKeyShown]:
    """The applications with keys, of one account or of all; one with several keys is listed once."""
    query = (
        select(AccountRow.name, ApiKeyRow.application)
        .join(AccountRow, col(AccountRow.id) == col(ApiKeyRow.account_id))
        .where(col(ApiKeyRow.application).is_not(None), col(ApiKeyRow.revoked_at).is_(None))
    )
    if account is not None:
        query = query.where(col(AccountRow.name) == account)
    rows = (await tx.execute(query)).all()
    return sorted({AppKeyShown(account=name, application=application) for name, application in rows})


async def keys_of(tx: AsyncSession, account: str, application: str) -> list[ApiKeyRow]:
    """The keys an application has of an account; its name counts without regard to case."""
    query = (
        select(ApiKeyRow)
        .join(AccountRow, col(AccountRow.id) == col(ApiKeyRow.account_id))
        .where(
            col(AccountRow.name) == account,
            col(ApiKeyRow.application).is_not(None),
            col(ApiKeyRow.revoked_at).is_(None),
        )
    )
    wanted = application.casefold()
    return [row for row in await tx.scalars(query) if (row.application or "").casefold() == wanted]


def shown(row: Row) -> AppKeyRequest:
    """A request without its token."""
    return AppKeyRequest(
        id=row.id, application=row.application, user=row.user_name, address=row.address, created_at=row.created_at
    )


def _is_alive(now: datetime) -> ColumnElement[bool]:
    polled = (col(Row.seen_at) > now - POLLED_WITHIN) & (col(Row.created_at) > now - LIFE)
    return or_(
        col(Row.account_id).is_(None) & polled, col(Row.account_id).is_not(None) & (col(Row.seen_at) > now - LIFE)
    )


def _changed_one(done: object) -> None:
    if getattr(done, "rowcount", 0) != 1:
        raise NotFound("This request was decided, or has ended", code="no_such_request")
