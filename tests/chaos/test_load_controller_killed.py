"""The load controller is killed at random moments while jobs run: every run ends once, with right receipts."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.contracts import load_topics as topics
from shared.contracts.load_jobs import JobRun, RunJob
from shared.contracts.runs import Run
from tests.support.broker import BrokerHandle, running_broker
from tests.support.database import Database
from tests.support.load_process import LoadProcesses, house_of, load_processes, plain_caller

pytestmark = pytest.mark.chaos
LOADS, RUNS, KILLS = 50, 1000, 20
EACH = 3  # loads of a job
ASKERS = 10
LONGEST = 3.0  # seconds from one kill to the next


def is_away(load: int) -> bool:
    """One load in twenty."""
    return load % 20 == 0


@pytest.fixture
def broker() -> Iterator[BrokerHandle]:
    with running_broker("mosquitto") as started:
        yield started


@pytest.mark.timeout(240)
async def test_every_run_ends_once_and_says_what_the_loads_said(
    tmp_path: Path, broker: BrokerHandle, dice: random.Random
) -> None:
    config = house_of(LOADS, away=is_away, within=0.5)
    async with load_processes(tmp_path, broker, Database(), config, "one") as house:
        jobs = [await house.job(target_states=_targets(dice)) for _ in range(30)]
        begun: list[JobRun] = []
        asking = asyncio.gather(*(_run_jobs(house, dice, jobs, begun) for _ in range(ASKERS)))
        for kill in range(KILLS):
            await _until(begun, (kill + 1) * RUNS // (KILLS + 2), within=LONGEST * dice.random())
            await asyncio.sleep(0.05 * dice.random())
            house.kill()
            house.start()
        await asking
        ended = await _all_ended(house, {run.run for run in begun})
    assert len({run.run for run in begun}) == RUNS
    for run in begun:
        [record] = ended[run.run]
        _check(record)


def _targets(dice: random.Random) -> list[dict[str, int]]:
    loads = dice.sample(range(1, LOADS + 1), EACH)
    return [{"load": load, "bri": 10000 * dice.randrange(2)} for load in loads]


async def _run_jobs(house: LoadProcesses, dice: random.Random, jobs: list[int], begun: list[JobRun]) -> None:
    for _ in range(RUNS // ASKERS):
        request = RunJob(job=dice.choice(jobs), section="run", caller=plain_caller())
        begun.append(await house.ask_until(topics.RUN_JOB, request))


async def _until(begun: list[JobRun], count: int, within: float) -> None:
    """Until so many runs were begun, or it takes too long: a controller may be killed while it starts, too."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within):
            while len(begun) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def _all_ended(house: LoadProcesses, runs: set[str], within: float = 30.0) -> dict[str, list[Run]]:
    async with asyncio.timeout(within):
        while not runs <= (ended := house.ends()).keys():  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    return ended


def _check(record: Run) -> None:
    """A load that is away is named as such; another one did it, unless a later run had another wish for it."""
    for receipt in record.receipts:
        expected = ("unreachable",) if is_away(receipt["load"]) else ("reported", "different")
        assert receipt["outcome"] in expected, record
        if receipt["outcome"] == "reported":
            assert receipt["reported"]["bri"] == receipt["target"]["bri"], record
    wrong = [receipt for receipt in record.receipts if receipt["outcome"] != "reported"]
    status = "succeeded" if not wrong else "failed" if len(wrong) == EACH else "partly_succeeded"
    assert record.status == status, record
    for receipt in wrong:
        assert f"load {receipt['load']}" in (record.reason or ""), record
