"""The process of one script: confined before the first line of the user's text is read."""

from __future__ import annotations

import asyncio
import itertools
import os
import traceback
import types
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from services.load_controller.scripts import confinement
from services.load_controller.scripts.messages import Action, Begin, Call, FromScript, Ready, Result, Returned, ToScript

_IN, _OUT = 0, 1
_DECODER = msgspec.json.Decoder(ToScript)
_MODULES = ("asyncio", "collections", "datetime", "functools", "itertools", "json", "math", "random", "re", "time")


class Lines:
    """The pipe to the host: read without blocking, so that a script may wait for several things at once."""

    def __init__(self) -> None:
        self._buffer = b""
        self._waiting: list[bytes] = []

    async def next(self) -> Any:
        """The next message; EOFError when the host has gone."""
        while not self._waiting:
            chunk = await self._chunk()
            if not chunk:
                raise EOFError
            *lines, self._buffer = (self._buffer + chunk).split(b"\n")
            self._waiting += lines
        return _DECODER.decode(self._waiting.pop(0))

    async def _chunk(self) -> bytes:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(_IN, ready.set)
        try:
            await ready.wait()
            return os.read(_IN, 65536)
        finally:
            loop.remove_reader(_IN)


def tell(message: FromScript) -> None:
    """To the host; the host reads always, so this does not wait long."""
    data = msgspec.json.encode(message) + b"\n"
    while data:
        data = data[os.write(_OUT, data) :]


class House:
    """What a script may do, under the name `house`: each is awaited, and raises RuntimeError with the host's reason."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._asked: dict[int, asyncio.Future[Any]] = {}

    async def set(self, load: int, **target: Any) -> None:
        """Set a load's target state: `await house.set(1, bri=5000)`."""
        await self._do("set", load=load, target=target)

    async def ctrl(self, load: int, button: str, event: str = "click") -> None:
        """Press a load's button."""
        await self._do("ctrl", load=load, button=button, event=event)

    async def state(self, load: int) -> dict[str, Any]:
        """What a load reported last."""
        state: dict[str, Any] = await self._do("state", load=load)
        return state

    async def trigger(self, job: int) -> str:
        """Run a job; its run's id."""
        run: str = await self._do("trigger", job=job)
        return run

    async def flag(self, symbol: str) -> bool:
        """A flag's value."""
        value: bool = await self._do("flag", symbol=symbol)
        return value

    async def set_flag(self, symbol: str, value: bool) -> None:
        """Set a flag."""
        await self._do("set_flag", symbol=symbol, value=value)

    async def log(self, text: str) -> None:
        """Write a line to the controller's log."""
        await self._do("log", text=str(text)[:1000])

    def say(self, text: str) -> None:
        """The same without waiting."""
        tell(Action(next(self._ids), "log", {"text": text[:1000]}))

    def answered(self, result: Result) -> None:
        """The host has done what was asked, or says why not."""
        future = self._asked.pop(result.id, None)
        if future is None or future.done():
            return
        if result.error is not None:
            future.set_exception(RuntimeError(result.error))
        else:
            future.set_result(result.value)

    async def _do(self, name: str, **arguments: Any) -> Any:
        number = next(self._ids)
        future = self._asked[number] = asyncio.get_running_loop().create_future()
        tell(Action(number, name, arguments))
        return await future


async def main() -> None:
    """Until the host closes the pipe."""
    lines = Lines()
    begin = await lines.next()
    assert isinstance(begin, Begin)
    for name in _MODULES:
        __import__(name)
    traceback.format_exc()  # loads what a traceback needs, while files can still be read
    confinement.confine(begin.seconds, begin.memory)
    house = House()
    module = types.ModuleType(begin.name)
    module.__dict__["house"] = house
    module.__dict__["print"] = _print(house)
    tell(Ready(_run_text(begin.text, module)))
    calls: set[asyncio.Task[None]] = set()
    while True:
        message = await lines.next()
        if isinstance(message, Result):
            house.answered(message)
        elif isinstance(message, Call):
            task = asyncio.ensure_future(_call(getattr(module, message.entry, None), message.arguments))
            calls.add(task)
            task.add_done_callback(calls.discard)


def _run_text(text: str, module: types.ModuleType) -> str | None:
    try:
        exec(compile(text, module.__name__, "exec"), module.__dict__)  # noqa: S102 - the user's own text, confined
    except BaseException as error:
        return last_line(error)
    return None


async def _call(entry: Callable[..., Awaitable[Any]] | None, arguments: list[Any]) -> None:
    try:
        if entry is not None:
            waiting = entry(*arguments)
            if asyncio.iscoroutine(waiting):
                await waiting
    except BaseException as error:
        tell(Returned(last_line(error)))
    else:
        tell(Returned())


def last_line(error: BaseException) -> str:
    """The last line of the traceback, as the Wiser document wants it, at most 500 characters."""
    return traceback.format_exception_only(error)[-1].strip()[:500]


def _print(house: House) -> Callable[..., None]:
    """`print` in a script goes to the controller's log; nobody waits for it."""

    def write(*values: Any, sep: str = " ", **_: Any) -> None:
        house.say(sep.join(map(str, values)))

    return write


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except (EOFError, KeyboardInterrupt):
        os._exit(0)
