"""Files read in a process of their own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from services.printer_controller.analysis.result import FileAnalysis
from services.printer_controller.analysis.runner import AnalysisRunner, NotAnalysed, Outcome

MODULE = "services.printer_controller.analysis"
SMALL = b"G28\nG1 X10 E1 F600\n;TIME:42\n"
HUGE = 60_000_000  # bytes: more than half a minute of reading


class Kept:
    """What came of each file, in order."""

    def __init__(self) -> None:
        self.outcomes: list[tuple[str, Outcome]] = []

    async def __call__(self, key: str, outcome: Outcome) -> None:
        self.outcomes.append((key, outcome))

    async def until(self, count: int, within: float = 20.0) -> None:
        await until(lambda: len(self.outcomes) >= count, within)


async def until(true: Callable[[], bool], within: float = 20.0) -> None:
    """Wait for a condition; AssertionError when it does not come true."""
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def running(runner: AnalysisRunner) -> AsyncIterator[None]:
    """The runner at work."""
    task = asyncio.create_task(runner.run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def children() -> list[str]:
    """The analysing processes that this one has started and that still live or were not waited for."""
    pids = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return [pid for pid in pids if MODULE in Path(f"/proc/{pid}/cmdline").read_text()]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.gcode"
    path.write_bytes(SMALL)
    return path


@pytest.fixture
def huge(tmp_path: Path) -> Path:
    path = tmp_path / "huge.gcode"
    line = b"G1 X%d Y1.5 E0.1\nG1 X-1 Y0 Z0 E2\n" * 1_000 % ((7,) * 1_000)
    with path.open("wb") as file:
        for _ in range(HUGE // len(line)):
            file.write(line)
    return path


async def test_a_file_is_read_in_another_process(small: Path) -> None:
    kept = Kept()
    runner = AnalysisRunner(kept)
    async with running(runner):
        assert runner.want("a", small) is None
        await kept.until(1)
    ((key, outcome),) = kept.outcomes
    assert key == "a"
    assert isinstance(outcome, FileAnalysis)
    assert (outcome.estimated_print_time, outcome.estimated_by) == (42.0, "slicer")
    assert runner.current is None


async def test_the_newest_wish_comes_first_and_none_is_read_twice(small: Path) -> None:
    kept = Kept()
    runner = AnalysisRunner(kept)
    for key in ("a", "b", "c", "a"):
        runner.want(key, small)
    assert runner.waiting == ("a", "c", "b")
    async with running(runner):
        await kept.until(3)
    assert [key for key, _ in kept.outcomes] == ["a", "c", "b"]


async def test_over_the_bound_the_oldest_wish_gives_way_and_is_told(small: Path) -> None:
    runner = AnalysisRunner(Kept(), waiting=2)
    assert [runner.want(key, small) for key in ("a", "b", "c")] == [None, None, "a"]
    assert runner.waiting == ("c", "b")


async def test_a_forgotten_file_is_not_read_and_its_process_is_gone_at_once(small: Path, huge: Path) -> None:
    kept = Kept()
    runner = AnalysisRunner(kept)
    async with running(runner):
        runner.want("huge", huge)
        await until(lambda: bool(children()))
        runner.want("waiting", small)
        runner.forget("waiting")
        runner.forget("unknown")
        started = time.monotonic()
        runner.forget("huge")
        runner.want("small", small)
        await kept.until(1)
        assert time.monotonic() - started < 10.0
    assert [key for key, _ in kept.outcomes] == ["small"]
    assert children() == []


async def test_a_forgotten_file_can_be_wanted_again(huge: Path, small: Path) -> None:
    kept = Kept()
    runner = AnalysisRunner(kept)
    async with running(runner):
        runner.want("a", huge)
        await until(lambda: bool(children()))
        runner.forget("a")
        runner.want("a", small)
        await kept.until(1)
    assert [(key, type(outcome)) for key, outcome in kept.outcomes] == [("a", FileAnalysis)]


async def test_a_file_that_takes_too_long_is_given_up(huge: Path, small: Path) -> None:
    kept = Kept()
    runner = AnalysisRunner(kept, within=0.5)
    async with running(runner):
        runner.want("huge", huge)
        await kept.until(1)
        assert children() == []
    assert kept.outcomes == [("huge", NotAnalysed("reading the file took longer than 0.5 s"))]


async def test_no_process_outlives_the_runner(huge: Path) -> None:
    runner = AnalysisRunner(Kept())
    async with running(runner):
        runner.want("huge", huge)
        await until(lambda: bool(children()))
    assert children() == []


async def test_what_cannot_be_read_gives_a_sentence(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"GCDE" + bytes(50))
    kept = Kept()
    runner = AnalysisRunner(kept)
    async with running(runner):
        runner.want("gone", tmp_path / "--nowhere")
        await kept.until(1)
        runner.want("binary", binary)
        await kept.until(2)
    (_, gone), (_, refused) = kept.outcomes
    assert gone == NotAnalysed("the file cannot be read: No such file or directory")
    assert isinstance(refused, NotAnalysed)
    assert refused.reason.startswith("This is binary G-code")


async def test_an_error_of_the_one_who_keeps_results_ends_nothing(small: Path) -> None:
    kept = Kept()

    async def fails_once(key: str, outcome: Outcome) -> None:
        await kept(key, outcome)
        if key == "a":
            raise RuntimeError("the disk is full")

    runner = AnalysisRunner(fails_once)
    async with running(runner):
        runner.want("a", small)
        await kept.until(1)
        runner.want("b", small)
        await kept.until(2)
    assert [key for key, _ in kept.outcomes] == ["a", "b"]


async def test_the_loop_goes_on_while_a_file_is_read(huge: Path) -> None:
    runner = AnalysisRunner(Kept())
    turns = 0
    async with running(runner):
        runner.want("huge", huge)
        await until(lambda: bool(children()))
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            await asyncio.sleep(0)
            turns += 1
    assert turns > 200


def test_the_process_is_polite_and_ends_itself_when_nobody_stops_it(huge: Path) -> None:
    command = [sys.executable, "-m", MODULE, "--nice", "7", "--processor-seconds", "1", str(huge)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 10.0
        while os.getpriority(os.PRIO_PROCESS, process.pid) == os.getpriority(os.PRIO_PROCESS, 0):
            assert time.monotonic() < end
            time.sleep(0.01)
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == os.getpriority(os.PRIO_PROCESS, 0) + 7
        assert process.wait(30.0) != 0
    finally:
        process.kill()
        process.wait()


def test_a_large_file_is_read_in_little_memory(huge: Path) -> None:
    os.truncate(huge, HUGE // 4)
    code = (
        "import sys; from pathlib import Path; from services.printer_controller.analysis.reading import read; "
        "read(Path(sys.argv[1])); print(Path('/proc/self/status').read_text())"
    )
    told = subprocess.run([sys.executable, "-c", code, huge], capture_output=True, text=True, check=True, timeout=90)
    highest = next(int(line.split()[1]) for line in told.stdout.splitlines() if line.startswith("VmHWM:"))
    assert highest < 40_000, "kilobytes"
