"""/api/jobs is two documented APIs': a request that is made of parameters is not Wiser's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.gateway import OPERATOR_KEY
from tests.support.house import ScriptedHouse

TOKEN = {"Authorization": f"Bearer {OPERATOR_KEY}"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=x"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "is_wisers"),
    [
        ("GET", "/api/jobs", {}, b"", True),
        ("GET", "/api/jobs/20", {}, b"", True),
        ("GET", "/api/jobs?userkey=x", {}, b"", False),
        ("GET", "/api/jobs/20?apikey=x", {}, b"", False),
        ("POST", "/api/jobs/20?action=pickup&userkey=x", {}, b"", False),
        ("GET", "/api/jobs?page=1", {}, b"", True),
        ("POST", "/api/jobs", FORM, b"userkey=x&name=y", False),
        ("POST", "/api/jobs", MULTIPART, b"--x\r\n", False),
        ("POST", "/api/jobs", FORM, b' {"scripts": []}', True),
        ("POST", "/api/jobs", {}, b"userkey=x", True),
        ("POST", "/api/jobs", {**FORM, **TOKEN}, b"userkey=x", True),
        ("GET", "/wiser/api/jobs?userkey=x", {}, b"", True),
        ("GET", "/api/loads?action=x", {}, b"", True),
    ],
)
async def test_a_requests_own_shape_says_whose_it_is(
    house: ScriptedHouse, method: str, path: str, headers: dict[str, str], body: bytes, is_wisers: bool
) -> None:
    client = house.running.client_from("192.0.2.9")
    answer = await client.request(method, path, headers=headers, content=body)
    said: dict[str, Any] = answer.json()
    assert ("status" in said, answer.status_code) == ((True, 200) if is_wisers else (False, 404))


async def test_a_body_that_was_looked_at_is_whole(house: ScriptedHouse) -> None:
    body = b'{"target_states": [' + b",".join(b'{"load": 1, "bri": %d}' % n for n in range(900)) + b"]}"
    answer = await house.running.client.post("/api/jobs", content=body, headers=FORM)
    assert len(answer.json()["data"]["target_states"]) == 900
