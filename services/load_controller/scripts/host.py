"""Runs user scripts: one confined process each, started and ended here, whose every wish goes through `Actions`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from services.load_controller.scripts import confinement
from services.load_controller.scripts.messages import (
    LONGEST_LINE,
    Action,
    Begin,
    Call,
    FromScript,
    Ready,
    Result,
    Returned,
    ToScript,
)
from shared.clock import Clock
from shared.errors import Conflict, JobError, Refused
from shared.load_settings import ScriptSettings

LOG = logging.getLogger(__name__)

MOST = 16  # scripts at a time
CALL_WITHIN = 60.0  # seconds for one entry point, waiting included
READY_WITHIN = 10.0
END_WITHIN = 2.0
MOST_ACTIONS = 1000  # of one entry point
_DECODER = msgspec.json.Decoder(FromScript)
_MIB = 1024 * 1024
_INTERPRETER = 192 * _MIB  # of address space that the interpreter itself takes, before the script's own share


class Actions(Protocol):
    """What the controller does for a script. Raises `JobError` for what it refuses."""

    async def do(self, script: str, name: str, arguments: dict[str, Any]) -> Any: ...


class Process:
    """One script's process."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, actions: Actions) -> None:
        self.name = name
        self._process = process
        self._actions = actions
        self._lock = asyncio.Lock()

    @property
    def running(self) -> bool:
        """Whether it is still there."""
        return self._process.returncode is None

    async def call(self, entry: str, *arguments: Any, within: float = CALL_WITHIN) -> str | None:
        """Call an entry point and do what the script asks for meanwhile; answers its error line, if it failed."""
        async with self._lock:
            await self.tell(Call(entry, list(arguments)))
            return await self.until_returned(within)

    async def until_returned(self, within: float) -> str | None:
        """The error of the call, or of the end of the process."""
        try:
            async with asyncio.timeout(within):
                for _ in range(MOST_ACTIONS):
                    message = await self._next()
                    if not isinstance(message, Action):
                        return message.error
                    await self._act(message)
            return f"RuntimeError: more than {MOST_ACTIONS} actions in one call"
        except TimeoutError:
            return f"TimeoutError: the script took longer than {within:.0f} s"
        except (EOFError, ConnectionError, ValueError, asyncio.LimitOverrunError, msgspec.MsgspecError):
            return await self._why_it_ended()

    async def tell(self, message: ToScript) -> None:
        """Send it a line."""
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write(msgspec.json.encode(message) + b"\n")
            await self._process.stdin.drain()

    async def end(self) -> None:
        """Kill it. What it wrote is read to its end, or its pipe would keep it from being counted as ended."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        assert self._process.stdout is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_WITHIN):
                await self._process.stdout.read()
                await self._process.wait()

    async def _next(self) -> Ready | Returned | Action:
        assert self._process.stdout is not None
        line = await self._process.stdout.readuntil(b"\n")
        message: Ready | Returned | Action = _DECODER.decode(line)
        return message

    async def _act(self, action: Action) -> None:
        try:
            value = await self._actions.do(self.name, action.name, action.arguments)
        except JobError as error:
            await self.tell(Result(action.id, error=error.message))
        except (TypeError, ValueError, KeyError):
            await self.tell(Result(action.id, error=f"{action.name}: wrong arguments"))
        else:
            await self.tell(Result(action.id, value=value))

    async def _why_it_ended(self) -> str:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), END_WITHIN)
        code = self._process.returncode
        await self.end()
        return _ENDS.get(code or 0, "RuntimeError: the script's process ended")


_ENDS = {
    -24: "TimeoutError: the script used up its processor time",  # SIGXCPU
    -9: "TimeoutError: the script used up its processor time",  # the hard limit
    -31: "PermissionError: the script tried what scripts may not",  # SIGSYS
    -11: "MemoryError: the script used up its memory",
    -6: "MemoryError: the script used up its memory",
}


class ScriptHost:
    """All running scripts by name. `close` ends them."""

    def __init__(self, settings: ScriptSettings, actions: Actions, clock: Clock) -> None:
        self._settings = settings
        self._actions = actions
        self._clock = clock
        self._running: dict[str, Process] = {}
        self._room = asyncio.Semaphore(MOST)

    def is_running(self, name: str) -> bool:
        """Whether it was started and is still there."""
        process = self._running.get(name)
        return process is not None and process.running

    async def run(self, name: str, text: str, entry: str, *arguments: Any) -> str | None:
        """Call one entry point: of the process that was started, else of one that lives for this call alone.

        Answers the last line of the traceback when it fails. Raises `Refused` (`scripts_off`) where scripts are not
        allowed, `Conflict` when too many run.
        """
        self._check()
        process = self._running.get(name)
        if process is not None and process.running:
            return await process.call(entry, *arguments)
        async with self._place():
            process, error = await self._begin(name, text)
            try:
                return error or await process.call(entry, *arguments)
            finally:
                await process.end()

    async def start(self, name: str, text: str) -> str | None:
        """Begin a script that stays, and call its `onStart`; answers its error line. One that runs is begun anew."""
        self._check()
        await self.stop(name)
        if len(self._running) >= MOST:
            raise Conflict(f"{MOST} scripts are running already", code="too_many_scripts")
        process, error = await self._begin(name, text)
        error = error or await process.call("onStart")
        if error is None:
            self._running[name] = process
        else:
            await process.end()
        return error

    async def stop(self, name: str) -> str | None:
        """Call its `onStop`, then end it; answers the error line of `onStop`."""
        process = self._running.pop(name, None)
        if process is None:
            return None
        error = await process.call("onStop") if process.running else None
        await process.end()
        return error

    async def close(self) -> None:
        """End all of them, without ceremony."""
        running, self._running = list(self._running.values()), {}
        for process in running:
            await process.end()

    def _check(self) -> None:
        if not self._settings.allowed:
            raise Refused("scripts are not executed here: set scripts.allowed = true", code="scripts_off")
        reason = confinement.why_not()
        if reason is not None:
            raise Refused(reason, code="scripts_off")

    @contextlib.asynccontextmanager
    async def _place(self) -> Any:
        if self._room.locked():
            raise Conflict(f"{MOST} scripts are running already", code="too_many_scripts")
        async with self._room:
            yield

    async def _begin(self, name: str, text: str) -> tuple[Process, str | None]:
        started = await asyncio.create_subprocess_exec(
            *_command(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},  # no secret of ours
            cwd="/",
            limit=LONGEST_LINE,
        )
        process = Process(name, started, self._actions)
        memory = _INTERPRETER + self._settings.memory * _MIB
        await process.tell(Begin(name, text, self._settings.seconds, memory))
        error = await process.until_returned(READY_WITHIN)
        if error is not None:
            LOG.info("script %s: %s", name, error)
        return process, error


def _command() -> Sequence[str]:
    return (sys.executable, "-m", "services.load_controller.scripts.child")
