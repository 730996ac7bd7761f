"""/api/login, /api/logout and /api/currentuser."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.gateway import ADMIN_PASSWORD, VIEWER_KEY, RunningGateway

MEMBERS = {
    "_credentials_seen", "_is_external_client", "_login_mechanism", "active", "admin", "apikey", "groups", "name",
    "needs", "permissions", "roles", "session", "settings", "user",
}  # fmt: skip
COOKIE = "jobwire_session"


@pytest.mark.parametrize(
    "request_", [{"json": {"passive": True}}, {"data": {"passive": "True"}}, {"params": {"passive": "true"}}]
)
async def test_a_passive_login_says_whose_key_it_is(gateway: RunningGateway, request_: dict[str, Any]) -> None:
    answer = await gateway.client.post("/api/login", **request_)
    record = answer.json()
    assert answer.status_code == 200
    assert set(record) == MEMBERS
    assert (record["name"], record["admin"], record["groups"]) == ("admin", True, ["admins", "users"])
    assert (record["_login_mechanism"], record["roles"], record["apikey"]) == ("apikey", ["user", "admin"], None)
    assert len(record["session"]) == 64
    assert "set-cookie" not in answer.headers
    again = (await gateway.client.post("/api/login", **request_)).json()
    assert again["session"] == record["session"]


async def test_a_passive_login_without_a_key_is_forbidden(gateway: RunningGateway) -> None:
    answer = await gateway.client_from("192.0.2.1").post("/api/login", json={"passive": True})
    assert answer.status_code == 403


async def test_a_key_may_come_in_the_form(gateway: RunningGateway) -> None:
    client = gateway.client_from("192.0.2.1")
    answer = await client.post("/api/login", data={"passive": "true", "apikey": VIEWER_KEY})
    assert answer.json()["name"] == "victor"
    assert answer.json()["groups"] == ["readonly"]


@pytest.mark.parametrize("how", ["json", "data"])
async def test_a_password_opens_a_session_that_ends_with_a_logout(gateway: RunningGateway, how: str) -> None:
    client = gateway.client_from("192.0.2.1")
    body = {"user": "admin", "pass": ADMIN_PASSWORD, "remember": "true"}
    answer = await client.post("/api/login", **{how: body})
    assert (answer.status_code, answer.json()["name"]) == (200, "admin")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert (await client.get("/api/job")).status_code == 200
    assert (await client.get("/api/currentuser")).json()["name"] == "admin"
    assert (await client.post("/api/login", json={"passive": True})).json()["session"] == client.cookies[COOKIE]
    token = client.cookies[COOKIE]
    assert (await client.post("/api/logout")).status_code == 204
    stolen = await gateway.client_from("192.0.2.1").get("/api/job", headers={"Cookie": f"{COOKIE}={token}"})
    assert stolen.status_code == 403


async def test_a_cookie_is_not_taken_from_another_sites_page(gateway: RunningGateway) -> None:
    client = gateway.client_from("192.0.2.1")
    await client.post("/api/login", json={"user": "admin", "pass": ADMIN_PASSWORD})
    for foreign in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        answer = await client.post("/api/job", json={"command": "start"}, headers=foreign)
        assert answer.status_code == 403
    answer = await client.post("/api/job", json={"command": "start"}, headers={"Origin": "http://host:8080"})
    assert answer.status_code == 204


@pytest.mark.parametrize("body", [{"user": "admin", "pass": "wrong"}, {"user": "nobody", "pass": ADMIN_PASSWORD}])
async def test_a_wrong_login_is_forbidden_without_a_hint(gateway: RunningGateway, body: dict[str, str]) -> None:
    answer = await gateway.client_from("192.0.2.1").post("/api/login", json=body)
    assert answer.status_code == 403
    assert "password" not in answer.text


@pytest.mark.parametrize("body", [{}, {"user": "admin"}, {"user": 1, "pass": 2}, [1], {"passive": False}])
async def test_a_login_with_neither_form_is_a_400(gateway: RunningGateway, body: Any) -> None:
    assert (await gateway.client.post("/api/login", json=body)).status_code == 400


async def test_ten_wrong_logins_are_answered_with_429_and_a_time(gateway: RunningGateway) -> None:
    client = gateway.client_from("192.0.2.9")
    for number in range(10):
        answer = await client.post("/api/login", json={"user": "admin", "pass": f"wrong {number}"})
        assert answer.status_code == 403
    answer = await client.post("/api/login", json={"user": "admin", "pass": ADMIN_PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    elsewhere = await gateway.client_from("192.0.2.10").post(
        "/api/login", json={"user": "admin", "pass": ADMIN_PASSWORD}
    )
    assert elsewhere.status_code == 200
    await gateway.clock.advance(2)
    answer = await client.post("/api/login", json={"user": "admin", "pass": ADMIN_PASSWORD})
    assert answer.status_code == 200
