"""Parts are shared evenly among the controllers that live, and nobody acts for one whose lease may be another's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

import pytest

from services.load_controller import holdings
from services.load_controller.holdings import HOUSE, PARTS, SHARDS, STALE_AFTER, TTL, Holdings, Seen, part_of, shard_of
from shared.settings import Settings
from shared.store import Store
from tests.support.clock import START, ManualClock
from tests.support.database import open_store

SEEN_BY_NOBODY = {f"loads/{number}" for number in range(SHARDS)} | {HOUSE}


def test_a_load_belongs_to_one_shard() -> None:
    assert (shard_of(17), part_of(17), part_of(16)) == (1, "loads/1", "loads/0")


def test_one_alone_takes_everything() -> None:
    assert set(Seen().wanted(set())) == SEEN_BY_NOBODY


def test_of_two_each_takes_half() -> None:
    beside = Seen(others={}, shards={"two": 0})
    assert len([part for part in beside.wanted(set()) if part != HOUSE]) == SHARDS // 2
    full = {f"loads/{number}" for number in range(8)}
    assert [part for part in beside.wanted(full) if part != HOUSE] == []


def test_what_another_holds_is_not_taken() -> None:
    seen = Seen(others={part: START for part in PARTS if part != "loads/3"}, shards={"two": 15})
    assert seen.wanted(set()) == ["loads/3"]


@pytest.mark.parametrize(("mine", "others", "gives"), [(16, 0, True), (9, 7, True), (8, 8, False), (9, 8, False)])
def test_who_has_more_than_its_share_gives_one_up(mine: int, others: int, gives: bool) -> None:
    held = {f"loads/{number}" for number in range(mine)} | {HOUSE}
    surplus = Seen(shards={"two": others}).surplus(held)
    assert (surplus in held - {HOUSE}) if gives else surplus is None


class Watcher:
    """What was told."""

    def __init__(self) -> None:
        self.gained: set[str] = set()
        self.lost: set[str] = set()
        self.others: Mapping[str, datetime] = {}

    async def come(self, parts: set[str]) -> None:
        self.gained |= parts

    async def go(self, parts: set[str]) -> None:
        self.lost |= parts

    async def heard(self, others: Mapping[str, datetime]) -> None:
        self.others = others


@asynccontextmanager
async def holding(store: Store, clock: ManualClock, owner: str) -> AsyncIterator[tuple[Holdings, Watcher]]:
    held, watcher = Holdings(store, clock, owner), Watcher()
    held.when(watcher.come, watcher.go, watcher.heard)
    await held.begin()
    yield held, watcher


async def turns(held: Holdings, clock: ManualClock, count: int) -> None:
    """Some renewals, at their pace."""
    for _ in range(count):
        await clock.advance(holdings.RENEW_EVERY)
        await held.turn()


@pytest.fixture
async def store(database_settings: Settings) -> AsyncIterator[Store]:
    opened = await open_store(database_settings)
    yield opened
    await opened.close()


@pytest.mark.database("sqlite")
async def test_on_sqlite_everything_is_held_at_once(store: Store) -> None:
    async with holding(store, ManualClock(), "one") as (held, watcher):
        assert (held.held, watcher.gained) == (SEEN_BY_NOBODY, SEEN_BY_NOBODY)


@pytest.mark.database("postgresql")
async def test_two_end_up_with_half_each_and_one_house(store: Store) -> None:
    clock = ManualClock()
    async with holding(store, clock, "one") as (first, _), holding(store, clock, "two") as (second, _):
        for _ in range(SHARDS):
            await turns(first, clock, 1)
            await second.turn()
        assert first.held | second.held == SEEN_BY_NOBODY
        assert first.held & second.held == frozenset()
        assert len(first.held - {HOUSE}) == len(second.held - {HOUSE}) == SHARDS // 2


@pytest.mark.database("postgresql")
async def test_a_dead_ones_parts_are_free_when_its_leases_have_run_out(store: Store) -> None:
    clock = ManualClock()
    async with holding(store, clock, "dead"), holding(store, clock, "two") as (second, watcher):
        assert second.held == frozenset()
        assert watcher.others.keys() == SEEN_BY_NOBODY
        await turns(second, clock, 3)
        assert second.held == frozenset()
        await turns(second, clock, 2)
        assert second.held == SEEN_BY_NOBODY


@pytest.mark.database("postgresql")
async def test_who_could_not_renew_acts_no_more(store: Store) -> None:
    clock = ManualClock()
    async with holding(store, clock, "one") as (held, watcher):
        assert held.holds(HOUSE)
        await clock.advance(STALE_AFTER + 0.1)
        assert not held.holds(HOUSE)
        await clock.advance(TTL)
        async with holding(store, clock, "two") as (second, _):
            assert second.held == SEEN_BY_NOBODY
            await held.turn()
            assert watcher.lost == SEEN_BY_NOBODY


@pytest.mark.database("postgresql")
async def test_a_stop_in_order_leaves_all_to_others_at_once(store: Store) -> None:
    clock, stopping = ManualClock(), asyncio.Event()
    async with holding(store, clock, "one") as (held, watcher), holding(store, clock, "two") as (second, _):
        stopping.set()
        await held.run(stopping)
        assert watcher.lost == SEEN_BY_NOBODY
        await second.turn()
        assert second.held == SEEN_BY_NOBODY
