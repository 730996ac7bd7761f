"""Thousands of guesses: the guesser is locked out, over a restart as well, and the rightful holder is not.

`JOBWIRE_TEST_GUESSES=10000` makes as many as an attacker would; a few hundred show the same.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from tests.support.stack import KEY, Stack

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(sys.platform != "linux", reason="the whole of 127.0.0.0/8 is this machine on Linux alone"),
]

GUESSES = int(os.environ.get("JOBWIRE_TEST_GUESSES", "600"))
PASSWORD = "rightful-password"
GUESSER, HOLDER, ELSEWHERE = "127.0.0.2", "127.0.0.1", "127.0.0.3"
MANY = [f"127.0.1.{number}" for number in range(1, 51)]
NOTICEABLE = 0.25  # seconds
AT_ONCE = 8
LONG = 60  # seconds


def client_at(stack: Stack, address: str) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(local_address=address, verify=False)
    return httpx.AsyncClient(transport=transport, base_url=stack.url, timeout=30.0)


async def tried(stack: Stack, address: str, guesses: Sequence[dict[str, object]]) -> Counter[int]:
    """How often which status was the answer; AT_ONCE requests at a time from one address."""
    seen: Counter[int] = Counter()
    waiting = list(reversed(guesses))

    async def guesser(client: httpx.AsyncClient) -> None:
        while waiting:
            answer = await client.request(**waiting.pop())  # type: ignore[arg-type]
            seen[answer.status_code] += 1

    async with client_at(stack, address) as client, asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(guesser(client))
    return seen


def keys(count: int, mark: str) -> list[dict[str, object]]:
    return [
        {"method": "GET", "url": "/api/job", "headers": {"X-Api-Key": f"guess-{mark}-{number}"}}
        for number in range(count)
    ]


def passwords(count: int, mark: str) -> list[dict[str, object]]:
    return [
        {"method": "POST", "url": "/api/login", "json": {"user": "admin", "pass": f"guess-{mark}-{number}"}}
        for number in range(count)
    ]


async def locked(stack: Stack, address: str) -> None:
    """Guess on in bursts until the address is locked for longer than the rest of the test takes."""
    async with asyncio.timeout(60):
        for burst in range(1000):
            await tried(stack, address, keys(3 * AT_ONCE, f"{address}-{burst}"))
            refused = await read_job(stack, address, f"last-{burst}")
            if refused.status_code == 429 and int(refused.headers["retry-after"]) > LONG:
                return
            await asyncio.sleep(0.2)


async def read_job(stack: Stack, address: str, key: str = KEY) -> httpx.Response:
    async with client_at(stack, address) as client:
        return await client.get("/api/job", headers={"X-Api-Key": key})


async def log_in(stack: Stack, address: str) -> httpx.Response:
    async with client_at(stack, address) as client:
        return await client.post("/api/login", json={"user": "admin", "pass": PASSWORD})


async def test_guesses_from_one_address_and_from_fifty_lock_the_guessers_alone(tmp_path: Path) -> None:
    async with Stack(tmp_path, environ={"JOBWIRE_ADMIN_PASSWORD": PASSWORD}) as stack:
        assert (await read_job(stack, GUESSER)).status_code == 200, "somebody beside the guesser uses the key"
        began = time.monotonic()
        seen = await tried(stack, GUESSER, keys(GUESSES, "one"))
        seen += await tried(stack, GUESSER, passwords(GUESSES, "one"))
        share = max(GUESSES // len(MANY), 12)
        for address in MANY:
            seen += await tried(stack, address, keys(share, address))
        seconds = time.monotonic() - began
        assert set(seen) <= {403, 429}, seen
        assert seen[429] > sum(seen.values()) / 3
        await locked(stack, GUESSER)
        await locked(stack, MANY[0])

        async def holds() -> None:
            assert (await log_in(stack, ELSEWHERE)).status_code == 200, "the holder elsewhere"
            assert (await read_job(stack, HOLDER)).status_code == 200
            assert (await read_job(stack, GUESSER)).status_code == 200, "a key that worked from there before"
            refused = await log_in(stack, GUESSER)
            assert (refused.status_code, int(refused.headers["retry-after"]) > 0) == (429, True)
            first_use = await read_job(stack, MANY[0])
            assert first_use.status_code == 429, "a key new to a locked address waits"
            assert 0 < int(first_use.headers["retry-after"]) <= 15 * 60

        await holds()
        await asyncio.sleep(1.5)  # the count is written behind once a second
        await stack.stop()
        await stack.start()
        await holds()
        print(f"{sum(seen.values())} guesses in {seconds:.1f} s, {dict(seen)}")


async def test_a_thousand_locked_subjects_do_not_slow_the_first_use_of_a_key(tmp_path: Path) -> None:
    async with Stack(tmp_path, environ={"JOBWIRE_ADMIN_PASSWORD": PASSWORD}) as stack:
        before = [await first_use(stack, f"127.0.2.{number}") for number in range(1, 16)]
        addresses = [f"127.0.{16 + number // 250}.{1 + number % 250}" for number in range(min(GUESSES, 1000))]
        for start in range(0, len(addresses), AT_ONCE):
            chosen = addresses[start : start + AT_ONCE]
            seen = await asyncio.gather(*(tried(stack, address, keys(10, address)) for address in chosen))
            assert [each[403] for each in seen] == [10] * len(chosen), "all ten were compared"
        after = [await first_use(stack, f"127.0.3.{number}") for number in range(1, 16)]
        async with asyncio.timeout(20):
            while stack.output().count("locked out after 10 different") < len(addresses):  # noqa: ASYNC110 (a file)
                await asyncio.sleep(0.1)
        slowed = statistics.median(after) - statistics.median(before)
        assert slowed < NOTICEABLE, json.dumps({"before": before, "after": after})
        print(f"{len(addresses)} locked: first use {1000 * statistics.median(before):.1f} ms before, "
              f"{1000 * statistics.median(after):.1f} ms after")  # fmt: skip


async def first_use(stack: Stack, address: str) -> float:
    """Seconds until the answer to a key that has never been used from there."""
    began = time.monotonic()
    assert (await read_job(stack, address)).status_code == 200
    return time.monotonic() - began
