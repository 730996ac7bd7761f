"""The tables of the gateway's own database: accounts and what proves them. No secret stands in any of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlmodel import Field, SQLModel

from shared.columns import StructColumn, UtcDateTime

_LONGEST_NAME = 128


class InstallationRow(SQLModel, table=True):
    """One row: the random salt (hex) that every stored digest of this installation is keyed with."""

    __tablename__ = "installation"

    id: int = Field(primary_key=True)
    salt: str = Field(sa_type=String(64))


class AccountRow(SQLModel, table=True):
    """One account. `password` is what `proofs.stored_password` made, null for an account that only has keys."""

    __tablename__ = "account"

    id: str = Field(primary_key=True, sa_type=String(36))
    name: str = Field(unique=True, sa_type=String(_LONGEST_NAME))
    role: str = Field(sa_type=String(16))
    password: str | None = Field(default=None, sa_type=String(256))
    created_at: datetime = Field(sa_type=UtcDateTime)


class ApiKeyRow(SQLModel, table=True):
    """One key of an account, by its digest. A revoked key stays, so that `key list` can say when it ended.

    `application` names the application that asked for the key; null for a key made by hand.
    """

    __tablename__ = "api_key"

    id: str = Field(primary_key=True, sa_type=String(36))
    account_id: str = Field(index=True, foreign_key="account.id", sa_type=String(36))
    label: str = Field(sa_type=String(_LONGEST_NAME))
    digest: str = Field(unique=True, sa_type=String(64))
    application: str | None = Field(default=None, sa_type=String(_LONGEST_NAME))
    created_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SessionRow(SQLModel, table=True):
    """A login that has not ended, by the digest of its token; `api_key_id` when a key opened it."""

    __tablename__ = "login_session"

    digest: str = Field(primary_key=True, sa_type=String(64))
    account_id: str = Field(index=True, foreign_key="account.id", sa_type=String(36))
    api_key_id: str | None = Field(default=None, sa_type=String(36))
    expires_at: datetime = Field(index=True, sa_type=UtcDateTime)


class GuessesRow(SQLModel, table=True):
    """The wrong credentials seen from one subject (`lockout.Guesses`), so that a restart forgets nothing."""

    __tablename__ = "guesses"

    subject: str = Field(primary_key=True, sa_type=String(200))
    count: int
    seen: str = Field(sa_type=String(1024))
    last_at: datetime = Field(index=True, sa_type=UtcDateTime)
    locked_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class TrustedRow(SQLModel, table=True):
    """A credential (by digest) that has succeeded from this address: a lock of the address does not touch it."""

    __tablename__ = "trusted_address"

    digest: str = Field(primary_key=True, sa_type=String(64))
    address: str = Field(primary_key=True, sa_type=String(64))
    last_at: datetime = Field(index=True, sa_type=UtcDateTime)


class AppKeyRequestRow(SQLModel, table=True):
    """An application that waits for a key, by the digest of the token it polls with. The key is made at that poll.

    `id` is what people and the API decide by; `account_id` whose key it will be, null while undecided; `seen_at` the
    last poll, or the decision.
    """

    __tablename__ = "app_key_request"

    digest: str = Field(primary_key=True, sa_type=String(64))
    id: str = Field(unique=True, sa_type=String(64))
    application: str = Field(sa_type=String(_LONGEST_NAME))
    user_name: str | None = Field(default=None, sa_type=String(_LONGEST_NAME))
    address: str = Field(sa_type=String(64))
    account_id: str | None = Field(default=None, foreign_key="account.id", sa_type=String(36))
    created_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)


class ClaimRow(SQLModel, table=True):
    """A client that waits for somebody to press the gateway's button, until `ends_at`; `granted_at` once one did."""

    __tablename__ = "claim"

    id: str = Field(primary_key=True, sa_type=String(36))
    user_name: str = Field(sa_type=String(_LONGEST_NAME))
    address: str = Field(sa_type=String(64))
    created_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(index=True, sa_type=UtcDateTime)
    granted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ClaimedAccountRow(SQLModel, table=True):
    """What a client said of itself when it claimed the account, and changed since: JSON text of an object."""

    __tablename__ = "claimed_account"

    account_id: str = Field(primary_key=True, foreign_key="account.id", sa_type=String(36))
    user_name: str = Field(sa_type=String(_LONGEST_NAME))
    details: dict[str, Any] = Field(sa_type=StructColumn(dict[str, Any]))
