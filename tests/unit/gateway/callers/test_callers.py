"""Who is let in, for how long a revoked key works, and whom a lock touches."""

from __future__ import annotations

import asyncio

import pytest
from sqlmodel import select

from services.gateway.callers import accounts
from services.gateway.callers.callers import VERIFIED_FOR, Callers
from services.gateway.callers.guard import Guard
from services.gateway.callers.identity import Identity
from services.gateway.callers.proofs import Digester
from services.gateway.callers.roles import Permission, Role
from services.gateway.callers.tables import (
    AccountRow,
    ApiKeyRow,
    GuessesRow,
    InstallationRow,
    SessionRow,
    TrustedRow,
)
from shared.errors import Forbidden
from shared.store import Store
from tests.support.clock import ManualClock

KEY = "a-key-of-somebody-0123456789"
HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"


class Door:
    """Callers with one operator who has one key."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store, self.clock = store, clock
        self.guard = Guard(store, clock)
        self.key_id = ""
        self.callers: Callers

    async def open(self) -> Door:
        async with self.store.transaction() as tx:
            digester: Digester = await accounts.digester(tx)
            account = await accounts.find_account(tx, "olga")
            if account is None:
                account = await accounts.create_account(tx, "olga", Role.OPERATOR, now=self.clock.now())
                self.key_id = (await accounts.create_key(tx, account, KEY, "", now=self.clock.now())).id
        self.callers = Callers(self.store, self.clock, digester, self.guard)
        return self

    async def guess(self, count: int, address: str = HERE, start: int = 0) -> None:
        for number in range(start, start + count):
            with pytest.raises(Forbidden):
                await self.callers.by_key(f"wrong-{number}", address)

    async def reason(self, key: str, address: str = HERE) -> str:
        with pytest.raises(Forbidden) as refused:
            await self.callers.by_key(key, address)
        return refused.value.code


@pytest.fixture
async def door(store: Store, clock: ManualClock) -> Door:
    return await Door(store, clock).open()


async def test_a_key_brings_its_account_and_role(door: Door) -> None:
    identity: Identity = await door.callers.by_key(KEY, HERE)
    assert (identity.name, identity.role, identity.key_id) == ("olga", Role.OPERATOR, door.key_id)
    assert identity.may(Permission.PRINT)
    assert not identity.may(Permission.ACCOUNTS)


@pytest.mark.parametrize("key", [None, "", "x" * 5000])
async def test_no_key_and_an_endless_one_are_refused_and_count_as_nothing(door: Door, key: str | None) -> None:
    for _ in range(20):
        with pytest.raises(Forbidden):
            await door.callers.by_key(key, HERE)
    assert (await door.callers.by_key(KEY, HERE)).name == "olga"


async def test_a_revoked_key_stops_within_two_seconds(door: Door) -> None:
    await door.callers.by_key(KEY, HERE)
    async with door.store.transaction() as tx:
        await accounts.revoke_key(tx, door.key_id, now=door.clock.now())
    await door.clock.advance(VERIFIED_FOR)
    assert await door.reason(KEY) == "bad_key"


async def test_ten_different_wrong_keys_lock_the_address_before_anything_is_compared(door: Door) -> None:
    await door.guess(10)
    assert await door.reason("wrong-10") == "locked_out"
    assert await door.reason(KEY) == "locked_out"


async def test_guesses_that_come_at_the_same_moment_all_count(door: Door) -> None:
    await asyncio.gather(*(door.reason(f"wrong-{number}") for number in range(10)))
    assert await door.reason(KEY) == "locked_out"


async def test_the_rightful_holder_elsewhere_is_not_touched(door: Door) -> None:
    await door.guess(10)
    assert (await door.callers.by_key(KEY, ELSEWHERE)).name == "olga"


async def test_a_key_that_worked_from_here_before_works_through_the_lock(door: Door) -> None:
    await door.callers.by_key(KEY, HERE)
    await door.guess(10)
    await door.clock.advance(0.5)
    assert (await door.callers.by_key(KEY, HERE)).name == "olga"


async def test_lock_and_trust_survive_a_restart(door: Door) -> None:
    await door.callers.by_key(KEY, HERE)
    await door.guess(14)
    await door.guard.write()
    anew = await Door(door.store, door.clock).open()
    assert await anew.reason("wrong-99") == "locked_out"
    assert (await anew.callers.by_key(KEY, HERE)).name == "olga"


async def test_the_lock_ends_and_the_next_guess_locks_for_longer(door: Door) -> None:
    await door.guess(10)
    await door.clock.advance(1.01)
    await door.guess(1, start=10)
    await door.clock.advance(1.01)
    assert await door.reason(KEY) == "locked_out"
    await door.clock.advance(1.01)
    assert (await door.callers.by_key(KEY, HERE)).name == "olga"


async def test_many_requests_at_once_ask_the_database_once(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = 0
    reading = door.store.reading

    def counting() -> object:
        nonlocal reads
        reads += 1
        return reading()

    await door.callers.by_key(KEY, HERE)
    await door.clock.advance(VERIFIED_FOR)
    monkeypatch.setattr(door.store, "reading", counting)
    found = await asyncio.gather(*(door.callers.by_key(KEY, HERE) for _ in range(50)))
    assert {identity.name for identity in found} == {"olga"}
    assert reads == 1


async def test_a_client_with_an_old_key_locks_nobody_out(door: Door) -> None:
    for _ in range(50):
        assert await door.reason("an old key") == "bad_key"
        await door.clock.advance(3)
    assert (await door.callers.by_key(KEY, HERE)).name == "olga"


async def test_ten_thousand_guesses_cost_a_bounded_number_of_writes(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    await door.guess(300)
    writes = 0
    transaction = door.store.transaction

    def counting() -> object:
        nonlocal writes
        writes += 1
        return transaction()

    monkeypatch.setattr(door.store, "transaction", counting)
    await door.guess(300, start=300)
    assert writes == 0
    await door.guard.write()
    await door.guard.write()
    assert writes == 1


async def test_sessions_end_with_their_time_their_logout_and_their_key(door: Door) -> None:
    identity = await door.callers.by_key(KEY, HERE)
    token = await door.callers.open_session(identity)
    assert (await door.callers.by_token(token, HERE)).name == "olga"
    assert await door.callers.open_session(identity) == token
    async with door.store.transaction() as tx:
        await accounts.revoke_key(tx, door.key_id, now=door.clock.now())
    await door.clock.advance(VERIFIED_FOR)
    with pytest.raises(Forbidden):
        await door.callers.by_token(token, HERE)


async def test_nothing_stored_holds_a_secret(door: Door) -> None:
    await door.callers.by_key(KEY, HERE)
    await door.callers.open_session(await door.callers.by_key(KEY, HERE))
    await door.guess(3)
    with pytest.raises(Forbidden):
        await door.callers.by_password("olga", "a wrong password", HERE)
    await door.guard.write()
    written = await _all_rows(door.store)
    assert "olga" in written
    for secret in (KEY, "wrong-1", "a wrong password"):
        assert secret not in written


async def test_what_is_too_old_is_pruned(door: Door) -> None:
    await door.guess(3)
    await door.guard.write()
    await door.clock.advance(hours=25)
    await door.guard.prune()
    async with door.store.reading() as tx:
        assert list(await tx.scalars(select(GuessesRow))) == []


async def _all_rows(store: Store) -> str:
    models = (AccountRow, ApiKeyRow, GuessesRow, InstallationRow, SessionRow, TrustedRow)
    async with store.reading() as tx:
        return " ".join([repr(row) for model in models for row in await tx.scalars(select(model))])


@pytest.mark.parametrize("name", ["ol\0ga", "\0", "o" * 10_000, "\ud800"])
async def test_a_name_that_nobody_can_have_is_a_wrong_name(door: Door, name: str) -> None:
    for _ in range(3):
        with pytest.raises(Forbidden):
            await door.callers.by_password(name, "a wrong password", HERE)
    await door.guard.write()
    assert await door.callers.by_key(KEY, HERE)
