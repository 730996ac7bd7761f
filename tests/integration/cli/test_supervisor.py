"""Children as real processes: started again, stopped in order, killed if need be, gone with their parent."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.cli import supervisor as supervisors
from services.cli.child import Child, Unit, described
from services.cli.exits import CommandError
from services.cli.output import Output
from services.cli.supervisor import Supervisor

WAITS = "import signal, time; print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


class Talk(io.StringIO):
    """What was said, to be waited for."""

    async def until(self, text: str, times: int = 1, within: float = 10.0) -> None:
        end = time.monotonic() + within
        while self.getvalue().count(text) < times:
            assert time.monotonic() < end, f"{text!r} was not said {times} times:\n{self.getvalue()}"
            await asyncio.sleep(0.01)


@pytest.fixture
def talk() -> Talk:
    return Talk()


@pytest.fixture
async def supervisor(talk: Talk) -> AsyncIterator[Supervisor]:
    running = Supervisor(Output(talk))
    yield running
    running.hasten()
    await running.stop()


def unit(name: str, program: str, *, patience: float = 0.3, reason: str | None = None) -> Unit:
    async def ready() -> str | None:
        return reason

    return Unit(name, (sys.executable, "-c", program), os.environ, ready, patience)


def soon(seconds: float = 10.0) -> float:
    return time.monotonic() + seconds


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(pid: int, within: float = 5.0) -> bool:
    end = soon(within)
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.01)
    return not alive(pid)


async def test_a_child_that_was_killed_is_started_again_and_said_so(supervisor: Supervisor, talk: Talk) -> None:
    child = supervisor.start(unit("broker", WAITS))
    await talk.until("broker | up")
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await talk.until("broker | up", times=2)
    assert "broker ended (SIGKILL); starting it again in 0." in talk.getvalue()
    assert child.pid not in (None, first)
    assert child.ends == 1


async def test_the_delay_grows_while_a_child_keeps_ending(supervisor: Supervisor, talk: Talk) -> None:
    child = supervisor.start(unit("gateway", "raise SystemExit(7)", reason="not yet"))
    with pytest.raises(CommandError, match=r"gateway ended again and again \(exit code 7\)"):
        await supervisor.ready(child, soon())
    delays = [float(part.split()[0]) for part in talk.getvalue().split("starting it again in ")[1:]]
    assert delays[0] <= 0.2 <= delays[1] <= 0.4 <= delays[2] <= 0.8


async def test_a_program_that_does_not_exist_is_an_end_too(supervisor: Supervisor) -> None:
    async def ready() -> str | None:
        return None

    child = supervisor.start(Unit("broker", ("/does/not/exist",), os.environ, ready))
    with pytest.raises(CommandError, match=r"broker ended again and again \(could not be started"):
        await supervisor.ready(child, soon())


async def test_whoever_is_not_ready_in_time_is_named_with_the_reason_and_its_last_lines(
    supervisor: Supervisor, talk: Talk
) -> None:
    child = supervisor.start(unit("gateway", WAITS, reason="no broker yet"))
    await talk.until("gateway | up")
    with pytest.raises(CommandError) as failed:
        await supervisor.ready(child, time.monotonic())
    assert str(failed.value) == "gateway is not ready: no broker yet\n  gateway | up"


async def test_children_are_stopped_one_after_the_other_the_last_started_first(
    supervisor: Supervisor, talk: Talk
) -> None:
    says_bye = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('bye', flush=True)))\n"
        "print('up', flush=True)\ntime.sleep(60)"
    )
    for name in ("broker", "controller", "gateway"):
        child = supervisor.start(unit(name, says_bye, patience=5))
        await talk.until(f"{name} | up")
        await supervisor.ready(child, soon())
    await supervisor.stop()
    said = talk.getvalue()
    assert said.index("gateway | bye") < said.index("controller | bye") < said.index("broker | bye")
    assert "starting it again" not in said


async def test_whoever_ignores_the_request_to_stop_is_killed_in_time(
    supervisor: Supervisor, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisors, "STOP_WITHIN", 0.6)
    child = supervisor.start(unit("gateway", STUBBORN, patience=0.2))
    await talk.until("gateway | up")
    pid = child.pid
    started = time.monotonic()
    await supervisor.stop()
    assert time.monotonic() - started < 3
    assert "gateway did not end in time; killing it" in talk.getvalue()
    assert pid is not None
    assert not alive(pid)


async def test_a_second_request_does_not_wait(supervisor: Supervisor, talk: Talk) -> None:
    supervisor.start(unit("gateway", STUBBORN, patience=60))
    await talk.until("gateway | up")
    stopping = asyncio.ensure_future(supervisor.stop())
    await asyncio.sleep(0.05)
    assert not stopping.done()
    supervisor.hasten()
    await asyncio.wait_for(stopping, 5)


async def test_what_a_child_started_is_killed_with_it(supervisor: Supervisor, talk: Talk) -> None:
    parent = (
        "import subprocess, sys, time\n"
        "print('child', subprocess.Popen(['sleep', '60']).pid, flush=True)\ntime.sleep(60)"
    )
    supervisor.start(unit("gateway", parent))
    await talk.until("gateway | child")
    grandchild = int(talk.getvalue().split("child ")[1].split()[0])
    await supervisor.stop()
    assert gone(grandchild)


async def test_each_new_process_is_noted(talk: Talk) -> None:
    noted: list[int | None] = []
    child = Child(unit("broker", "pass"), Output(talk), lambda: noted.append(child.pid))
    running = asyncio.ensure_future(child.run())
    await talk.until("broker ended (exit code 0)", times=2)
    child.stop()
    await asyncio.wait_for(running, 5)
    assert noted[0] is not None
    assert noted[1] is None
    assert len([pid for pid in noted if pid]) >= 2


@pytest.mark.parametrize(
    ("code", "words"), [(0, "exit code 0"), (-9, "SIGKILL"), (-15, "SIGTERM"), (-200, "signal 200")]
)
def test_an_end_is_told_in_words(code: int, words: str) -> None:
    assert described(code) == words


PARENT = f"""
import asyncio, os, sys, time
from services.cli.child import Unit
from services.cli.output import Output
from services.cli.supervisor import Supervisor

async def ready():
    return None

async def main():
    supervisor = Supervisor(Output())
    child = supervisor.start(Unit("c", (sys.executable, "-c", {WAITS!r}), os.environ, ready))
    await supervisor.ready(child, time.monotonic() + 10)
    print(child.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux ends children with their parent")
def test_children_end_with_a_parent_that_is_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert alive(child)
    parent.kill()
    parent.wait(5)
    assert gone(child)
