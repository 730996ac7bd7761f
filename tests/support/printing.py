"""A print as an outsider sees it: files and commands over REST, runs over MQTT, and the printer's own log as judge."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.support.gcode import sent_lines
from tests.support.mqtt_client import Listener
from tests.support.stack import Stack, printer_table
from tests.support.virtual_printer import VirtualPrinterProcess

ENDED = frozenset({"succeeded", "failed", "cancelled", "expired", "blocked", "partly_succeeded"})
JOB = "/api/job"
Job = dict[str, Any]


async def upload(
    client: httpx.AsyncClient, name: str, content: bytes, *, prints: bool = False, selects: bool = False
) -> httpx.Response:
    """Store a file as a slicer does; an AssertionError unless the answer is 201."""
    fields = {"print": str(prints).lower(), "select": str(selects).lower()}
    answer = await client.post("/api/files/local", files={"file": (name, content)}, data=fields)
    assert answer.status_code == 201, answer.text
    return answer


async def command(client: httpx.AsyncClient, name: str, action: str | None = None) -> httpx.Response:
    """`POST /api/job`; an AssertionError unless it was accepted (204)."""
    body = {"command": name, **({"action": action} if action else {})}
    answer = await client.post(JOB, json=body)
    assert answer.status_code == 204, (answer.status_code, answer.text)
    return answer


async def job(client: httpx.AsyncClient) -> Job:
    """`GET /api/job`."""
    answer = await client.get(JOB)
    assert answer.status_code == 200, answer.text
    body: Job = answer.json()
    return body


async def until_state(client: httpx.AsyncClient, *states: str, within: float = 10.0) -> Job:
    """Poll the job until its state is one of `states`; connection errors and 5xx answers count as not yet."""
    deadline, seen = time.monotonic() + within, "nothing"
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            answer = await client.get(JOB)
            seen = f"{answer.status_code} {answer.text[:300]}"
            if answer.status_code == 200 and answer.json()["state"] in states:
                found: Job = answer.json()
                return found
        await asyncio.sleep(0.02)
    raise AssertionError(f"the state was not {' or '.join(states)} within {within} s but {seen}")


async def until_answered(client: httpx.AsyncClient, *, within: float = 10.0) -> float:
    """Wait until REST reads the job and the owner answers a question over the broker; the seconds it took."""
    started, seen = time.monotonic(), "nothing"
    while time.monotonic() - started < within:
        with contextlib.suppress(httpx.TransportError):
            read, asked = await client.get(JOB), await client.get("/api/files/local")
            seen = f"{read.status_code} {read.text[:100]}, {asked.status_code} {asked.text[:100]}"
            if read.status_code == asked.status_code == 200:
                return time.monotonic() - started
        await asyncio.sleep(0.05)
    raise AssertionError(f"not ready again within {within} s: {seen}")


def runs(heard: Listener, run: str) -> list[dict[str, Any]]:
    """All records of one run that were heard, oldest first."""
    return [message.json for message in heard.on(f"jobwire/run/{run}") if message.payload]


def statuses(heard: Listener, run: str) -> list[str]:
    """The statuses of one run as they were heard, each once, in order."""
    return list(dict.fromkeys(record["status"] for record in runs(heard, run)))


async def run_ended(heard: Listener, run: str, *, within: float) -> dict[str, Any]:
    """The record with which the run ended; an AssertionError when it goes on."""
    message = await heard.until(
        lambda each: each.topic == f"jobwire/run/{run}" and bool(each.payload) and each.json["status"] in ENDED,
        within=within,
    )
    record: dict[str, Any] = message.json
    return record


async def new_run(heard: Listener, *, since: int, within: float = 10.0) -> str:
    """The id of the first run that appears after message number `since`."""
    message = await heard.until(
        lambda each: each.topic.startswith("jobwire/run/") and not each.retained and bool(each.payload),
        since=since,
        within=within,
    )
    return message.topic.rpartition("/")[2]


async def start_print(client: httpx.AsyncClient, heard: Listener, content: bytes, *, name: str = "part.gcode") -> str:
    """Upload with `print=true`; the run's id, once the run was heard on MQTT."""
    answer = await upload(client, name, content, prints=True)
    assert answer.json()["effectivePrint"] is True, answer.text
    run = answer.headers["X-Run-Id"]
    await heard.until(lambda message: message.topic == f"jobwire/run/{run}")
    return run


async def until_executed(printer: VirtualPrinterProcess, count: int, *, within: float = 30.0) -> None:
    """Wait until the printer executed `count` moves; an AssertionError when it does not."""
    deadline = time.monotonic() + within
    while (moves := printer.counters()["moves"]) < count:
        assert time.monotonic() < deadline, f"{moves} of {count} moves executed within {within} s"
        await asyncio.sleep(0.02)


def is_move(line: str) -> bool:
    """Whether this is a line of a print file that extrudes: no script and no host sends such."""
    return line.startswith("G1 X") and " E" in line


def executed_moves(printer: VirtualPrinterProcess, *, since: int = 0) -> list[str]:
    """The moves that the printer executed, in order, without the first `since`."""
    return [text for _, text in printer.executed() if is_move(text)][since:]


def difference(executed: Sequence[str], wanted: Sequence[str]) -> str:
    """Where two lists part, in words; empty when they are the same."""
    if list(executed) == list(wanted):
        return ""
    pairs = zip(executed, wanted, strict=False)
    shorter = min(len(executed), len(wanted))
    at = next((number for number, (one, other) in enumerate(pairs) if one != other), shorter)
    around = slice(max(0, at - 2), at + 3)
    counts = f"{len(executed)} executed, {len(wanted)} wanted"
    return f"{counts}; they part at {at}: {executed[around]} instead of {wanted[around]}"


def assert_exact(printer: VirtualPrinterProcess, content: bytes, *, since: int = 0) -> None:
    """Each move of the file was executed exactly once, in order, and no other after the first `since`."""
    parted = difference(executed_moves(printer, since=since), [line for line in sent_lines(content) if is_move(line)])
    assert not parted, parted


def assert_once_so_far(printer: VirtualPrinterProcess, content: bytes, *, since: int = 0) -> int:
    """What was executed after `since` is the beginning of the file, each line once and in order; how many that are."""
    wanted = [line for line in sent_lines(content) if is_move(line)]
    executed = executed_moves(printer, since=since)
    parted = difference(executed, wanted[: len(executed)])
    assert not parted, parted
    return len(executed)


class PrintRig:
    """`async with PrintRig(folder, VirtualPrinterProcess(…)) as rig`: printers of our own beside the whole system.

    The printers are `printer` (the first), `second`, …; `lines` are settings for all of them, `own` for each by name.
    """

    NAMES = ("printer", "second", "third", "fourth", "fifth")

    def __init__(
        self,
        folder: Path,
        *printers: VirtualPrinterProcess,
        lines: Sequence[str] = (),
        own: Mapping[str, Sequence[str]] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.printers = printers
        tables = [
            printer_table(name, each.port, lines=[*lines, *(own or {}).get(name, ())])
            for name, each in zip(self.NAMES, printers, strict=False)
        ]
        self.stack = Stack(folder, config="\n".join(tables), environ=environ)
        self.heard = Listener(self.stack.broker_port)
        self.client = self.stack.client()
        self._open = contextlib.AsyncExitStack()

    @property
    def printer(self) -> VirtualPrinterProcess:
        """The first printer."""
        return self.printers[0]

    async def __aenter__(self) -> PrintRig:
        async with self._open as opening:
            for each in self.printers:
                opening.enter_context(each)
            await opening.enter_async_context(self.stack)
            await opening.enter_async_context(self.heard)
            await opening.enter_async_context(self.client)
            await until_state(self.client, "Operational", within=20)
            self._open = opening.pop_all()
        return self

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool | None:
        return await self._open.__aexit__(kind, error, trace)

    async def print(self, content: bytes, *, name: str = "part.gcode") -> str:
        """Upload and print on the first printer; the run's id."""
        return await start_print(self.client, self.heard, content, name=name)

    async def ended(self, run: str, *, within: float) -> dict[str, Any]:
        """The record with which the run ended."""
        return await run_ended(self.heard, run, within=within)

    async def eventually(self, promise: Callable[[], bool], what: str, *, within: float = 5.0) -> None:
        """Wait until `promise()` holds; an AssertionError naming `what`."""
        deadline = time.monotonic() + within
        while not promise():
            assert time.monotonic() < deadline, f"not within {within} s: {what}\n{self.heard.tail()}"
            await asyncio.sleep(0.02)
