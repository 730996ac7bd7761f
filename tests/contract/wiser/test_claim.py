"""Claiming an account: a button, its three forms, one client a press, and the words that clients look for."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from sqlmodel import col

from services.gateway.callers import claim_commands
from services.gateway.callers.claimed import MOST_WAITING, ONE_PRESS
from services.gateway.callers.tables import ClaimRow
from services.gateway.claims import LIMITS
from services.gateway.gateway import Gateway
from shared.contracts import load_topics
from shared.contracts.messages import Message
from shared.errors import NotFound
from tests.contract.wiser.conftest import Opened
from tests.support.clock import eventually
from tests.support.gateway import OPERATOR_KEY, RunningGateway, served
from tests.support.house import ScriptedHouse

pytestmark = pytest.mark.database("sqlite", "postgresql")


class Claimant:
    """A client at its own address."""

    def __init__(self, gateway: RunningGateway, number: int = 1) -> None:
        self.gateway = gateway
        self.client = gateway.client_from(f"192.0.2.{number}")

    def claim(self, **body: Any) -> asyncio.Task[dict[str, Any]]:
        return asyncio.create_task(self._claim({"user": "apiuser", **body}))

    async def _claim(self, body: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = (await self.client.post("/api/account/claim", json=body)).json()
        return answer

    async def account(self, secret: str) -> dict[str, Any]:
        answer = await self.client.get("/api/account", headers={"Authorization": f"Bearer: {secret}"})
        found: dict[str, Any] = answer.json()
        return found


async def press(gateway: RunningGateway) -> None:
    await gateway.bus.send(load_topics.CLAIM_PRESS, Message())


async def waiting(gateway: RunningGateway, count: int) -> None:
    """Wait until so many claims wait."""
    async with asyncio.timeout(10):
        while True:
            async with gateway.store.reading() as tx:
                undecided = select(func.count()).select_from(ClaimRow).where(col(ClaimRow.granted_at).is_(None))
                if await tx.scalar(undecided) == count:
                    return
            await asyncio.sleep(0.005)


async def give_up(*claims: asyncio.Task[Any]) -> None:
    """These clients go away."""
    for claim in claims:
        claim.cancel()
    await asyncio.gather(*claims, return_exceptions=True)


async def command(gateway: RunningGateway, user: str | None = None) -> str:
    options = argparse.Namespace(user=user)
    return (await claim_commands.approve(options, gateway.store, gateway.clock)).done


async def test_a_claim_waits_for_the_button_and_gets_an_operators_token(gateway: RunningGateway) -> None:
    claimant = Claimant(gateway)
    claim = claimant.claim(source="installer", company="Acme", login="olga")
    await waiting(gateway, 1)
    assert not claim.done()
    await press(gateway)
    answer = await claim
    assert answer["status"] == "success"
    secret = answer["data"].pop("secret")
    assert len(secret) == 36
    assert answer["data"] == {"user": "apiuser", "source": "installer", "company": "Acme", "login": "olga"}
    assert (await claimant.account(secret))["data"] == answer["data"]
    octoprint = await claimant.client.get("/api/currentuser", headers={"X-Api-Key": secret})
    assert octoprint.json()["name"] == "wiser:apiuser"


async def test_a_client_that_calls_itself_admin_is_no_administrator(open_house: Opened) -> None:
    async with open_house(claim="auto") as house:
        claimant = Claimant(house.running)
        secret = (await claimant.claim(user="admin"))["data"]["secret"]
        assert (await claimant.account(secret))["data"] == {"user": "admin"}
        octoprint = await claimant.client.get("/api/system/commands", headers={"X-Api-Key": secret})
        assert octoprint.status_code == 403


async def test_claiming_again_ends_the_earlier_token_at_once(open_house: Opened) -> None:
    async with open_house(claim="auto") as house:
        claimant = Claimant(house.running)
        first = (await claimant.claim())["data"]["secret"]
        assert (await claimant.account(first))["status"] == "success"
        second = (await claimant.claim())["data"]["secret"]
        assert (await claimant.account(first))["message"] == "unauthorized user"
        assert (await claimant.account(second))["status"] == "success"


async def test_without_a_press_the_claim_ends(open_house: Opened) -> None:
    async with open_house(claim_within=2.0) as house:
        claim = Claimant(house.running).claim()
        await waiting(house.running, 1)
        async with asyncio.timeout(20):
            while not claim.done():
                await house.running.clock.advance(0.1)
                await asyncio.sleep(0.005)
        assert await claim == {"status": "error", "message": "no button pressed"}
        await waiting(house.running, 0)


async def test_a_source_nobody_knows_is_refused_before_anybody_waits(gateway: RunningGateway) -> None:
    answer = await Claimant(gateway).claim(source="nobody")
    assert answer["status"] == "error"
    assert "not a directory" in answer["message"]


async def test_one_press_lets_in_the_one_that_has_waited_longest(gateway: RunningGateway) -> None:
    first = Claimant(gateway, 1).claim(user="first")
    await waiting(gateway, 1)
    second = Claimant(gateway, 2).claim(user="second")
    await waiting(gateway, 2)
    await press(gateway)
    await press(gateway)  # another gateway hears the same press
    assert (await first)["data"]["user"] == "first"
    await waiting(gateway, 1)
    assert not second.done()
    await gateway.clock.advance(ONE_PRESS.total_seconds())
    await press(gateway)
    assert (await second)["data"]["user"] == "second"


async def test_a_press_while_nobody_waits_lets_nobody_in_later(gateway: RunningGateway) -> None:
    await press(gateway)
    await gateway.bus.send(load_topics.CLAIM_PRESS, Message(), retained=True)
    claim = Claimant(gateway).claim()
    await waiting(gateway, 1)
    await gateway.clock.advance(1)
    await waiting(gateway, 1)
    await give_up(claim)


async def test_the_command_line_shows_who_waits_and_lets_one_in(gateway: RunningGateway) -> None:
    claims = [Claimant(gateway, number).claim(user=f"user{number}") for number in (1, 2)]
    await waiting(gateway, 2)
    shown = await claim_commands.list_waiting(argparse.Namespace(), gateway.store, gateway.clock)
    assert {(each.user, each.address) for each in shown} == {("user1", "192.0.2.1"), ("user2", "192.0.2.2")}
    assert await command(gateway, "user2") == "'user2' at 192.0.2.2 is let in"
    await gateway.clock.advance(0.5)
    assert (await claims[1])["data"]["user"] == "user2"
    with pytest.raises(NotFound):
        await command(gateway, "user2")
    await give_up(claims[0])


async def test_a_client_that_has_gone_takes_no_press(gateway: RunningGateway) -> None:
    async with served(gateway) as (host, port), httpx.AsyncClient(base_url=f"http://{host}:{port}") as client:
        gone = asyncio.create_task(client.post("/api/account/claim", json={"user": "gone"}, timeout=30))
        await waiting(gateway, 1)
        await give_up(gone)
        await waiting(gateway, 0)
        stays = asyncio.create_task(client.post("/api/account/claim", json={"user": "stays"}, timeout=30))
        await waiting(gateway, 1)
        await press(gateway)
        assert (await stays).json()["data"]["user"] == "stays"


async def test_the_same_user_asking_again_takes_the_place_of_its_earlier_claim(gateway: RunningGateway) -> None:
    claimant = Claimant(gateway)
    first = claimant.claim()
    await waiting(gateway, 1)
    second = claimant.claim()
    await eventually(lambda: gateway.clock.sleeping >= 2)
    await gateway.clock.advance(0.5)
    assert (await first)["status"] == "error"
    await waiting(gateway, 1)
    await press(gateway)
    assert (await second)["status"] == "success"


async def test_only_so_many_wait_and_only_so_often(gateway: RunningGateway) -> None:
    claims = [Claimant(gateway, number).claim() for number in range(1, MOST_WAITING + 1)]
    await waiting(gateway, MOST_WAITING)
    one_more = await Claimant(gateway, 99).claim()
    assert one_more == {"status": "error", "message": "Too many clients wait for the button"}
    await give_up(*claims)
    often = Claimant(gateway, 77)
    answers = [await often.claim(source="nobody") for _ in range(LIMITS[0][0] + 1)]
    assert "Too many claims from here" in answers[-1]["message"]


async def test_an_account_is_noted_in_and_given_up(open_house: Opened) -> None:
    async with open_house(claim="auto") as house:
        claimant = Claimant(house.running)
        secret = (await claimant.claim())["data"]["secret"]
        claimant.client.headers["Authorization"] = f"Bearer {secret}"
        noted = (await claimant.client.patch("/api/account", json={"company": "Acme", "user": "other"})).json()
        assert noted["data"] == {"user": "apiuser", "company": "Acme"}
        ended = (await claimant.client.delete("/api/account")).json()
        assert ended["data"] == noted["data"]
        assert (await claimant.account(secret))["message"] == "unauthorized user"


async def test_accounts_that_were_made_otherwise_are_not_given_up_here(house: ScriptedHouse) -> None:
    headers = {"Authorization": f"Bearer {OPERATOR_KEY}"}
    client = house.running.client
    assert (await client.get("/api/account", headers=headers)).json()["data"] == {"user": "olga"}
    assert (await client.delete("/api/account", headers=headers)).json()["status"] == "error"
    assert (await client.get("/api/account", headers=headers)).json()["status"] == "success"


async def test_a_claim_ends_when_the_service_stops(gateway: RunningGateway) -> None:
    claim = Claimant(gateway).claim()
    await waiting(gateway, 1)
    stopping: Gateway = gateway.gateway
    stopping.stopping.set()
    assert (await claim)["message"] == "The gateway is being stopped"
