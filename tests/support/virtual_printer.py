"""The virtual printer as a child process: started by its command line, controlled by its socket, judged by its log."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

READY_WITHIN = 15.0
STOPPED_WITHIN = 5.0
ANSWER_WITHIN = 5.0


class VirtualPrinterProcess:
    """`with VirtualPrinterProcess("--speed", "0") as printer:` gives a printer on a pty at `printer.port`.

    Options are those of `python -m services.printer_controller.virtual_printer`; pty, control socket and log are set
    by this class (in a folder of its own, gone at the end of the `with`). `tcp=True` also serves on a loopback port.
    """

    def __init__(self, *options: str, tcp: bool = False) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="vp-"))
        self.port = str(self._folder / "printer")
        self.tcp: str | None = None
        self.log = self._folder / "executed.log"
        self._control = self._folder / "control"
        self._options = [*options, *(["--tcp", "127.0.0.1:0"] if tcp else [])]
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        """The process id while it runs."""
        assert self._process is not None, "the virtual printer was not started"
        return self._process.pid

    def start(self) -> None:
        """Start the process and wait for its ready line; AssertionError with its words when it does not come."""
        arguments = ["--pty", self.port, "--control", str(self._control), "--log", str(self.log), *self._options]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "services.printer_controller.virtual_printer", *arguments],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            text=True,
        )
        ready = self._ready_line()
        assert ready.startswith("virtual printer ready"), f"the virtual printer did not start: {ready!r}"
        fields = dict(word.split("=", 1) for word in ready.split() if "=" in word)
        self.tcp = fields.get("tcp") if fields.get("tcp") != "-" else None

    def _ready_line(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        readable, _, _ = select.select([self._process.stdout], [], [], READY_WITHIN)
        return self._process.stdout.readline().strip() if readable else f"silent for {READY_WITHIN} s"

    def control(self, command: dict[str, Any]) -> dict[str, Any]:
        """Send one command to the control socket and give its answer; an `error` in the answer is an AssertionError."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(ANSWER_WITHIN)
            line.connect(str(self._control))
            line.sendall(json.dumps(command).encode() + b"\n")
            with line.makefile("rb") as answers:
                answer: dict[str, Any] = json.loads(answers.readline())
        assert "error" not in answer, answer["error"]
        return answer

    def counters(self) -> dict[str, Any]:
        """What the firmware counted: lines executed, resends asked, bytes lost, planner starved …"""
        counters: dict[str, Any] = self.control({"read": "counters"})["counters"]
        return counters

    def executed(self) -> list[tuple[int | None, str]]:
        """Every executed command in order: its line number (None when it had none) and its text."""
        if self._process is not None and self._process.poll() is None:
            self.control({"read": "counters"})  # the log is written out before the answer
        commands: list[tuple[int | None, str]] = []
        for line in self.log.read_text(errors="surrogateescape").splitlines():
            number, _, text = line.partition(" ")
            commands.append((None if number == "-" else int(number), text))
        return commands

    def wait_executed(self, count: int, within: float = 30.0) -> None:
        """Wait until `count` commands were executed; AssertionError after `within` seconds."""
        end = time.monotonic() + within
        while (executed := self.counters()["executed"]) < count:
            assert time.monotonic() < end, f"{executed} of {count} commands executed within {within} s"
            time.sleep(0.02)

    def stop(self) -> int | None:
        """End the process in order (SIGTERM, then SIGKILL); its exit code."""
        process, self._process = self._process, None
        if process is None:
            return None
        if process.poll() is None:
            os.kill(process.pid, signal.SIGTERM)
        try:
            return process.wait(STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
        finally:
            assert process.stdout is not None
            process.stdout.close()
