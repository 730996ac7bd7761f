"""Application keys over HTTP: statuses, bodies and addresses as recorded, and the page for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.settings import GatewaySettings
from tests.support.database import Database
from tests.support.gateway import ADMIN_KEY, ADMIN_PASSWORD, OPERATOR_KEY, VIEWER_KEY, RunningGateway, running_gateway

APP = {"app": "sample-app"}
MOUNTS = ("", "/octoprint", "/octoprint/virtual")


@pytest.fixture
async def app(gateway: RunningGateway) -> httpx.AsyncClient:
    """An application that has no key yet."""
    return gateway.client_from("192.0.2.50")


async def asked(app: httpx.AsyncClient, **more: Any) -> tuple[str, str]:
    """The path to poll, and the token that decides."""
    answer = await app.post("/plugin/appkeys/request", json=APP | more)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"]), str(answer.json()["app_token"])


async def user_token(gateway: RunningGateway) -> str:
    (token,) = (await gateway.client.get("/api/plugin/appkeys")).json()["pending"]
    return str(token)


async def decide(gateway: RunningGateway, decision: Any, key: str = ADMIN_KEY) -> int:
    path = f"/plugin/appkeys/decision/{await user_token(gateway)}"
    answer = await gateway.client.post(path, json={"decision": decision}, headers={"X-Api-Key": key})
    return answer.status_code


async def test_the_probe_is_an_empty_204_without_a_key(app: httpx.AsyncClient) -> None:
    answer = await app.get("/plugin/appkeys/probe")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (204, b"", "text/plain")


@pytest.mark.parametrize("mount", MOUNTS)
async def test_the_whole_way_to_a_key_at_every_address(
    gateway: RunningGateway, app: httpx.AsyncClient, mount: str
) -> None:
    answer = await app.post(f"{mount}/plugin/appkeys/request", json=APP)
    token = answer.json()["app_token"]
    assert answer.status_code == 201
    assert answer.headers["location"] == f"http://host:8080{mount}/plugin/appkeys/request/{token}"
    assert answer.json() == {"app_token": token, "auth_dialog": f"http://host:8080{mount}/plugin/appkeys/auth/{token}"}
    waiting = await app.get(answer.headers["location"])
    assert (waiting.status_code, waiting.json()) == (202, {"message": "Awaiting decision"})
    listed = (await gateway.client.get(f"{mount}/api/plugin/appkeys")).json()
    (pending,) = listed["pending"].values()
    assert listed["keys"] == []
    assert pending == {
        "app_id": "sample-app", "remote_address": "192.0.2.50", "user_id": None, "user_token": pending["user_token"],
    }  # fmt: skip
    assert token != pending["user_token"]
    path = f"{mount}/plugin/appkeys/decision/{pending['user_token']}"
    decision = await gateway.client.post(path, json={"decision": True})
    assert (decision.status_code, decision.content) == (204, b"")
    granted = await app.get(answer.headers["location"])
    assert (granted.status_code, set(granted.json())) == (200, {"api_key"})
    assert granted.headers["cache-control"] == "no-store"
    key = granted.json()["api_key"]
    for path in ("/api/job", f"{mount}/api/settings"):
        assert (await app.get(path, headers={"X-Api-Key": key})).status_code == 200
    assert (await app.get(answer.headers["location"])).status_code == 404
    listed = (await gateway.client.get("/api/plugin/appkeys")).json()
    assert listed == {"keys": [{"app_id": "sample-app", "user_id": "admin"}], "pending": {}}


@pytest.mark.parametrize("denied", [False, "no", 0, None, "nope"])
async def test_a_denied_request_is_a_404(gateway: RunningGateway, app: httpx.AsyncClient, denied: Any) -> None:
    place, _ = await asked(app)
    assert await decide(gateway, denied) == 204
    assert (await app.get(place)).status_code == 404


@pytest.mark.parametrize("granted", ["true", "yes", 1, "1"])
async def test_a_decision_may_be_any_word_for_yes(
    gateway: RunningGateway, app: httpx.AsyncClient, granted: Any
) -> None:
    place, _ = await asked(app)
    assert await decide(gateway, granted) == 204
    assert (await app.get(place)).status_code == 200


async def test_a_request_that_is_not_polled_is_dropped(gateway: RunningGateway, app: httpx.AsyncClient) -> None:
    place, _ = await asked(app)
    await gateway.clock.advance(5.5)
    assert (await app.get(place)).status_code == 404
    assert (await app.get("/plugin/appkeys/request/unknown")).status_code == 404


async def test_the_fourth_request_in_a_minute_is_a_429(gateway: RunningGateway, app: httpx.AsyncClient) -> None:
    for _ in range(3):
        await asked(app)
    answer = await app.post("/plugin/appkeys/request", json=APP)
    assert answer.status_code == 429
    assert set(answer.json()) == {"error"}
    assert 0 < int(answer.headers["retry-after"]) <= 61
    assert (await gateway.client_from("192.0.2.51").post("/plugin/appkeys/request", json=APP)).status_code == 201


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"json": {}}, 400),
        ({"json": []}, 400),
        ({"json": {"app": ""}}, 400),
        ({"json": {"app": 5}}, 400),
        ({"json": {"app": "a\nb"}}, 400),
        ({"json": {"app": "a", "user": ["b"]}}, 400),
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400),
        ({"data": {"app": "a"}}, 415),
    ],
)
async def test_a_broken_request_is_refused_and_does_not_count(
    app: httpx.AsyncClient, request_: dict[str, Any], status: int
) -> None:
    for _ in range(4):
        answer = await app.post("/plugin/appkeys/request", **request_)
        assert (answer.status_code, set(answer.json())) == (status, {"error"})
    await asked(app)


async def test_a_decision_needs_somebody_who_may(gateway: RunningGateway, app: httpx.AsyncClient) -> None:
    place, _ = await asked(app, user="admin")
    path = f"/plugin/appkeys/decision/{await user_token(gateway)}"
    assert (await app.post(path, json={"decision": True})).status_code == 403
    for key in (VIEWER_KEY, OPERATOR_KEY):
        answer = await app.post(path, json={"decision": True}, headers={"X-Api-Key": key})
        assert answer.status_code == 403
    assert (await gateway.client.post(path, json={})).status_code == 400
    assert (await gateway.client.post(path, content=b"decision=true")).status_code == 415
    assert (await gateway.client.post("/plugin/appkeys/decision/unknown", json={"decision": True})).status_code == 404
    assert (await app.get(place)).status_code == 202


async def test_the_named_user_decides_for_himself(gateway: RunningGateway, app: httpx.AsyncClient) -> None:
    place, token = await asked(app, user="olga")
    answer = await gateway.client_from("192.0.2.9", VIEWER_KEY).get("/api/plugin/appkeys")
    assert answer.json() == {"keys": [], "pending": {}}
    assert await decide(gateway, True, OPERATOR_KEY) == 204
    key = (await app.get(place)).json()["api_key"]
    record = (await app.post("/api/login", json={"passive": True}, headers={"X-Api-Key": key})).json()
    assert (record["name"], record["admin"]) == ("olga", False)
    assert token not in record.values()


async def test_the_dialogs_address_carries_the_named_user(app: httpx.AsyncClient) -> None:
    answer = await app.post("/plugin/appkeys/request", json=APP | {"user": "o l&ga"})
    assert answer.json()["auth_dialog"].endswith("?user=o%20l%26ga")


@pytest.mark.parametrize("named", ["app", "key"])
async def test_a_revoked_key_is_refused_at_once(gateway: RunningGateway, named: str) -> None:
    made = await gateway.client.post(
        "/api/plugin/appkeys", json={"command": "generate", "app": "Panel", "user": "olga"}
    )
    key = made.json()["api_key"]
    panel = gateway.client_from("192.0.2.9", key)
    assert (await panel.get("/api/job")).status_code == 200
    body = {"key": key} if named == "key" else {"app": "Panel", "user": "olga"}
    assert (await gateway.client.post("/api/plugin/appkeys", json={"command": "revoke", **body})).status_code == 204
    assert (await panel.get("/api/job")).status_code == 403


async def test_keys_are_generated_found_and_revoked(gateway: RunningGateway) -> None:
    client = gateway.client
    made = await client.post("/api/plugin/appkeys", json={"command": "generate", "app": "My App"})
    assert (made.status_code, set(made.json())) == (200, {"user_id", "app_id", "api_key"})
    assert (made.json()["user_id"], made.json()["app_id"]) == ("admin", "My App")
    found = await client.get("/api/plugin/appkeys", params={"app": "my app"})
    assert found.json() == {"key": {"app_id": "My App", "user_id": "admin"}}
    assert (await client.get("/api/plugin/appkeys", params={"app": "my app", "user": "olga"})).status_code == 404
    other = await client.post("/api/plugin/appkeys", json={"command": "generate", "app": "My App", "user": "olga"})
    assert other.json()["user_id"] == "olga"
    everybodys = (await client.get("/api/plugin/appkeys", params={"all": "true"})).json()["keys"]
    assert [key["user_id"] for key in everybodys] == ["admin", "olga"]
    olga = gateway.client_from("192.0.2.9", OPERATOR_KEY)
    assert len((await olga.get("/api/plugin/appkeys", params={"all": "true"})).json()["keys"]) == 1
    assert (await olga.get("/api/plugin/appkeys", params={"app": "My App", "user": "admin"})).status_code == 403
    revoked = await client.post("/api/plugin/appkeys", json={"command": "revoke", "app": "MY APP"})
    assert (revoked.status_code, revoked.content) == (204, b"")
    by_key = {"command": "revoke", "key": other.json()["api_key"]}
    assert (await olga.post("/api/plugin/appkeys", json=by_key)).status_code == 204
    assert (await client.get("/api/plugin/appkeys", params={"all": "true"})).json()["keys"] == []


@pytest.mark.parametrize(
    "body", [{"command": "nope"}, {"command": "generate"}, {"command": "revoke"}, {"command": "revoke", "app": "none"}]
)
async def test_a_command_that_names_nothing_is_a_400(gateway: RunningGateway, body: dict[str, str]) -> None:
    assert (await gateway.client.post("/api/plugin/appkeys", json=body)).status_code == 400


async def test_with_always_an_application_has_its_key_at_the_first_poll(tmp_path: Path, database: Database) -> None:
    limits = GatewaySettings(appkey_approval="always")
    async with running_gateway(tmp_path, database=database, limits=limits) as gateway:
        app = gateway.client_from("192.0.2.50")
        for user, name in ((None, "admin"), ("victor", "victor"), ("unknown", "admin")):
            place, _ = await asked(app, user=user)
            key = (await app.get(place)).json()["api_key"]
            assert (await app.get("/api/currentuser", headers={"X-Api-Key": key})).json()["name"] == name


class Page:
    """What a person does with the dialog."""

    def __init__(self, gateway: RunningGateway) -> None:
        self.browser = gateway.client_from("192.0.2.60")

    async def answer(self, token: str, decision: str = "allow", **fields: str) -> httpx.Response:
        return await self.browser.post(f"/plugin/appkeys/auth/{token}", data={"decision": decision, **fields})


@pytest.fixture
def page(gateway: RunningGateway) -> Page:
    return Page(gateway)


async def test_the_page_lets_an_application_in_without_leaving_a_session(app: httpx.AsyncClient, page: Page) -> None:
    place, token = await asked(app)
    shown = await page.browser.get(f"/plugin/appkeys/auth/{token}")
    assert (shown.status_code, shown.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "sample-app" in shown.text
    answer = await page.answer(token, user="admin", **{"pass": ADMIN_PASSWORD})
    assert (answer.status_code, "gets its key" in answer.text) == (200, True)
    assert "set-cookie" not in answer.headers
    assert (await app.get(place)).status_code == 200
    assert (await page.browser.get(f"/plugin/appkeys/auth/{token}")).status_code == 404


async def test_a_key_will_do_on_the_page_and_denying_is_possible(app: httpx.AsyncClient, page: Page) -> None:
    place, token = await asked(app)
    answer = await page.answer(token, "deny", apikey=OPERATOR_KEY)
    assert (answer.status_code, "gets no key" in answer.text) == (200, True)
    assert (await app.get(place)).status_code == 404


@pytest.mark.parametrize(
    "fields", [{}, {"user": "admin"}, {"user": "admin", "pass": "wrong"}, {"apikey": "wrong"}, {"apikey": VIEWER_KEY}]
)
async def test_the_page_asks_again_after_a_wrong_answer(
    app: httpx.AsyncClient, page: Page, fields: dict[str, str]
) -> None:
    place, token = await asked(app)
    answer = await page.answer(token, **fields)
    assert answer.status_code == 403
    assert 'role="alert"' in answer.text
    assert "wrong" not in answer.text.replace('class="wrong"', "").replace(".wrong{", "")
    assert (await app.get(place)).status_code == 202


async def test_guessing_on_the_page_is_locked_out(app: httpx.AsyncClient, page: Page) -> None:
    _, token = await asked(app)
    for number in range(10):
        await page.answer(token, user="admin", **{"pass": f"wrong {number}"})
    answer = await page.answer(token, user="admin", **{"pass": ADMIN_PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1


async def test_nothing_on_the_page_is_run_or_loaded_or_framed(app: httpx.AsyncClient, page: Page) -> None:
    evil = "<script>alert(1)</script>"
    answer = await app.post("/plugin/appkeys/request", json={"app": evil, "user": '"><img src=x>'})
    shown = await page.browser.get(answer.json()["auth_dialog"])
    assert "<script" not in shown.text
    assert "<img" not in shown.text
    assert "&lt;script&gt;" in shown.text
    policy = shown.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert (shown.headers["x-frame-options"], shown.headers["cache-control"]) == ("DENY", "no-store")


async def test_an_unknown_token_has_a_page_that_says_so(page: Page) -> None:
    for answer in (await page.browser.get("/plugin/appkeys/auth/x"), await page.answer("x", apikey=ADMIN_KEY)):
        assert answer.status_code == 404
        assert "has ended" in answer.text
