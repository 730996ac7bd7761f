"""No secret in logs, answers or metrics, whatever is asked."""

from __future__ import annotations

import logging

import pytest
from prometheus_client import generate_latest

from tests.support.gateway import ADMIN_KEY, ADMIN_PASSWORD, RunningGateway, served

WRONG = "a-wrong-key-that-is-a-secret-too"


async def test_keys_and_passwords_appear_in_no_log_metric_or_error(
    gateway: RunningGateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    texts = []
    client = gateway.client_from("192.0.2.77")
    for key in (ADMIN_KEY, WRONG, *(f"{WRONG}-{number}" for number in range(15))):
        for request in (
            {"params": {"apikey": key}},
            {"headers": {"X-Api-Key": key}},
            {"headers": {"Authorization": f"Bearer {key}"}},
        ):
            texts.append((await client.get("/api/job", **request)).text)  # type: ignore[arg-type]
            texts.append((await client.get(f"/api/{key}", **request)).text)  # type: ignore[arg-type]
    gateway.owner.answers = {}
    texts.append((await client.post("/api/job", params={"apikey": ADMIN_KEY}, json={"command": "start"})).text)
    await client.post("/api/login", json={"user": "admin", "pass": ADMIN_PASSWORD})
    await client.post("/api/login", json={"user": "admin", "pass": WRONG})
    async with served(gateway) as (host, port):
        import httpx

        async with httpx.AsyncClient() as outside:
            texts.append((await outside.get(f"http://{host}:{port}/api/job?apikey={ADMIN_KEY}")).text)
    everything = caplog.text + generate_latest().decode() + "".join(texts) + repr(gateway.settings)
    assert "no answer" in caplog.text
    for secret in (ADMIN_KEY, ADMIN_PASSWORD, WRONG):
        assert secret not in everything
