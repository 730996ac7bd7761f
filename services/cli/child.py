"""One child process: started, its lines passed on, started again with a growing delay, and stopped when asked."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from services.cli.backoff import Restarts
from services.cli.data_folder import born
from services.cli.output import LineCutter, Output
from services.cli.tether import tether
from shared.settings_loading import PREFIX

CHUNK = 64 * 1024
DRAIN = 0.5

Ready = Callable[[], Awaitable[str | None]]


@dataclass(frozen=True)
class Unit:
    """What to run. `ready` answers None, or why not yet; `patience`: how long the next one waits for this one to stop.

    `before` is called before each start.
    """

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    ready: Ready
    patience: float = 3.0
    ops_port: int | None = None
    before: Callable[[], None] = field(default=lambda: None)


def plain_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without our settings (and so without our secrets), for programs that do not need them."""
    return {name: value for name, value in environ.items() if not name.startswith(PREFIX)}


def described(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


class Child:
    """Keeps one unit running until `stop`; `changed` is called when its process id changes."""

    def __init__(self, unit: Unit, output: Output, changed: Callable[[], None]) -> None:
        self.unit = unit
        self.pid: int | None = None
        self.born: str | None = None
        self.ends = 0
        self.last_end = ""
        self._output = output
        self._changed = changed
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Run the process, and again after each end; returns after `stop` only."""
        restarts = Restarts()
        try:
            while not self._stopping.is_set():
                started = time.monotonic()
                self.last_end = await self._run_once()
                if self._stopping.is_set():
                    return
                self.ends += 1
                restarts = restarts.ended(time.monotonic() - started)
                delay = restarts.delay(random.random())  # noqa: S311 (jitter)
                self._output.say(f"{self.unit.name} ended ({self.last_end}); starting it again in {delay:.1f} s")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), delay)
        finally:
            self._ended.set()

    def stop(self) -> None:
        """Ask the process to end (SIGTERM) and do not start it again."""
        self._stopping.set()
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process and all it started, at once."""
        self._stopping.set()
        self._signal(signal.SIGKILL)

    async def ended(self, within: float) -> bool:
        """Whether it is gone after at most `within` seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), within)
        return self._ended.is_set()

    async def _run_once(self) -> str:
        try:
            self.unit.before()
            process = await asyncio.create_subprocess_exec(
                *self.unit.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=dict(self.unit.environ),
                start_new_session=True,
                preexec_fn=tether(),
            )
        except OSError as error:
            return f"could not be started: {error}"
        self._is_now(process.pid)
        if self._stopping.is_set():  # stopped while it was being started
            self._signal(signal.SIGTERM)
        reading = asyncio.ensure_future(self._pass_on(process.stdout))
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            self._signal(signal.SIGKILL)
            raise
        finally:
            self._is_now(None)
            await asyncio.wait([reading], timeout=DRAIN)
            reading.cancel()
        return described(code)

    async def _pass_on(self, stream: asyncio.StreamReader | None) -> None:
        assert stream is not None
        cutter = LineCutter()
        while data := await stream.read(CHUNK):
            for line in cutter.feed(data):
                self._output.child(self.unit.name, line)
        for line in cutter.end():
            self._output.child(self.unit.name, line)

    def _is_now(self, pid: int | None) -> None:
        self.pid, self.born = pid, born(pid) if pid else None
        self._changed()

    def _signal(self, number: int) -> None:
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)
