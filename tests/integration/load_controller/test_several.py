"""Several controllers on one database: each load has one, and a dead one's loads go to another with all commands."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from shared.contracts import load_topics as topics
from shared.contracts.load_jobs import RunJob
from shared.contracts.loads import SetLoad
from shared.contracts.runs import Run
from shared.identifiers import new_id
from tests.support.broker import BrokerHandle
from tests.support.database import Database
from tests.support.load_process import LoadProcesses, good_for, house_of, load_processes, plain_caller

pytestmark = pytest.mark.database("postgresql")
LOADS = 32
MOVED_WITHIN = 10.0  # seconds


async def owners(house: LoadProcesses, wanted: set[str], *, within: float = 30.0) -> dict[int, str]:
    """Who holds each load, once only `wanted` do, and evenly."""
    deadline = time.monotonic() + within
    while True:
        known = {m.json["id"]: m.json["owner"] for m in house.heard.messages if m.topic.endswith("/info") and m.payload}
        counts = Counter(known.values())
        if len(known) == LOADS and counts.keys() == wanted and max(counts.values()) - min(counts.values()) <= 4:
            return known
        assert time.monotonic() < deadline, (counts, {name: house.log(name)[-1500:] for name in house.processes})
        await asyncio.sleep(0.05)


async def test_loads_are_shared_and_a_run_reaches_all_of_them(
    tmp_path: Path, broker: BrokerHandle, database: Database
) -> None:
    async with load_processes(tmp_path, broker, database, house_of(LOADS), "one", "two") as house:
        await owners(house, {"one", "two"})
        job = await house.job(target_states=[{"load": load, "bri": 10000} for load in range(1, LOADS + 1)])
        run = await house.ask(topics.RUN_JOB, RunJob(job=job, caller=plain_caller()))
        record = await house.run_ended(run.run)
        assert record.status == "succeeded", record
        assert len(house.ends()[run.run]) == 1


@pytest.mark.timeout(120)
async def test_a_killed_ones_loads_move_and_no_command_is_lost_or_doubled(
    tmp_path: Path, broker: BrokerHandle, database: Database
) -> None:
    async with load_processes(tmp_path, broker, database, house_of(LOADS), "one", "two") as house:
        held = await owners(house, {"one", "two"})
        its = sorted(load for load, owner in held.items() if owner == "one")
        others = [load for load in range(1, LOADS + 1) if load not in its[:2]]
        job = await house.job(target_states=[{"load": load, "bri": 10000} for load in others])
        killed_at, since = time.monotonic(), len(house.heard.messages)
        house.kill("one")
        await house.heard.publish(f"jobwire/load/{its[0]}/ctrl", "toggle")  # done twice, it would be off again
        command = SetLoad(load=its[1], bri=10000, id=new_id(), expires_at=good_for(30))
        command.caller = plain_caller()
        await house.heard.publish("jobwire/ask/load_controller/load", _json(command))
        started = RunJob(job=job, id=new_id(), expires_at=good_for(30), section="run", caller=plain_caller())
        await house.heard.publish(f"jobwire/job/load/{job}/run", _json(started))
        moved = await owners(house, {"two"}, within=60.0)
        assert len(moved) == LOADS
        for load in its[:2]:
            found = await house.settled(load, bri=10000, since=since)
            assert found.at - killed_at < MOVED_WITHIN, f"load {load} after {found.at - killed_at:.1f} s"
        ended = await _one_end(house)
        assert ended.status == "succeeded", ended
        await asyncio.sleep(1.0)  # what would be done twice would be done now
        for load in its:
            states = [m.json["bri"] for m in house.heard.messages[since:] if m.topic == f"jobwire/load/{load}/state"]
            assert states[-1] == 10000, (load, states)


@pytest.mark.timeout(120)
async def test_one_that_comes_back_gets_its_share_again(
    tmp_path: Path, broker: BrokerHandle, database: Database
) -> None:
    async with load_processes(tmp_path, broker, database, house_of(LOADS), "one") as house:
        await owners(house, {"one"})
        house.start("two")
        await owners(house, {"one", "two"}, within=60.0)
        assert house.stop("one") == 0
        await owners(house, {"two"}, within=30.0)


async def _one_end(house: LoadProcesses) -> Run:
    async with asyncio.timeout(30.0):
        while not house.ends():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    [[ended]] = house.ends().values()
    return ended


def _json(message: msgspec.Struct) -> bytes:
    return msgspec.json.encode(message)
