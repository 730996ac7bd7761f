"""Jobs that move loads: REST `run` to the command that a device hears, runs a second, and ten thousand loads.

The loads are MQTT devices, each with a job to switch it on and one to switch it off, which take turns. Beside them the
bare chain: the same client, without accounts, jobs, database and receipts. A subscriber of the bench hears the commands
of both. Ours passes one process more on its way: the state that the bare chain's echo publishes has as many hops.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from itertools import cycle
from pathlib import Path

import httpx

from tests.bench import bare_chain
from tests.bench.http_client import CONNECTIONS, Connection
from tests.bench.load_device import command_topic, state_topic
from tests.bench.machine import resident_megabytes
from tests.bench.processes import serving
from tests.bench.rows import Row, percentile
from tests.bench.setup import CannotMeasure, Setup
from tests.support.broker import running_broker
from tests.support.database import Database
from tests.support.load_process import load_processes
from tests.support.mqtt_client import Listener
from tests.support.stack import Stack, free_ports

LOADS_EACH = 8  # of a connection, so that none is told anew before it has reported
RUNS = 150
SECONDS = 3.0
WITHIN = 10.0
BARS = {50: 1.5, 99: 2.0}
LEAST_RATE = 0.5
MANY, MANY_WITHIN, MOST = 10_000, 60.0, 150.0
KINDS = ("onoff", "dim", "dali", "motor", "hvac")
POST = {"command": "pause", "action": "toggle"}
SUCCEEDED = "succeeded"

Ask = Callable[[Connection], Awaitable[tuple[int, bytes]]]


async def measure(setup: Setup) -> list[Row]:
    """A hundred and fifty runs one by one and three seconds of runs over 8 connections a round, of each."""
    return [*await _running(setup), await _many(setup)]


# runs of MQTT devices


async def _running(setup: Setup) -> list[Row]:
    last = {percent: _latency(f"run → command on the broker, p{percent}", "bare chain", percent) for percent in BARS}
    hops = {
        percent: _latency(f"run → command on the broker, p{percent}", "bare chain's state, as many hops", percent)
        for percent in BARS
    }
    rate = Row(f"runs of jobs, {CONNECTIONS} connections", "/s", "bare chain", LEAST_RATE)
    (port,) = free_ports(1)
    stack = Stack(setup.place("loads"), config=_devices())
    async with stack:
        broker, runs = str(stack.broker_port), Runs(stack.data)
        jobs = await _jobs(stack)
        async with (
            serving("tests.bench.load_device", broker),
            serving("tests.bench.bare_chain", "controller", broker),
            serving("tests.bench.bare_chain", "gateway", broker, str(port), port=port),
        ):
            await _answer(stack)
            for _ in range(setup.rounds):
                ours, _ = await _one_by_one(
                    stack, stack.port, _turns(jobs[0][::LOADS_EACH]), command_topic(1), state_topic(1)
                )
                bare = await _one_by_one(stack, port, _post, bare_chain.COMMAND, bare_chain.STATE)
                await runs.all_ended()
                for percent in BARS:
                    last[percent].add(percentile(ours, percent), percentile(bare[0], percent))
                    hops[percent].add(percentile(ours, percent), percentile(bare[1], percent))
                rate.add(await _runs_per_second(stack, jobs, runs), await _posts_per_second(port))
        rate.note = f"{runs.checked} runs, every one of them ended {SUCCEEDED}"
    return [*last.values(), *hops.values(), rate]


def _latency(what: str, peer: str, percent: int) -> Row:
    return Row(what, "ms", peer, BARS[percent], at_most=True)


def _devices() -> str:
    """Some for each connection."""
    return "\n".join(
        f'[[load]]\nid = {load}\ntype = "onoff"\ndriver = "mqtt"\n[load.mqtt]\n'
        f'command_topic = "{command_topic(load)}"\nstate_topic = "{state_topic(load)}"\n'
        for load in range(1, CONNECTIONS * LOADS_EACH + 1)
    )


async def _jobs(stack: Stack) -> list[list[int]]:
    """For each connection: the jobs that switch its loads on one by one, and then off."""
    async with stack.client() as client:
        return [
            [await _job(stack, client, first + load, bri) for bri in (10_000, 0) for load in range(LOADS_EACH)]
            for first in range(1, CONNECTIONS * LOADS_EACH + 1, LOADS_EACH)
        ]


async def _job(stack: Stack, client: httpx.AsyncClient, load: int, bri: int) -> int:
    body = {"target_states": [{"load": load, "bri": bri}]}
    answer = await client.post("/api/jobs", json=body, headers=_key(stack))
    if answer.status_code != 200 or answer.json()["status"] != "success":
        raise CannotMeasure(f"a job could not be made: {answer.text}")
    return int(answer.json()["data"]["id"])


async def _answer(stack: Stack) -> None:
    """Wait until the devices and the bare chain's echo are there."""
    async with Listener(stack.broker_port, state_topic("ready"), bare_chain.STATE) as heard:
        deadline = time.monotonic() + WITHIN
        while {message.topic for message in heard.messages} != set(heard.topics):
            if time.monotonic() > deadline:
                raise CannotMeasure(f"the devices did not answer within {WITHIN} s")
            await heard.publish(command_topic("ready"), "ON")
            await asyncio.sleep(0.1)


def _key(stack: Stack) -> dict[str, str]:
    return {"Authorization": f"Bearer {stack.key}"}


def _turns(jobs: Sequence[int]) -> Ask:
    """Run one after another, and again."""
    turn = cycle(f"/api/jobs/{job}/run" for job in jobs)
    return lambda connection: connection.get(next(turn))


def _post(connection: Connection) -> Awaitable[tuple[int, bytes]]:
    return connection.post("/api/job", POST)


async def _asked(connection: Connection, ask: Ask) -> None:
    status, body = await ask(connection)
    if status != 204 and not (status == 200 and b'"status":"success"' in body):
        raise CannotMeasure(f"a command was answered {status} {body!r}")


async def _one_by_one(stack: Stack, port: int, ask: Ask, command: str, state: str) -> tuple[list[float], list[float]]:
    """Milliseconds from the request to its command, and to the state that follows, at a subscriber of both."""
    commands: list[float] = []
    states: list[float] = []
    connection = await Connection.open(port, _key(stack))
    async with Listener(stack.broker_port, command, state) as heard:
        for _ in range(RUNS):
            known, started = len(heard.messages), time.monotonic()
            await _asked(connection, ask)
            for topic, taken in ((command, commands), (state, states)):
                message = await heard.until(
                    lambda each, topic=topic: each.topic == topic and not each.retained,  # type: ignore[misc]
                    within=WITHIN,
                    since=known,
                )
                taken.append((message.at - started) * 1000)
    connection.close()
    return commands, states


async def _runs_per_second(stack: Stack, jobs: list[list[int]], runs: Runs) -> float:
    """Runs that ended a second: the time counts until the last one has."""
    started = time.monotonic()
    answered = await _sustained(stack.port, _key(stack), [_turns(each) for each in jobs])
    ended = await runs.all_ended()
    if ended != answered:
        raise CannotMeasure(f"{answered} runs were answered, and {ended} ended {SUCCEEDED}")
    return ended / (time.monotonic() - started)


async def _posts_per_second(port: int) -> float:
    started = time.monotonic()
    return await _sustained(port, {}, [_post] * CONNECTIONS) / (time.monotonic() - started)


async def _sustained(port: int, headers: dict[str, str], asks: list[Ask]) -> int:
    """Ask over a connection for each of `asks`, all at once; how many were answered."""
    end = time.monotonic() + SECONDS

    async def one(ask: Ask) -> int:
        connection, answered = await Connection.open(port, headers), 0
        while time.monotonic() < end:
            await _asked(connection, ask)
            answered += 1
        connection.close()
        return answered

    return sum(await asyncio.gather(*(one(ask) for ask in asks)))


class Runs:
    """The runs in the load controller's database, which cost nothing to follow while they are measured."""

    def __init__(self, data: Path) -> None:
        self._path = data / "load_controller.db"
        self.checked = 0

    async def all_ended(self) -> int:
        """Wait until no run is under way; how many have ended since the last time. All must have succeeded."""
        deadline = time.monotonic() + WITHIN
        while waiting := self._asked("SELECT count(*) FROM load_run WHERE ended_at IS NULL")[0][0]:
            if time.monotonic() > deadline:
                raise CannotMeasure(f"{waiting} runs did not end within {WITHIN} s")
            await asyncio.sleep(0.01)
        ends = Counter(dict(self._asked("SELECT record ->> '$.status', count(*) FROM load_run GROUP BY 1")))
        if set(ends) - {SUCCEEDED}:
            raise CannotMeasure(f"not every run succeeded: {ends}")
        new, self.checked = ends[SUCCEEDED] - self.checked, ends[SUCCEEDED]
        return new

    def _asked(self, statement: str) -> list[tuple[object, int]]:
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as database:
            return database.execute(statement).fetchall()


# many loads


async def _many(setup: Setup) -> Row:
    """Resident memory of a controller once it has published each of the loads; it has a broker and nobody else."""
    row = Row(f"MB of the load controller with {MANY} virtual loads", "MB", "the most allowed", 1, at_most=True)
    config = "\n".join(f'[[load]]\nid = {load}\ntype = "{KINDS[load % len(KINDS)]}"' for load in range(1, MANY + 1))
    with running_broker("mosquitto") as broker:
        async with load_processes(setup.place("many"), broker, Database(), config, "one") as house:
            deadline = time.monotonic() + MANY_WITHIN
            while (said := _reported(house.heard)) < MANY:
                if time.monotonic() > deadline:
                    raise CannotMeasure(f"{said} of {MANY} loads had reported after {MANY_WITHIN} s")
                await asyncio.sleep(0.5)
            row.add(resident_megabytes(house.processes["one"].pid), MOST)
    return row


def _reported(heard: Listener) -> int:
    """How many loads have a state on the broker."""
    topics = {message.topic for message in heard.messages}
    return sum(1 for topic in topics if topic.startswith("jobwire/load/") and topic.endswith("/state"))
