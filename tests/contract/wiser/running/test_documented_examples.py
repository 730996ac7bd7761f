"""The examples of the documented job API, request by request, against a running system."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.support.stack import Stack

pytestmark = pytest.mark.system

STATES = {"target_states": [{"load": 1, "bri": 10000}, {"load": 2, "bri": 10000}]}
CONTROL = {"button_ctrl": {"event": "click", "button": "on", "loads": [1, 2]}}
CONTROLLED = {"button_ctrl": {"ctrl_input_channel": 16, "event": "click", "button": "on", "loads": [1, 2]}}
OFF = {"target_states": [{"load": 1, "bri": 0}, {"load": 2, "bri": 0}]}


@pytest.fixture
async def client(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=stack.url, headers={"Authorization": f"Bearer {stack.key}"}) as client:
        yield client


async def asked(client: httpx.AsyncClient, method: str, path: str, body: Any = None) -> Any:
    """The data of the documented answer: 200, JSON, success; and the run's id where one was begun."""
    answer = await client.request(method, path, json=body)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["data", "status"]
    assert answer.json()["status"] == "success", answer.text
    assert ("x-run-id" in answer.headers) == (path.count("/") > 3)
    return answer.json()["data"]


async def reached(client: httpx.AsyncClient, level: int) -> None:
    """Until both loads report this brightness."""
    async with asyncio.timeout(20):
        while True:
            states = {each["id"]: each["state"] for each in (await client.get("/api/loads/state")).json()["data"]}
            if states[1]["bri"] == states[2]["bri"] == level:
                return
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("mount", ["", "/wiser"])
@pytest.mark.parametrize(
    ("body", "stored", "runs", "level"),
    [
        (STATES, STATES, "run", 10000),
        (CONTROL, CONTROLLED, "ctrl", 10000),
        (STATES, STATES, "trigger", 10000),
        (CONTROL, CONTROLLED, "trigger", 10000),
        (CONTROL, CONTROLLED, "run", 0),
        (STATES, STATES, "ctrl", 0),
    ],
    ids=["run", "ctrl", "trigger states", "trigger control", "run without states", "ctrl without control"],
)
async def test_a_job_is_configured_and_run_as_documented(
    client: httpx.AsyncClient, mount: str, body: Any, stored: Any, runs: str, level: int
) -> None:
    off = await asked(client, "POST", "/api/jobs", OFF)
    await client.get(f"/api/jobs/{off['id']}/run")
    await reached(client, 0)
    job = await asked(client, "POST", f"{mount}/api/jobs", body)
    number = job["id"]
    assert job == {"id": number, **stored}
    answer = await client.get(f"{mount}/api/jobs/{number}/{runs}")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"data": job, "status": "success"}
    assert answer.headers["x-run-id"]
    await reached(client, level)
    for each in (number, off["id"]):
        assert (await asked(client, "DELETE", f"/api/jobs/{each}"))["id"] == each
    assert (await client.get(f"/api/jobs/{number}")).json() == {
        "status": "error",
        "message": f"job {number} not found",
    }
