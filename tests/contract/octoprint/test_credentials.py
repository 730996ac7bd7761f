"""Where a key may stand and how its header may be spelled; what clients announce on a GET without a body."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.gateway import ADMIN_KEY, VIEWER_KEY, RunningGateway, served

READS = (
    "/api/version", "/api/server", "/api/job", "/api/printer", "/api/connection", "/api/settings",
    "/api/printerprofiles", "/api/currentuser", "/api/plugin/appkeys", "/api/system/commands", "/api/slicing",
    "/api/timelapse",
)  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "X-Api-Key: {}",
        "X-API-Key: {}",
        "x-api-key: {}",
        "X-API-KEY:{}",
        "Authorization: Bearer {}",
        "authorization: bearer {}",
        "AUTHORIZATION: BEARER  {}",
        "Authorization: Basic dXNlcjpwYXNz\r\nX-Api-Key: {}",
        "X-Api-Key: {}\r\nAuthorization: Basic dXNlcjpwYXNz",
    ],
)
async def test_every_spelling_of_the_key_works(gateway: RunningGateway, line: str) -> None:
    async with served(gateway) as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        head = f"GET /api/currentuser HTTP/1.1\r\nHost: a\r\n{line.format(VIEWER_KEY)}\r\nConnection: close\r\n"
        writer.write(head.encode() + b"\r\n")
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
    assert answer.startswith(b"HTTP/1.1 200 "), answer[:200]
    assert b'"victor"' in answer


async def test_the_query_comes_before_the_headers(gateway: RunningGateway) -> None:
    client = gateway.client_from("192.0.2.1", ADMIN_KEY)
    answer = await client.get("/api/currentuser", params={"apikey": VIEWER_KEY})
    assert answer.json()["name"] == "victor"
    both = {"X-Api-Key": VIEWER_KEY, "Authorization": f"Bearer {ADMIN_KEY}"}
    assert (await client.get("/api/currentuser", headers=both)).json()["name"] == "victor"


@pytest.mark.parametrize("media_type", ["application/json", "application/json; charset=utf-8", "", "text/plain", "/"])
async def test_what_a_get_says_about_its_missing_body_does_not_matter(gateway: RunningGateway, media_type: str) -> None:
    for path in READS:
        answer = await gateway.client.get(path, headers={"Content-Type": media_type})
        assert answer.status_code == 200, path
    place = (await gateway.client.post("/plugin/appkeys/request", json={"app": "Cura"})).headers["location"]
    assert (await gateway.client.get(place, headers={"Content-Type": media_type})).status_code == 202


@pytest.mark.parametrize("mount", ["", "/octoprint", "/octoprint/virtual"])
async def test_everything_read_is_the_same_at_every_address(gateway: RunningGateway, mount: str) -> None:
    for path in READS:
        assert (await gateway.client.get(f"{mount}{path}")).status_code == 200, path


async def test_a_logout_needs_post_as_at_octoprint(gateway: RunningGateway) -> None:
    answer = await gateway.client.get("/api/logout")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, OPTIONS")
