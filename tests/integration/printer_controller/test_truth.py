"""What is said while a controller is dead, and right after it is back: the truth, at once, on REST and on MQTT."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared.contracts import topics
from shared.contracts.printers import CancelPrint, StartPrint
from shared.errors import Conflict
from tests.support.gcode import print_file
from tests.support.mqtt_client import retained
from tests.support.printing import until_executed
from tests.support.stack import free_ports

KEY = "key-of-the-tests-0123456789"
SOON = 1.5  # seconds: the broker notices at once; the rest is a noisy machine
SET, AVAILABLE = "jobwire/printer/mk3/set", "jobwire/printer/mk3/available"


def start_gateway(controller: Any, port: int) -> subprocess.Popen[bytes]:
    """A gateway on the same broker and data folder."""
    environment = {**controller.environment, "JOBWIRE_GATEWAY_PORT": str(port), "JOBWIRE_ADMIN_KEY": KEY}
    command = [sys.executable, "-m", "services.gateway"]
    subprocess.run([*command, "migrate"], env=environment, check=True, timeout=60)
    with (controller.folder / "gateway.log").open("ab") as log:
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


@pytest.fixture
async def rest(controller: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway as a process beside the controller; a client with the administrator's key."""
    (port,) = free_ports(1)
    process = start_gateway(controller, port)
    try:
        headers = {"X-Api-Key": KEY}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=15) as client:
            await until(client, 200)
            yield client
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 15)


async def job(client: httpx.AsyncClient) -> httpx.Response | None:
    try:
        return await client.get("/api/job")
    except httpx.TransportError:
        return None


async def until(client: httpx.AsyncClient, status: int, *, within: float = 20.0) -> list[httpx.Response]:
    """Ask for the job again and again; all answers up to the first with this status."""
    answers: list[httpx.Response] = []
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        answer = await job(client)
        if answer is not None:
            answers.append(answer)
            if answer.status_code == status:
                return answers
        await asyncio.sleep(0.02)
    raise AssertionError(f"no {status} within {within} s, but {[each.status_code for each in answers[-5:]]}")


async def printing(controller: Any) -> str:
    await controller.add_file(print_file(20_000), select=True)
    run = str((await controller.ask(topics.COMMAND_PRINTER, StartPrint())).run)
    await controller.run_is(run, "running")
    await until_executed(controller.printer, 100)
    return run


async def test_a_dead_controller_is_said_at_once_and_its_last_words_never_again(
    controller: Any, rest: httpx.AsyncClient
) -> None:
    await printing(controller)
    since = len(controller.heard.messages)
    killed = time.monotonic()
    controller.kill()
    refused = (await until(rest, 503))[-1]
    assert time.monotonic() - killed < SOON
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.elapsed.total_seconds() < 0.5
    await controller.heard.until(
        lambda m: m.topic == AVAILABLE and m.payload == b"offline", within=SOON + 2, since=since
    )
    held = await retained(controller.heard.port, "jobwire/#")
    assert held[AVAILABLE].payload == b"offline"
    assert held["jobwire/service/printer_controller/host"].json["state"] == "lost"
    controller.start()
    back = await until(rest, 200)
    assert back[-1].json()["state"] != "Printing"
    await controller.heard.until(lambda m: m.topic == AVAILABLE and m.payload == b"online", within=15, since=since)
    await asyncio.sleep(1.0)  # whatever a gateway would still have to say
    assert (await retained(controller.heard.port, AVAILABLE))[AVAILABLE].payload == b"online"


async def test_a_controller_contradicts_what_others_say_of_its_printer(controller: Any) -> None:
    since = len(controller.heard.messages)
    await controller.heard.publish(AVAILABLE, "offline", retain=True)
    await controller.heard.until(lambda m: m.topic == AVAILABLE and m.payload == b"online", since=since)
    assert (await retained(controller.heard.port, AVAILABLE))[AVAILABLE].payload == b"online"


async def test_a_frozen_controller_makes_nobody_wait_for_the_next_request_once_it_is_known(
    controller: Any, rest: httpx.AsyncClient
) -> None:
    assert controller.process is not None
    os.kill(controller.process.pid, signal.SIGSTOP)
    try:
        refused = await until(rest, 503, within=30)  # keepalive: the broker waits one and a half times 10 s
        assert refused[-1].elapsed.total_seconds() < 0.5
    finally:
        os.kill(controller.process.pid, signal.SIGCONT)
    await until(rest, 200)


async def test_a_request_right_after_a_restart_waits_a_moment_and_works(
    controller: Any, rest: httpx.AsyncClient
) -> None:
    controller.kill()
    await until(rest, 503)
    since = len(controller.heard.messages)
    controller.start()
    presence = "jobwire/service/printer_controller/host"
    await controller.heard.until(lambda m: m.topic == presence and m.json["state"] == "online", within=20, since=since)
    came = time.monotonic()
    with pytest.raises(Conflict):  # an answer of the owner, not a time-out
        await controller.ask(topics.COMMAND_PRINTER, CancelPrint())
    await until(rest, 200)
    assert time.monotonic() - came < 4


@pytest.mark.parametrize(
    ("payload", "retain", "command", "message"),
    [
        ("fly", False, "fly", "unknown command 'fly': one of start, cancel, "),
        ('{"command":"pause"', False, "", "not JSON: it ends too early"),
        ('{"command":"gcode","lines":"G28"}', False, "gcode", "`lines` must be a list, not text"),
        ("start", True, "start", "retained commands never act; publish without -r"),
        ('{"command":"start","expires_at":"2020-01-01T00:00:00Z"}', False, "start", "expired "),
        ("resume", False, "pause", "Printer is neither printing nor paused"),
    ],
    ids=["unknown", "no JSON", "wrong type", "retained", "expired", "state"],
)
async def test_a_command_that_does_not_act_is_told_to_everybody(
    controller: Any, payload: str, retain: bool, command: str, message: str
) -> None:
    since = len(controller.heard.messages)
    await controller.heard.publish(SET, payload, retain=retain)
    told = await controller.event("command_refused", since=since)
    assert (told["printer"], told["command"], told["caller"]["via"]) == ("mk3", command, "mqtt")
    assert told["message"].startswith(message)
    if retain:
        await controller.heard.publish(SET, "", retain=True)


async def test_a_command_for_a_printer_that_does_not_exist_is_told_to_everybody(controller: Any) -> None:
    since = len(controller.heard.messages)
    await controller.heard.publish("jobwire/printer/mk4/set", "pause")
    told = await controller.event("command_refused", since=since)
    assert (told["printer"], told["code"]) == ("mk4", "no_such_printer")
    assert told["message"] == "there is no printer 'mk4': one of mk3"
