"""`jobwire up` as a user meets it: one command, everything ready, everything back after a kill, everything gone."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.cli.services import SERVICES
from tests.support.mqtt_client import Listener
from tests.support.stack import Stack, printer_table

pytestmark = pytest.mark.system

JOBWIRE = str(Path(sys.executable).with_name("jobwire"))
READY_AGAIN = 10.0


def plain_environ(**more: str) -> dict[str, str]:
    return {**{name: value for name, value in os.environ.items() if not name.startswith("JOBWIRE_")}, **more}


def jobwire(*arguments: str, within: float = 60.0, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [JOBWIRE, *arguments], env=plain_environ(**environ), capture_output=True, text=True, timeout=within, check=False
    )


async def told(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(lambda: jobwire(*arguments, **environ))


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def gone(pids: list[int], within: float = 10.0) -> list[int]:
    end = time.monotonic() + within
    while [pid for pid in pids if alive(pid)] and time.monotonic() < end:  # noqa: ASYNC110 (no child of ours)
        await asyncio.sleep(0.02)
    return [pid for pid in pids if alive(pid)]


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    async with Stack(tmp_path) as running:
        yield running


async def test_the_ready_line_is_exact_and_everything_is_ready_then(stack: Stack) -> None:
    assert f"jobwire ready http://127.0.0.1:{stack.port}\n" in stack.output()
    status = await told("status", "--json", "--data", str(stack.data))
    assert status.returncode == 0, status.stderr
    shown = json.loads(status.stdout)
    assert shown["ready"] is True
    assert shown["units"].keys() == {"broker", "virtual_printer", *SERVICES}
    assert shown["broker"]["port"] == stack.broker_port
    async with stack.client() as client:
        answer = await client.get("/api/job")
    assert answer.status_code == 200


async def test_status_tells_nothing_secret(stack: Stack) -> None:
    accounts = json.loads((stack.data / "broker" / "accounts.json").read_text())
    status = await told("status", "--json", "--data", str(stack.data))
    state = (stack.data / "run" / "up.json").read_text()
    for secret in (stack.key, *accounts.values()):
        for text in (status.stdout, state, stack.output()):
            assert secret not in text


async def test_a_second_start_on_the_same_folder_is_refused_and_disturbs_nothing(stack: Stack) -> None:
    second = await told("up", "--data", str(stack.data), "--port", "0")
    assert second.returncode == 2
    assert re.fullmatch(r"jobwire: jobwire already runs on .* \(process \d+\); .*\n", second.stderr)
    assert (await told("status", "--data", str(stack.data))).returncode == 0


@pytest.mark.parametrize("service", ["gateway", "printer_controller", "virtual_printer", "broker"])
async def test_a_killed_child_is_started_again_and_all_is_ready_within_ten_seconds(stack: Stack, service: str) -> None:
    killed = stack.kill(service)
    await stack.said(f"{service} ended (SIGKILL); starting it again in", within=5)
    end = time.monotonic() + READY_AGAIN
    while (await told("status", "--data", str(stack.data))).returncode != 0 or stack.pids().get(service) == killed:
        assert time.monotonic() < end, stack.log_tail()


async def test_one_signal_stops_everything_in_order_within_ten_seconds(stack: Stack) -> None:
    pids = list(stack.pids().values())
    seconds = await stack.stop()
    assert seconds < 10
    assert await gone(pids, within=0.5) == []
    assert (await told("status", "--data", str(stack.data))).returncode == 3
    assert not (stack.data / "run" / "up.json").exists()
    assert "ended (" not in stack.output()


async def test_after_a_kill_of_the_launcher_the_next_start_is_not_blocked(tmp_path: Path) -> None:
    async with Stack(tmp_path) as stack:
        pids = list(stack.pids().values())
        launcher = json.loads((stack.data / "run" / "up.json").read_text())["pid"]
        os.kill(launcher, signal.SIGKILL)
        await gone([launcher])
        await stack.start()
        assert await gone(pids) == []
        assert (await told("status", "--data", str(stack.data))).returncode == 0


async def test_data_and_accounts_outlive_a_restart(tmp_path: Path) -> None:
    async with Stack(tmp_path) as stack:
        accounts = (stack.data / "broker" / "accounts.json").read_text()
        await stack.stop()
        await stack.start()
        assert (stack.data / "broker" / "accounts.json").read_text() == accounts
        async with stack.client() as client:
            assert (await client.get("/api/job")).status_code == 200


async def test_a_made_up_administrator_is_shown_once_and_works(tmp_path: Path) -> None:
    arguments = [JOBWIRE, "up", "--data", str(tmp_path / "data"), "--port", "0", "--broker-port", "0"]
    shown: list[str] = []
    for _ in range(2):
        process = await asyncio.create_subprocess_exec(
            *arguments, env=plain_environ(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(60):
                lines = [line.decode() async for line in _until(process.stdout, b"Ctrl-C")]
            shown.append("".join(lines))
            key = re.search(r"^ +key +(\S+)$", "".join(shown), re.MULTILINE)
            assert key is not None
            url = re.match(r"jobwire ready (\S+)", lines[0])
            assert url is not None
            assert await _status_of(f"{url[1]}/api/job", key[1]) == 200
        finally:
            process.terminate()
            await asyncio.wait_for(process.wait(), 15)
    assert "The administrator was made now" in shown[0]
    assert "The administrator" not in shown[1]
    assert not (tmp_path / "data" / "run" / "first-admin.json").exists()


async def _until(stream: asyncio.StreamReader, mark: bytes) -> AsyncIterator[bytes]:
    while line := await stream.readline():
        yield line
        if mark in line:
            return


async def _status_of(url: str, key: str) -> int:
    import httpx

    async with httpx.AsyncClient() as client:
        return (await client.get(url, headers={"X-Api-Key": key})).status_code


async def test_keys_are_made_listed_and_revoked_while_it_runs(stack: Stack) -> None:
    where = ("--data", str(stack.data), "--json")
    made = await told("key", "create", "--name", "slicer", "--role", "operator", *where)
    assert made.returncode == 0, made.stderr
    assert "{" not in made.stderr, "what is said beside the answer is for people"
    key = json.loads(made.stdout)
    async with stack.client(key=key["key"]) as client:
        assert (await client.get("/api/job")).status_code == 200
    listed = await told("key", "list", *where)
    assert key["id"] in listed.stdout
    assert key["key"] not in listed.stdout
    assert (await told("key", "revoke", key["id"], *where)).returncode == 0
    async with stack.client(key=key["key"]) as client:
        for _ in range(60):  # it may be known for two seconds more
            if (await client.get("/api/job")).status_code == 403:
                return
            await asyncio.sleep(0.1)
    raise AssertionError("the revoked key still works")


async def test_plain_clients_without_a_name_follow_and_command_it(stack: Stack) -> None:
    async with Listener(stack.broker_port) as heard:
        await heard.until(
            lambda m: m.topic == "jobwire/printer/virtual/available" and m.payload == b"online", within=20
        )
        await heard.publish("jobwire/printer/virtual/set", '{"command":"disconnect"}')
        await heard.until(lambda m: m.topic == "jobwire/printer/virtual/state" and m.json["state"] == "Offline")


async def test_watch_prints_what_it_hears(stack: Stack) -> None:
    watched = await told(
        "watch", "jobwire/service/+/+", "--count", "2", "--within", "10", "--json", "--data", str(stack.data)
    )
    assert watched.returncode == 0, watched.stderr
    heard = [json.loads(line) for line in watched.stdout.splitlines()]
    assert {message["payload"]["state"] for message in heard} == {"online"}
    silent = await told("watch", "nobody/says/this", "--within", "0.3", "--data", str(stack.data))
    assert (silent.returncode, silent.stdout) == (5, "")


async def test_an_existing_broker_is_used_and_none_is_started(stack: Stack, tmp_path: Path) -> None:
    accounts = json.loads((stack.data / "broker" / "accounts.json").read_text())
    url = f"mqtt://jobwire:{accounts['jobwire']}@127.0.0.1:{stack.broker_port}"
    options = ["--broker-url", url, "--quiet"]
    environ = {"JOBWIRE_BROKER_BASE": "second"}
    async with Stack(tmp_path / "second", environ=environ, options=options) as second:
        assert "broker" not in second.units()
        assert (await told("status", "--data", str(second.data))).returncode == 0
        assert accounts["jobwire"] not in second.output()


async def test_no_virtual_printer_runs_when_no_printer_is_one(tmp_path: Path) -> None:
    table = printer_table("mk4", "/dev/does-not-exist", lines=["autoconnect = false"])
    async with Stack(tmp_path, config=table) as stack:
        assert "virtual_printer" not in stack.units()
        assert (await told("status", "--data", str(stack.data))).returncode == 0


async def test_a_broken_database_is_one_sentence_and_nothing_stays_behind(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "gateway.db").write_text("this is no database" * 100)
    failed = await told("up", "--data", str(data), "--port", "0", "--broker-port", "0", "--quiet")
    assert failed.returncode == 1
    assert failed.stdout == ""
    assert "jobwire: the database of gateway could not be migrated" in failed.stderr
    assert not (data / "run" / "up.json").exists(), "nothing runs any more"
