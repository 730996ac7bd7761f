"""How a service's process lives: ready when it can work, stopped in order, and dead when a part of it is dead."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.bus import Bus, Delivery
from shared.clock import SystemClock
from shared.contracts import topics
from tests.support.broker import BrokerHandle, free_port, running_broker
from tests.support.clock import eventually


@pytest.fixture(scope="module")
def broker() -> Iterator[BrokerHandle]:
    with running_broker("mosquitto") as started:
        yield started


class Example:
    """The example service as a process with its own data folder."""

    def __init__(self, folder: Path, broker_url: str) -> None:
        self.port = free_port()
        self.environ = {
            **os.environ,
            "JOBWIRE_DATA": str(folder),
            "JOBWIRE_BROKER_URL": broker_url,
            "JOBWIRE_INSTANCE": "one",
            "JOBWIRE_OPS_PORT": str(self.port),
        }
        self.process: subprocess.Popen[str] | None = None

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(*arguments), env={**self.environ, **environ}, capture_output=True, text=True, timeout=30,
            check=False,
        )  # fmt: skip

    def start(self, mode: str = "steady") -> subprocess.Popen[str]:
        self.process = subprocess.Popen(
            self._command(), env={**self.environ, "JOBWIRE_TEST_MODE": mode}, stderr=subprocess.PIPE, text=True
        )
        return self.process

    def end(self, number: int = signal.SIGTERM) -> tuple[int, list[dict[str, Any]]]:
        """The exit code and the log."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> tuple[int, list[dict[str, Any]]]:
        assert self.process is not None
        _, log = self.process.communicate(timeout=20)
        return self.process.returncode, [json.loads(line) for line in log.splitlines()]

    def readiness(self) -> tuple[int, list[str]]:
        """Status and reasons; 0 while nobody answers."""
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.port}/readyz")
        except httpx.HTTPError:
            return 0, []
        return answer.status_code, answer.json()["reasons"]

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "tests.support.example_service", *arguments]


@pytest.fixture
def example(tmp_path: Path, broker: BrokerHandle) -> Iterator[Example]:
    made = Example(tmp_path, broker.url)
    assert made.run("migrate").returncode == 0
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.communicate()


@pytest.fixture
async def heard(broker: BrokerHandle) -> AsyncIterator[list[str]]:
    """The names of the example's events and its presence, as a client of the bus gets them."""
    names: list[str] = []

    async def hear(delivery: Delivery) -> None:
        names.append(delivery.levels.get("name") or delivery.message.state)

    bus = Bus(
        url=broker.url, client_id="listener", base="jobwire", service="test", instance="one", version="0",
        clock=SystemClock(),
    )  # fmt: skip
    bus.follow(topics.EVENT, hear, service="example")
    bus.follow(topics.SERVICE_PRESENCE, hear, service="example")
    running = asyncio.create_task(bus.run())
    await bus.wait_connected(5)
    await asyncio.sleep(0.05)
    names.clear()
    yield names
    await bus.close()
    running.cancel()


async def test_it_becomes_ready_works_and_stops_in_order(example: Example, heard: list[str]) -> None:
    example.start()
    await eventually(lambda: example.readiness() == (200, []), within=15)
    await eventually(lambda: {"online", "begun"} <= set(heard))
    metrics = (await asyncio.to_thread(httpx.get, f"http://127.0.0.1:{example.port}/metrics")).text
    assert 'jobwire_outbox_events_total{event="published"} 1.0' in metrics
    assert 'jobwire_outbox_waiting{of="count"}' in metrics
    assert "process_resident_memory_bytes" in metrics
    began = time.monotonic()
    code, log = await asyncio.to_thread(example.end)
    assert (code, time.monotonic() - began < 3) == (0, True)
    await eventually(lambda: heard[-2:] == ["ended", "offline"])
    assert [line["message"] for line in log][-1] == "example stopped"
    assert {line["service"] for line in log} == {"example"}


async def test_what_a_stop_has_decided_is_heard_before_the_process_says_offline(
    example: Example, heard: list[str]
) -> None:
    example.start("unheard")
    await eventually(lambda: "online" in heard, within=15)
    assert (await asyncio.to_thread(example.end))[0] == 0
    await eventually(lambda: heard[-1:] == ["offline"], within=10)
    assert heard[-2:] == ["ended", "offline"]


async def test_ctrl_c_during_a_slow_start_ends_it_at_once(example: Example) -> None:
    example.start("slow_start")
    await eventually(lambda: example.readiness()[0] == 503, within=15)
    assert "starting" in example.readiness()[1]
    code, _ = await asyncio.to_thread(example.end, signal.SIGINT)
    assert code == 0


@pytest.mark.parametrize(("mode", "said"), [("dies", "a bug of the example"), ("ends", "ended by itself")])
async def test_a_dead_task_ends_the_process_and_the_log_names_it(
    example: Example, heard: list[str], mode: str, said: str
) -> None:
    example.start(mode)
    code, log = await asyncio.to_thread(example.ended)
    died = [line["message"] for line in log if line["message"].startswith(f"the task {mode} died")]
    assert code == 1
    assert said in died[0]
    if mode == "dies":  # it was connected by then, so its last will is sent
        await eventually(lambda: heard[-1:] == ["lost"], within=10)


async def test_a_task_that_does_not_end_is_cancelled_in_time(example: Example) -> None:
    example.start("stubborn")
    await eventually(lambda: example.readiness()[0] == 200, within=15)
    began = time.monotonic()
    code, log = await asyncio.to_thread(example.end)
    assert code == 0
    assert 5 < time.monotonic() - began < 9
    assert "the task stubborn did not end in time" in [line["message"] for line in log]


async def test_without_a_broker_it_waits_and_says_so_and_can_be_stopped(example: Example) -> None:
    example.environ["JOBWIRE_BROKER_URL"] = f"mqtt://127.0.0.1:{free_port()}"
    example.start()
    await eventually(lambda: example.readiness() == (503, ["not connected to the broker"]), within=15)
    began = time.monotonic()
    code, _ = await asyncio.to_thread(example.end)
    assert (code, time.monotonic() - began < 5) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "environ", "said"),
    [
        (["fly"], {}, "unknown argument 'fly'"),
        ([], {"JOBWIRE_LOG_LEVL": "info"}, "JOBWIRE_LOG_LEVEL"),
        ([], {"JOBWIRE_OPS_PORT": "99999"}, "JOBWIRE_OPS_PORT"),
    ],
)
async def test_wrong_use_is_one_sentence_and_exit_code_2(
    example: Example, arguments: list[str], environ: dict[str, str], said: str
) -> None:
    ended = await asyncio.to_thread(lambda: example.run(*arguments, **environ))
    assert ended.returncode == 2
    assert len(ended.stderr.strip().splitlines()) == 1
    assert said in ended.stderr


async def test_tables_that_were_not_made_are_one_sentence_and_exit_code_2(tmp_path: Path, broker: BrokerHandle) -> None:
    ended = await asyncio.to_thread(Example(tmp_path / "new", broker.url).run)
    assert ended.returncode == 2
    assert "python -m services.example migrate" in ended.stderr.splitlines()[-1]


async def test_help_says_how_to_run_it(example: Example) -> None:
    ended = await asyncio.to_thread(example.run, "--help")
    assert ended.returncode == 0
    assert "migrate" in ended.stdout
