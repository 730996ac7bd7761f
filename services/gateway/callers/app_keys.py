"""How an application gets a key: it asks, somebody decides, it polls. The clear key is made at that poll, kept nowhere.

Requests lie in the database, so that the poll and the decision may reach different gateways, or the command line.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.callers import accounts, application_keys, first_admin, proofs
from services.gateway.callers.application_keys import AppKeyRequest, AppKeyShown
from services.gateway.callers.frequency import Frequency
from services.gateway.callers.identity import Identity
from services.gateway.callers.lockout import network_of
from services.gateway.callers.proofs import Digester
from services.gateway.callers.roles import Permission, Role
from services.gateway.callers.tables import AccountRow, ApiKeyRow, AppKeyRequestRow
from shared.clock import Clock
from shared.errors import Forbidden, Invalid, NotFound
from shared.store import Store

_log = logging.getLogger(__name__)

LONGEST_NAME = 64


@dataclass(frozen=True)
class Wish:
    """What an application asks for: its name, and the account it wants a key of (null: of whoever decides)."""

    application: str
    user: str | None = None


def wish(application: object, user: object) -> Wish:
    """Checked. Raises `Invalid` for a name that is none, too long or unprintable."""
    return Wish(_name(application, "app"), _name(user, "user") if user else None)


def may_decide(decider: Identity, user: str | None) -> bool:
    """Who may decide on a wish for `user`: an administrator, that user, and for a wish for anybody whoever may print.

    An application may not: a revoked key must not leave others behind.
    """
    if decider.application is not None:
        return False
    if decider.role is Role.ADMIN:
        return True
    return user == decider.name if user else decider.may(Permission.PRINT)


def may_administer(caller: Identity) -> bool:
    """Whether this caller may see and end the application keys of all accounts."""
    return caller.may(Permission.ACCOUNTS)


class AppKeys:
    """Application keys of one installation, as one gateway serves them."""

    def __init__(self, store: Store, clock: Clock, digests: Digester) -> None:
        self._store = store
        self._clock = clock
        self._digests = digests
        self._frequency = Frequency(clock)

    async def ask(self, wanted: Wish, address: str, *, approve: bool = False) -> str:
        """Store the wish; the token to poll with. `approve` decides at once. Raises `Refused` (`too_often`)."""
        self._frequency.count(address)
        token, now = proofs.new_token(), self._clock.now()
        row = AppKeyRequestRow(
            digest=self._digests.of_request(token), id=proofs.new_token(), application=wanted.application,
            user_name=wanted.user, address=network_of(address)[:LONGEST_NAME], created_at=now, seen_at=now,
        )  # fmt: skip
        async with self._store.transaction() as tx:
            await application_keys.add_request(tx, row)
            if approve:
                account = await account_for(tx, wanted.user, first_admin.NAME)
                await application_keys.grant(tx, application_keys.shown(row), account, now)
        _log.info(
            "the application %r at %s asks for a key: jobwire appkey approve %s",
            wanted.application, row.address, row.id[:8],
        )  # fmt: skip
        return token

    async def poll(self, token: str) -> str | None:
        """The key, once, or None while undecided. Raises `NotFound` when denied, ended or unknown."""
        digest, now = self._digests.of_request(token), self._clock.now()
        async with self._store.reading() as tx:
            row = await application_keys.find_request(tx, digest, now)
        if row is None:
            raise NotFound("There is no such request", code="no_such_request")
        if row.account_id is None:
            if now - row.seen_at >= application_keys.SEEN_EVERY:
                async with self._store.transaction() as tx:
                    await application_keys.note_poll(tx, digest, now)
            return None
        async with self._store.transaction() as tx:
            return await application_keys.hand_over(tx, row, now)

    async def request_of(self, token: str) -> AppKeyRequest:
        """The undecided request of the application that polls with `token`. Raises `NotFound`."""
        async with self._store.reading() as tx:
            row = await application_keys.find_request(tx, self._digests.of_request(token), self._clock.now())
        if row is None or row.account_id is not None:
            raise NotFound("There is no such request", code="no_such_request")
        return application_keys.shown(row)

    async def decide(self, request: str, decider: Identity, *, grant: bool) -> None:
        """Grant or deny the request with this id. Raises `NotFound`, `Forbidden` for who may not grant anything."""
        if decider.application is not None:
            raise Forbidden("An application may not let others in", code="no_permission")
        now = self._clock.now()
        async with self._store.transaction() as tx:
            found = await application_keys.waiting_request(tx, request, now)
            if not may_decide(decider, found.user):
                raise Forbidden("You may not decide on this request", code="no_permission")
            if grant:
                account = await account_for(tx, found.user, decider.name)
                await application_keys.grant(tx, found, account, now)
            else:
                await application_keys.deny(tx, found)
        _log.info("%s %s %r", decider.name, "let in" if grant else "turned away", found.application)

    async def waiting(self, decider: Identity) -> list[AppKeyRequest]:
        """The undecided requests that this caller may decide on."""
        async with self._store.reading() as tx:
            requests = await application_keys.waiting_requests(tx, self._clock.now())
        return [request for request in requests if may_decide(decider, request.user)]

    async def keys(self, account: str | None) -> list[AppKeyShown]:
        """The applications that have keys, of one account or (None) of all."""
        async with self._store.reading() as tx:
            return await application_keys.list_app_keys(tx, account)

    async def generate(self, wanted: Wish, caller: Identity) -> str:
        """A new key for an application, without a request. Raises `Forbidden`, and `Invalid` for an unknown account."""
        name = own_or_any(wanted.user, caller)
        if caller.application is not None:
            raise Forbidden("An application may not let others in", code="no_permission")
        async with self._store.transaction() as tx:
            account = await accounts.find_account(tx, name)
            if account is None:
                raise Invalid(f"There is no account {name!r}", code="no_such_account")
            return await application_keys.new_key(tx, account, wanted.application, self._clock.now())

    async def revoke(self, wanted: Wish, caller: Identity) -> str:
        """End all keys of an application; the id of their account. Raises `Forbidden`, `Invalid` when it has none."""
        name = own_or_any(wanted.user, caller)
        async with self._store.transaction() as tx:
            return self._end(await application_keys.keys_of(tx, name, wanted.application))

    async def revoke_key(self, key: str, caller: Identity) -> str:
        """End one key of an application, named by itself; the id of its account. Raises `Forbidden`, `Invalid`."""
        async with self._store.transaction() as tx:
            found = await accounts.find_key(tx, self._digests.of_key(key))
            if found is not None:
                own_or_any(found[1].name, caller)
            return self._end([found[0]] if found and found[0].application is not None else [])

    def _end(self, keys: list[ApiKeyRow]) -> str:
        if not keys:
            raise Invalid("There is no such application key", code="no_such_key")
        for key in keys:
            key.revoked_at = self._clock.now()
        return keys[0].account_id


async def account_for(tx: AsyncSession, user: str | None, otherwise: str) -> AccountRow:
    """The account of `user` when there is one, else that of `otherwise`. Raises `NotFound`."""
    named = await accounts.find_account(tx, user) if user else None
    account = named or await accounts.find_account(tx, otherwise)
    if account is None:
        raise NotFound(f"There is no account {otherwise!r}", code="no_such_account")
    return account


def own_or_any(user: str | None, caller: Identity) -> str:
    """Whose keys are meant: the caller's own, or for an administrator anybody's. Raises `Forbidden`."""
    if user not in (None, caller.name):
        caller.require(Permission.ACCOUNTS)
    return user or caller.name


def _name(value: object, what: str) -> str:
    name = value.strip() if isinstance(value, str) else ""
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid(f"{what} must be a name of 1 to {LONGEST_NAME} printable characters", code="bad_name")
    return name
