"""Who may do what, in the words that clients look for."""

from __future__ import annotations

import pytest

from tests.contract.wiser.conftest import Opened
from tests.support.gateway import ADMIN_KEY, OPERATOR_KEY, VIEWER_KEY, RunningGateway
from tests.support.house import ScriptedHouse

LOCKED = {"status": "error", "message": "api is locked"}
UNKNOWN = {"status": "error", "message": "unauthorized user"}
GUARDED = (
    "/api/loads", "/api/loads/1", "/api/jobs", "/api/jobs/1/run", "/api/smartbuttons", "/api/timers", "/api/rooms",
    "/api/system/flags", "/api/system/health", "/api/devices/*", "/api/scripts", "/api/account",
    "/api/hvacgroups/state",
)  # fmt: skip


@pytest.mark.parametrize("path", GUARDED)
async def test_without_a_token_the_api_is_locked_and_a_wrong_one_is_nobodys(gateway: RunningGateway, path: str) -> None:
    client = gateway.client_from("192.0.2.9")
    answer = await client.get(path)
    assert (answer.status_code, answer.json()) == (200, LOCKED)
    answer = await client.get(path, headers={"Authorization": "Bearer 2ba53d41-7a3c-4d84-9d44-d6f5ef5ce8a0"})
    assert (answer.status_code, answer.json()) == (200, UNKNOWN)


@pytest.mark.parametrize("path", ["/api/info", "/api/info/debug", "/api/site", "/wiser/api/info"])
async def test_some_reads_need_no_token(gateway: RunningGateway, path: str) -> None:
    answer = await gateway.client_from("192.0.2.9").get(path)
    assert answer.json()["status"] == "success"


@pytest.mark.parametrize("scheme", ["Bearer", "Bearer:", "bearer", "BEARER:", "Bearer  "])
@pytest.mark.parametrize("key", [ADMIN_KEY, OPERATOR_KEY, VIEWER_KEY])
async def test_every_accounts_key_is_a_token_however_the_scheme_is_written(
    gateway: RunningGateway, scheme: str, key: str
) -> None:
    answer = await gateway.client.get("/api/loads", headers={"Authorization": f"{scheme} {key}"})
    assert answer.json()["status"] == "success"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/jobs/20/run", None),
        ("GET", "/api/loads/1/ctrl/click/on", None),
        ("PUT", "/api/loads/1/target_state", {"bri": 0}),
        ("POST", "/api/jobs", {}),
        ("PATCH", "/api/system/flags/1", {"value": True}),
        ("POST", "/api/timers", {}),
        ("POST", "/api/scripts/a.py", {}),
        ("GET", "/api/scripts/a.py/start", None),
        ("POST", "/api/site", {}),
        ("DELETE", "/api/jobs/loads", {"loads": [1]}),
    ],
)
async def test_a_viewer_may_look_and_not_act(house: ScriptedHouse, method: str, path: str, body: object) -> None:
    headers = {"Authorization": f"Bearer {VIEWER_KEY}"}
    answer = await house.running.client.request(method, path, json=body, headers=headers)
    assert answer.json() == {"status": "error", "message": "The role viewer may not do this"}
    assert house.wanted() == []


async def test_head_looks_and_does_not_run(house: ScriptedHouse) -> None:
    answer = await house.running.client.head("/api/jobs/20/run")
    assert answer.status_code == 405
    assert house.wanted() == []


async def test_guessing_tokens_locks_the_address_out(gateway: RunningGateway) -> None:
    client = gateway.client_from("192.0.2.10")
    for number in range(12):
        answer = await client.get("/api/loads", headers={"Authorization": f"Bearer wrong-{number}"})
    assert "Too many wrong keys" in answer.json()["message"]
    assert int(answer.headers["retry-after"]) >= 1


async def test_an_unlocked_api_asks_nobody_but_pages_of_other_sites(open_house: Opened) -> None:
    async with open_house(unlocked=True) as house:
        client = house.running.client_from("192.0.2.9")
        assert (await client.get("/api/loads")).json()["status"] == "success"
        assert (await client.put("/api/loads/1/target_state", json={"bri": 1})).json()["status"] == "success"
        assert house.wanted()[-1].caller.name == "anybody"
        for header in ({"Origin": "http://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
            answer = await client.get("/api/jobs/20/run", headers=header)
            assert answer.json() == {"status": "error", "message": "A page of another site may not use this"}
        wrong = await client.get("/api/loads", headers={"Authorization": "Bearer nonsense-nonsense"})
        assert wrong.json() == UNKNOWN


async def test_strict_statuses_say_it_in_the_status_too(open_house: Opened) -> None:
    async with open_house(strict_statuses=True) as house:
        client, guest = house.running.client, house.running.client_from("192.0.2.9")
        assert (await guest.get("/api/loads")).status_code == 401
        assert (await client.get("/api/loads/99")).status_code == 404
        assert (await client.put("/api/loads/1/target_state", content="{")).status_code == 400
        viewer = {"Authorization": f"Bearer {VIEWER_KEY}"}
        assert (await client.get("/api/jobs/20/run", headers=viewer)).status_code == 403
        await house.presence("lost")
        gone = await client.get("/api/loads")
        assert (gone.status_code, gone.headers["retry-after"]) == (503, "2")


async def test_nothing_old_is_shown_while_no_controller_runs(house: ScriptedHouse) -> None:
    await house.presence("lost")
    answer = await house.running.client.get("/api/loads")
    assert answer.json() == {"status": "error", "message": "No load controller is running"}
    await house.presence("online")
    assert (await house.running.client.get("/api/loads")).json()["status"] == "success"
