"""Has files read in a process of its own, one after the other, the newest wish first; the event loop never waits."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from services.printer_controller.analysis.result import FileAnalysis

MODULE = "services.printer_controller.analysis"
MOST_WAITING = 256
POLITE = 15  # of 19: below everything that prints
KILLED_WITHIN = 5.0  # seconds; a killed process is gone at once unless the disk hangs
_ROOT = Path(__file__).parents[3]
_LONGEST_REASON = 500

log = logging.getLogger(__name__)


class NotAnalysed(msgspec.Struct, frozen=True):
    """A file could not be analysed; `reason` is a sentence for people."""

    reason: str


Outcome = FileAnalysis | NotAnalysed
Began = Callable[[str], Awaitable[None]]
Finished = Callable[[str, Outcome], Awaitable[None]]


class AnalysisRunner:
    """Wishes are known by a key, such as the file's digest. `finished` gets each key once, with what came of it.

    It does not get the keys that were forgotten or had to give way. `began` gets those whose files are read now. Both
    may ask for more files; an error in them is logged and ends nothing.
    """

    def __init__(
        self, finished: Finished, *, within: float = 300.0, waiting: int = MOST_WAITING, nice: int = POLITE
    ) -> None:
        self.began: Began | None = None
        self._finished = finished
        self._within = within
        self._most = waiting
        self._nice = nice
        self._waiting: OrderedDict[str, Path] = OrderedDict()
        self._wanted = asyncio.Event()
        self._current: str | None = None
        self._work: asyncio.Task[Outcome] | None = None

    @property
    def current(self) -> str | None:
        """The key whose file is being read."""
        return self._current

    @property
    def waiting(self) -> tuple[str, ...]:
        """The keys that wait, the next one first."""
        return tuple(reversed(self._waiting))

    def want(self, key: str, path: Path) -> str | None:
        """Read this file next. A key that waits already comes first again; one that is being read goes on.

        With more than the bound waiting, the oldest wish gives way: its key is returned, to be wanted again later.
        """
        if key == self._current:
            return None
        self._waiting[key] = path
        self._waiting.move_to_end(key)
        self._wanted.set()
        return self._waiting.popitem(last=False)[0] if len(self._waiting) > self._most else None

    def forget(self, key: str) -> None:
        """The file is gone or changed: do not read it; where it is being read, stop that at once."""
        self._waiting.pop(key, None)
        if key == self._current and self._work is not None:
            self._current = None
            self._work.cancel()

    async def run(self) -> None:
        """Read what is wanted until cancelled; no process outlives it."""
        while True:
            await self._wanted.wait()
            while self._waiting:
                key, path = self._waiting.popitem()
                await self._serve(key, path)
            self._wanted.clear()

    async def _serve(self, key: str, path: Path) -> None:
        self._current = key
        self._work = asyncio.create_task(self._read(path))
        try:
            if self.began is not None:
                await _told(key, self.began(key))
            await asyncio.wait([self._work])
            if self._work.cancelled():
                return
            outcome = self._work.result()
        finally:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
            self._current = self._work = None
        await _told(key, self._finished(key, outcome))

    async def _read(self, path: Path) -> Outcome:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command(path),
                cwd=_ROOT,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            return NotAnalysed(f"no process could be started: {error.strerror}")
        try:
            async with asyncio.timeout(self._within):
                output, complaint = await process.communicate()
        except TimeoutError:
            return NotAnalysed(f"reading the file took longer than {self._within:g} s")
        finally:
            await _end(process)
        return _outcome(process.returncode, output, complaint)

    def _command(self, path: Path) -> list[str]:
        options = ["--nice", str(self._nice), "--processor-seconds", str(int(self._within) + 1)]
        return [sys.executable, "-m", MODULE, *options, "--", str(path.absolute())]


async def _told(key: str, telling: Awaitable[None]) -> None:
    try:
        await telling
    except Exception:
        log.exception("the analysis of %s could not be kept or told", key)


def _outcome(code: int | None, output: bytes, complaint: bytes) -> Outcome:
    if code != 0:
        lines = complaint.decode("utf-8", "replace").strip().splitlines() or [f"the process ended with {code}"]
        return NotAnalysed(lines[-1][:_LONGEST_REASON])
    try:
        return msgspec.json.decode(output, type=FileAnalysis)
    except msgspec.MsgspecError as error:
        return NotAnalysed(f"the answer cannot be understood: {error}")


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill it where it still runs, and take its exit code, so that no zombie stays."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        with contextlib.suppress(TimeoutError):
            await asyncio.shield(asyncio.wait_for(process.wait(), KILLED_WITHIN))
