"""Who may let an application in, that it gets its key once and from any gateway, and what bounds the waiting ones."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlmodel import select

from services.gateway.callers import accounts, app_keys, application_keys
from services.gateway.callers.app_keys import AppKeys, Wish, may_decide, wish
from services.gateway.callers.callers import Callers
from services.gateway.callers.guard import Guard
from services.gateway.callers.identity import Identity
from services.gateway.callers.roles import PERMISSIONS, Role
from services.gateway.callers.tables import AppKeyRequestRow
from shared.errors import Forbidden, Invalid, NotFound, Refused
from shared.store import Store
from tests.support.clock import ManualClock

HERE = "192.0.2.1"


def caller(name: str, role: Role, **changes: Any) -> Identity:
    return Identity(account_id=name, name=name, role=role, permissions=PERMISSIONS[role], **changes)


ADMIN, OLGA, VICTOR = caller("admin", Role.ADMIN), caller("olga", Role.OPERATOR), caller("victor", Role.VIEWER)
APPLICATION = caller("admin", Role.ADMIN, application="Cura")


class Gateways:
    """Two gateways on one database."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store, self.clock = store, clock
        self.one: Callers
        self.two: Callers

    async def open(self) -> Gateways:
        async with self.store.transaction() as tx:
            digester = await accounts.digester(tx)
            for identity in (ADMIN, OLGA, VICTOR):
                await accounts.create_account(tx, identity.name, identity.role, now=self.clock.now())
        guard = Guard(self.store, self.clock)
        self.one = Callers(self.store, self.clock, digester, guard)
        self.two = Callers(self.store, self.clock, digester, guard)
        return self

    @property
    def keys(self) -> AppKeys:
        return self.one.app_keys

    async def granted(self, wanted: Wish, decider: Identity = ADMIN) -> str:
        token = await self.keys.ask(wanted, HERE)
        (waiting,) = await self.keys.waiting(decider)
        await self.keys.decide(waiting.id, decider, grant=True)
        key = await self.keys.poll(token)
        assert key is not None
        return key


@pytest.fixture
async def gateways(store: Store, clock: ManualClock) -> Gateways:
    return await Gateways(store, clock).open()


async def test_a_decision_on_one_gateway_reaches_the_poll_on_another_once(gateways: Gateways) -> None:
    token = await gateways.one.app_keys.ask(Wish("Cura"), HERE)
    assert await gateways.two.app_keys.poll(token) is None
    (waiting,) = await gateways.two.app_keys.waiting(OLGA)
    await gateways.two.app_keys.decide(waiting.id, OLGA, grant=True)
    assert await gateways.one.app_keys.waiting(ADMIN) == []
    polls = (gateway.app_keys.poll(token) for gateway in (gateways.one, gateways.two, gateways.one))
    answers = await asyncio.gather(*polls, return_exceptions=True)
    (key,) = [answer for answer in answers if isinstance(answer, str)]
    assert sum(isinstance(answer, NotFound) for answer in answers) == 2
    identity = await gateways.two.by_key(key, HERE)
    assert (identity.name, identity.role, identity.application) == ("olga", Role.OPERATOR, "Cura")


async def test_neither_the_token_nor_the_key_is_ever_stored(gateways: Gateways) -> None:
    token = await gateways.keys.ask(Wish("Cura"), HERE)
    async with gateways.store.reading() as tx:
        (row,) = await tx.scalars(select(AppKeyRequestRow))
    assert token not in repr(row)
    (waiting,) = await gateways.keys.waiting(ADMIN)
    await gateways.keys.decide(waiting.id, ADMIN, grant=True)
    key = await gateways.keys.poll(token)
    async with gateways.store.reading() as tx:
        assert key not in repr(await accounts.list_keys(tx))


async def test_two_decisions_at_once_are_one(gateways: Gateways) -> None:
    token = await gateways.keys.ask(Wish("Cura"), HERE)
    (waiting,) = await gateways.keys.waiting(ADMIN)
    decisions = (
        gateways.one.app_keys.decide(waiting.id, ADMIN, grant=True),
        gateways.two.app_keys.decide(waiting.id, ADMIN, grant=False),
    )
    refused = [one for one in await asyncio.gather(*decisions, return_exceptions=True) if one is not None]
    assert [type(error) for error in refused] == [NotFound]
    with pytest.raises(NotFound):
        await gateways.keys.decide(waiting.id, ADMIN, grant=True)
    del token


@pytest.mark.parametrize(
    ("decider", "user", "may"),
    [
        (ADMIN, None, True),
        (ADMIN, "olga", True),
        (OLGA, None, True),
        (OLGA, "olga", True),
        (OLGA, "admin", False),
        (VICTOR, None, False),
        (VICTOR, "victor", True),
        (APPLICATION, None, False),
        (APPLICATION, "admin", False),
    ],
)
async def test_an_administrator_and_the_named_user_decide(
    gateways: Gateways, decider: Identity, user: str | None, may: bool
) -> None:
    assert may_decide(decider, user) is may
    await gateways.keys.ask(Wish("Cura", user), HERE)
    assert bool(await gateways.keys.waiting(decider)) is may
    (waiting,) = await gateways.keys.waiting(ADMIN)
    if may:
        await gateways.keys.decide(waiting.id, decider, grant=True)
    else:
        with pytest.raises(Forbidden):
            await gateways.keys.decide(waiting.id, decider, grant=True)


@pytest.mark.parametrize(
    ("decider", "user", "account"),
    [(ADMIN, "olga", "olga"), (ADMIN, "nobody", "admin"), (ADMIN, None, "admin"), (OLGA, None, "olga")],
)
async def test_the_key_is_the_named_users_else_the_deciders(
    gateways: Gateways, decider: Identity, user: str | None, account: str
) -> None:
    key = await gateways.granted(Wish("Cura", user), decider)
    assert (await gateways.one.by_key(key, HERE)).name == account


async def test_a_request_that_is_not_polled_for_five_seconds_ends(gateways: Gateways) -> None:
    token = await gateways.keys.ask(Wish("Cura"), HERE)
    for _ in range(8):
        await gateways.clock.advance(4.9)
        assert await gateways.keys.poll(token) is None
    await gateways.clock.advance(5.3)
    with pytest.raises(NotFound):
        await gateways.keys.poll(token)
    assert await gateways.keys.waiting(ADMIN) == []


async def test_a_request_ends_after_ten_minutes_even_when_it_is_polled(gateways: Gateways) -> None:
    token = await gateways.keys.ask(Wish("Cura"), HERE)
    for _ in range(149):
        await gateways.clock.advance(4)
        assert await gateways.keys.poll(token) is None
    await gateways.clock.advance(4)
    with pytest.raises(NotFound):
        await gateways.keys.poll(token)


async def test_a_decision_waits_for_an_application_that_slept(gateways: Gateways) -> None:
    token = await gateways.keys.ask(Wish("Cura"), HERE)
    (waiting,) = await gateways.keys.waiting(ADMIN)
    await gateways.keys.decide(waiting.id, ADMIN, grant=True)
    await gateways.clock.advance(300)
    assert await gateways.keys.poll(token)


async def test_waiting_applications_are_bounded_and_make_room_when_they_end(gateways: Gateways) -> None:
    for number in range(application_keys.MOST_WAITING):
        await gateways.keys.ask(Wish("Cura"), f"10.0.{number}.1")
    with pytest.raises(Refused) as refused:
        await gateways.keys.ask(Wish("Cura"), HERE)
    assert refused.value.code == "too_often"
    await gateways.clock.advance(6)
    await gateways.keys.ask(Wish("Cura"), HERE)
    async with gateways.store.reading() as tx:
        assert len((await tx.scalars(select(AppKeyRequestRow))).all()) == 1


async def test_an_application_may_not_let_others_in(gateways: Gateways) -> None:
    key = await gateways.granted(Wish("Cura"))
    application = await gateways.one.by_key(key, HERE)
    await gateways.keys.ask(Wish("Other"), HERE)
    (waiting,) = await gateways.keys.waiting(ADMIN)
    with pytest.raises(Forbidden):
        await gateways.keys.decide(waiting.id, application, grant=True)
    with pytest.raises(Forbidden):
        await gateways.keys.generate(Wish("Other"), application)
    session = await gateways.one.open_session(application)
    assert (await gateways.two.by_token(session, HERE)).application == "Cura"


async def test_a_revoked_application_stops_within_two_seconds_everywhere(gateways: Gateways) -> None:
    keys = [await gateways.granted(Wish("Cura")), await gateways.keys.generate(Wish("CURA"), ADMIN)]
    for key in keys:
        await gateways.two.by_key(key, HERE)
    await gateways.one.app_keys.revoke(Wish("cura"), ADMIN)
    await gateways.clock.advance(2)
    for key in keys:
        with pytest.raises(Forbidden):
            await gateways.two.by_key(key, HERE)
    with pytest.raises(Invalid):
        await gateways.keys.revoke(Wish("cura"), ADMIN)


async def test_a_key_names_itself_and_only_an_applications_key_ends_so(gateways: Gateways) -> None:
    key = await gateways.keys.generate(Wish("Cura", "olga"), ADMIN)
    with pytest.raises(Forbidden):
        await gateways.keys.revoke_key(key, VICTOR)
    await gateways.keys.revoke_key(key, OLGA)
    async with gateways.store.transaction() as tx:
        account = await accounts.find_account(tx, "olga")
        assert account is not None
        await accounts.create_key(tx, account, "made-by-hand-0123", "", now=gateways.clock.now())
    for other in (key, "made-by-hand-0123", "unknown-0123"):
        with pytest.raises(Invalid):
            await gateways.keys.revoke_key(other, OLGA)


async def test_only_an_administrator_makes_or_ends_the_keys_of_others(gateways: Gateways) -> None:
    with pytest.raises(Forbidden):
        await gateways.keys.generate(Wish("Cura", "admin"), OLGA)
    with pytest.raises(Forbidden):
        await gateways.keys.revoke(Wish("Cura", "admin"), OLGA)
    with pytest.raises(Invalid):
        await gateways.keys.generate(Wish("Cura", "nobody"), ADMIN)
    await gateways.keys.generate(Wish("Cura", "olga"), ADMIN)
    await gateways.keys.generate(Wish("Cura"), ADMIN)
    assert [key.account for key in await gateways.keys.keys(None)] == ["admin", "olga"]
    assert [key.account for key in await gateways.keys.keys("olga")] == ["olga"]


@pytest.mark.parametrize("name", ["", " ", None, 5, ["a"], "a\nb", "a\x1b[2J", "\u202eevil", "x" * 65])
def test_a_name_that_could_fool_a_reader_is_refused(name: object) -> None:
    with pytest.raises(Invalid):
        wish(name, None)
    if name:
        with pytest.raises(Invalid):
            wish("Cura", name)


def test_a_name_is_trimmed_and_no_user_is_anybody() -> None:
    assert wish(" Cura ", "") == Wish("Cura", None)
    assert wish("Cura", "olga") == Wish("Cura", "olga")
    assert len(wish("x" * app_keys.LONGEST_NAME, None).application) == 64


async def test_the_public_id_of_an_installation_stays_and_tells_nothing(gateways: Gateways) -> None:
    assert gateways.one.public_id("a") == gateways.two.public_id("a")
    assert len({gateways.one.public_id(name) for name in ("a", "b", "")}) == 3
