"""One holder at a time, and a fence that tells an old claim from a new one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from shared import leases
from shared.leases import Lease
from shared.store import Store

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


async def claim(store: Store, owner: str, now: datetime) -> Lease | None:
    async with store.transaction() as tx:
        return await leases.acquire(tx, "printer/virtual", owner, now, 10)


async def test_a_second_owner_waits_until_the_lease_has_run_out(store: Store) -> None:
    first = await claim(store, "a", at(0))
    assert first == Lease("printer/virtual", "a", 1, at(10))
    assert await claim(store, "b", at(9.9)) is None
    second = await claim(store, "b", at(10))
    assert second is not None
    assert (second.owner, second.fence) == ("b", 2)
    assert await claim(store, "a", at(11)) is None


async def test_an_owner_that_was_restarted_claims_at_once_and_its_old_claim_is_void(store: Store) -> None:
    old = await claim(store, "a", at(0))
    new = await claim(store, "a", at(1))
    assert old is not None
    assert new is not None
    assert new.fence == old.fence + 1
    async with store.transaction() as tx:
        assert await leases.renew(tx, old, at(2), 10) is None
        assert not await leases.holds(tx, old, at(2))
        assert await leases.holds(tx, new, at(2))


async def test_a_renewed_lease_lasts_longer_and_one_that_ran_out_cannot_be_renewed(store: Store) -> None:
    lease = await claim(store, "a", at(0))
    assert lease is not None
    async with store.transaction() as tx:
        renewed = await leases.renew(tx, lease, at(8), 10)
        assert renewed is not None
        assert (renewed.until, renewed.fence) == (at(18), 1)
        assert await leases.renew(tx, renewed, at(18), 10) is None
    assert await claim(store, "b", at(18)) is not None


async def test_a_released_lease_is_free_at_once_and_the_fence_goes_on(store: Store) -> None:
    lease = await claim(store, "a", at(0))
    assert lease is not None
    async with store.transaction() as tx:
        await leases.release(tx, lease, at(1))
    taken = await claim(store, "b", at(1))
    assert taken is not None
    assert taken.fence == 2
    async with store.transaction() as tx:
        await leases.release(tx, lease, at(2))  # the late release of a lost lease
    assert await claim(store, "c", at(2)) is None


async def test_of_many_that_claim_at_once_one_gets_it(store: Store) -> None:
    claims = await asyncio.gather(*(claim(store, f"owner-{number}", at(0)) for number in range(12)))
    assert sum(lease is not None for lease in claims) == 1
