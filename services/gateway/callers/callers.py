"""Turns a credential into an identity: a look-up in memory for known ones, the database at most every 2 s."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from services.gateway.callers import accounts, lockout, proofs
from services.gateway.callers.accounts import AccountShown
from services.gateway.callers.app_keys import AppKeys
from services.gateway.callers.guard import Guard
from services.gateway.callers.identity import Identity, identity_of
from services.gateway.callers.proofs import Digester
from services.gateway.callers.tables import SessionRow
from shared.clock import Clock
from shared.errors import Forbidden, Unavailable
from shared.store import Store

VERIFIED_FOR = 2.0  # seconds: a revoked key stops within this time on every gateway
REMEMBERED = 4096
LONGEST_CREDENTIAL = 1024
SESSION = timedelta(days=1)
REMEMBERED_SESSION = timedelta(days=30)
_PASSWORDS_AT_ONCE = 2  # each takes a thread and 16 MiB
_PASSWORD_WAIT = 5.0

_Place = tuple[str, str]  # the digest of a credential, and the address it came from
_Remembered = tuple[Identity | None, float]  # whose it is, and until when that holds
_Verify = Callable[[_Place], Awaitable[_Remembered]]


class Callers:
    """The callers of one gateway. Every refusal is `Forbidden`: `no_key`, `bad_key`, `bad_password`, `locked_out`."""

    def __init__(self, store: Store, clock: Clock, digester: Digester, guard: Guard) -> None:
        self._store = store
        self._clock = clock
        self._digests = digester
        self._guard = guard
        self._verified: dict[_Place, _Remembered] = {}
        self._verifying: dict[_Place, asyncio.Future[_Remembered]] = {}
        self._opened: dict[str, tuple[str, float]] = {}
        self._passwords = asyncio.Semaphore(_PASSWORDS_AT_ONCE)
        self.app_keys = AppKeys(store, clock, digester)

    async def by_key(self, key: str | None, address: str) -> Identity:
        """The account that `key` belongs to. A key that worked from this address before works through its lock."""
        if not key or len(key) > LONGEST_CREDENTIAL:
            raise Forbidden("A key is needed", code="no_key")
        place = (self._digests.of_key(key), address)
        remembered = self._verified.get(place)
        if remembered is None or remembered[1] <= self._clock.monotonic():
            remembered = await self._once(place, self._verify_key)
        if remembered[0] is None:
            raise Forbidden("This key is not known", code="bad_key")
        return remembered[0]

    async def by_token(self, token: str | None, address: str) -> Identity:
        """The account whose session `token` is. A wrong token counts as a guess."""
        if not token or len(token) > LONGEST_CREDENTIAL:
            raise Forbidden("A session is needed", code="no_key")
        place = (self._digests.of_token(token), address)
        remembered = self._verified.get(place)
        if remembered is None or remembered[1] <= self._clock.monotonic():
            remembered = await self._once(place, self._verify_token)
        if remembered[0] is None:
            raise Forbidden("This session has ended", code="bad_key")
        return remembered[0]

    async def by_password(self, name: str, password: str, address: str) -> Identity:
        """The account with this name and password; unknown names take as long as wrong passwords."""
        if len(name) > LONGEST_CREDENTIAL or len(password) > LONGEST_CREDENTIAL:
            raise Forbidden("User name or password is wrong", code="bad_password")
        login = lockout.login_subject(name, address)
        await self._guard.check(login, lockout.address_subject(address))
        async with self._store.reading() as tx:
            account = await accounts.find_account(tx, name)
        if not await self._fits(password, account.password if account else None) or account is None:
            fingerprint = proofs.Digester.print_of(self._digests.of_login(name, password))
            await self._guard.wrong(fingerprint, login, lockout.address_subject(address))
            raise Forbidden("User name or password is wrong", code="bad_password")
        self._guard.forget(login)
        return identity_of(account)

    async def open_session(self, identity: Identity, *, remember: bool = False) -> str:
        """A new session token; for one key the same token for an hour, so that a polling client writes nothing."""
        opened = self._opened.get(identity.key_id or "")
        if opened and opened[1] > self._clock.monotonic():
            return opened[0]
        token, now = proofs.new_token(), self._clock.now()
        row = SessionRow(
            digest=self._digests.of_token(token), account_id=identity.account_id, api_key_id=identity.key_id,
            expires_at=now + (REMEMBERED_SESSION if remember else SESSION),
        )  # fmt: skip
        async with self._store.transaction() as tx:
            tx.add(row)
        if identity.key_id:
            self._opened[identity.key_id] = (token, self._clock.monotonic() + 3600.0)
            _bound(self._opened)
        return token

    async def close_session(self, token: str) -> None:
        """End a session; an unknown one is ended already."""
        digest = self._digests.of_token(token)
        async with self._store.transaction() as tx:
            row = await tx.get(SessionRow, digest)
            if row is not None:
                await tx.delete(row)
        for place in [place for place in self._verified if place[0] == digest]:
            del self._verified[place]
        self._opened = {key: opened for key, opened in self._opened.items() if opened[0] != token}

    async def accounts(self) -> list[AccountShown]:
        """All accounts by name."""
        async with self._store.reading() as tx:
            return await accounts.list_accounts(tx)

    def forget(self, account: str) -> None:
        """One of its keys was revoked here: look it up again at once."""
        for place in [place for place, (whose, _) in self._verified.items() if whose and whose.account_id == account]:
            del self._verified[place]

    def public_id(self, name: str) -> str:
        """A UUID of this installation for what is called `name`: it stays the same over restarts and gateways."""
        return self._digests.public_id(name)

    async def _once(self, place: _Place, verify: _Verify) -> _Remembered:
        """Many requests with one key at the same moment ask the database once."""
        running = self._verifying.get(place)
        if running is None:
            running = self._verifying[place] = asyncio.ensure_future(verify(place))
            running.add_done_callback(lambda done: self._verified_now(place, done))
        return await asyncio.shield(running)

    def _verified_now(self, place: _Place, done: asyncio.Future[_Remembered]) -> None:
        self._verifying.pop(place, None)
        if not done.cancelled():
            done.exception()  # who asked has it already, or has gone

    async def _verify_key(self, place: _Place) -> _Remembered:
        await self._pass_lock(place)
        async with self._store.reading() as tx:
            found = await accounts.find_key(tx, place[0])
        identity = identity_of(found[1], found[0]) if found else None
        return await self._remember(place, identity)

    async def _verify_token(self, place: _Place) -> _Remembered:
        await self._pass_lock(place)
        async with self._store.reading() as tx:
            found = await accounts.find_session(tx, place[0], self._clock.now())
        identity = identity_of(*found) if found else None
        return await self._remember(place, identity)

    async def _pass_lock(self, place: _Place) -> None:
        digest, address = place
        try:
            await self._guard.check(lockout.address_subject(address))
        except Forbidden:
            if not await self._guard.trusts(digest, address):
                raise

    async def _remember(self, place: _Place, identity: Identity | None) -> _Remembered:
        digest, address = place
        if identity is None:
            await self._guard.wrong(Digester.print_of(digest), lockout.address_subject(address))
        else:
            self._guard.trust(digest, address)
        remembered = (identity, self._clock.monotonic() + VERIFIED_FOR)
        self._verified.pop(place, None)
        self._verified[place] = remembered
        _bound(self._verified)
        return remembered

    async def _fits(self, password: str, stored: str | None) -> bool:
        try:
            async with asyncio.timeout(_PASSWORD_WAIT):
                await self._passwords.acquire()
        except TimeoutError:
            raise Unavailable("Too many logins at once", code="busy") from None
        try:
            return await asyncio.to_thread(proofs.password_fits, password, stored)
        finally:
            self._passwords.release()


def _bound(remembered: dict[_Place, _Remembered] | dict[str, tuple[str, float]]) -> None:
    while len(remembered) > REMEMBERED:
        remembered.pop(next(iter(remembered)))  # type: ignore[call-overload]
