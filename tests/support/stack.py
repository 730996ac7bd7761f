"""The whole system, started as a user starts it (`jobwire up`), on free ports and a folder of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import httpx

from tests.support.mqtt_client import Listener

KEY = "key-of-the-tests-0123456789"
SERVICES = ("broker", "printer_controller", "gateway")


def free_ports(count: int) -> list[int]:
    """Ports of the loopback address that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def jobwire() -> list[str]:
    """The command `jobwire` of the environment the tests run in."""
    script = Path(sys.executable).with_name("jobwire")
    return [str(script)] if script.exists() else [sys.executable, "-m", "services.cli"]


def printer_table(printer: str, port: str | Path, *, lines: Iterable[str] = ()) -> str:
    """One `[[printer]]` of a `jobwire.toml`; `lines` are further settings as they stand in the file."""
    return "\n".join(["[[printer]]", f'id = "{printer}"', f'port = "{port}"', *lines, ""])


class Stack:
    """`async with Stack(folder, config=…) as stack`; a second `start` after `stop` keeps ports, data and key.

    `config` is the text of a `jobwire.toml`; without it the stack runs its own virtual printer.
    """

    def __init__(
        self,
        folder: Path,
        *,
        config: str | None = None,
        environ: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.log_path = folder / "up.log"
        self.port, self.broker_port = free_ports(2)
        self.key = KEY
        self._config = config
        self._environ = dict(environ or {})
        self._options = list(options)
        self._process: subprocess.Popen[bytes] | None = None
        self._read_from = 0

    @property
    def url(self) -> str:
        """The address of the gateway."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process id of `jobwire up` itself."""
        assert self._process is not None, "the stack was not started"
        return self._process.pid

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        if error is not None:
            error.add_note(f"--- the end of {self.log_path} ---\n{self.log_tail()}")

    async def start(self, within: float = 45.0) -> None:
        """Run `jobwire up` and wait for its `jobwire ready`; an AssertionError with the log when it does not come."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._read_from = self.log_path.stat().st_size if self.log_path.exists() else 0
        with self.log_path.open("ab") as log:
            self._process = self._run(log)
        await self.said("jobwire ready", within=within)

    async def stop(self, within: float = 20.0) -> float:
        """SIGTERM as Ctrl-C would; the seconds it took. Whatever is left after `within` is killed, and said so."""
        process, started = self._process, time.monotonic()
        if process is None:
            return 0.0
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        children = self._known_children()
        try:
            await _ended(process, within)
        finally:
            self._process = None
            if process.poll() is None:
                _kill(process, children)
        return time.monotonic() - started

    async def said(self, text: str, *, within: float) -> None:
        """Wait until the output since the last start contains `text`."""
        deadline = time.monotonic() + within
        while text not in self.output():
            if self._process is not None and self._process.poll() is not None:
                raise AssertionError(f"jobwire up ended with {self._process.returncode}\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"jobwire up did not say {text!r} within {within} s\n{self.log_tail()}")
            await asyncio.sleep(0.02)

    def output(self) -> str:
        """What `jobwire up` and its children wrote since the last start."""
        with self.log_path.open("rb") as log:
            log.seek(self._read_from)
            return log.read().decode(errors="replace")

    def log_tail(self, lines: int = 60) -> str:
        """The last lines of the log file."""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def units(self) -> dict[str, dict[str, Any]]:
        """The children by name, as the launcher wrote them down."""
        content: dict[str, Any] = json.loads((self.data / "run" / "up.json").read_text())
        return dict(content["units"])

    def pids(self) -> dict[str, int]:
        """The process ids of the children by service."""
        return {name: int(unit["pid"]) for name, unit in self.units().items() if unit.get("pid")}

    async def restarted(self, service: str, old: int, *, within: float = 10.0) -> None:
        """Wait until another process than `old` runs as `service`."""
        deadline = time.monotonic() + within
        while self.pids().get(service) in (None, old):
            assert time.monotonic() < deadline, f"{service} was not started again within {within} s\n{self.log_tail()}"
            await asyncio.sleep(0.02)

    def _known_children(self) -> list[int]:
        with contextlib.suppress(OSError, ValueError, KeyError):
            return list(self.pids().values())
        return []

    def kill(self, service: str, number: int = signal.SIGKILL) -> int:
        """Send a signal to one child; its process id."""
        pid = self.pids()[service]
        os.kill(pid, number)
        return pid

    def client(self, *, key: str | None = None, prefix: str = "", timeout: float = 15.0) -> httpx.AsyncClient:
        """An HTTP client with the administrator's key (or another; an empty one sends none)."""
        used = self.key if key is None else key
        headers = {"X-Api-Key": used} if used else {}
        return httpx.AsyncClient(base_url=self.url + prefix, headers=headers, timeout=timeout)

    def listener(self, *topics: str) -> Listener:
        """An MQTT client on this stack's broker."""
        return Listener(self.broker_port, *topics)

    def _run(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command(), env=self.environment(), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip

    def _command(self) -> list[str]:
        arguments = ["--port", str(self.port), "--broker-port", str(self.broker_port), "--data", str(self.data)]
        if self._config is not None:
            path = self.folder / "jobwire.toml"
            path.write_text(self._config)
            arguments += ["--config", str(path)]
        return [*jobwire(), "up", *arguments, *self._options]

    def environment(self) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("JOBWIRE_")}
        return {**plain, "JOBWIRE_ADMIN_KEY": self.key, "JOBWIRE_INSTANCE": "here", **self._environ}


async def _ended(process: subprocess.Popen[bytes], within: float) -> None:
    deadline = time.monotonic() + within
    while process.poll() is None:
        if time.monotonic() > deadline:
            raise AssertionError(f"jobwire up did not end within {within} s of SIGTERM")
        await asyncio.sleep(0.02)


def _kill(process: subprocess.Popen[bytes], children: Iterable[int]) -> None:
    process.kill()
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait(5)
