"""OctoPrint from PyPI as a peer, only when asked for: in a virtual environment of its own, driven by REST."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.support.stack import free_ports
from tests.support.virtual_printer import VirtualPrinterProcess

KEY = "0123456789ABCDEF0123456789ABCDEF"
READY_WITHIN = 90.0
QUIET_PLUGINS = (
    "announcements", "tracking", "softwareupdate", "discovery", "errortracking", "achievements", "gcodeviewer",
    "health_check", "backup", "firmware_check", "file_check", "pi_support", "virtual_printer", "classicwebcam",
    "action_command_notification", "action_command_prompt",
)  # fmt: skip


@dataclass(frozen=True)
class OctoPrint:
    """An installed OctoPrint; `version` as pip knows it."""

    program: Path
    version: str

    @asynccontextmanager
    async def printing_on(self, folder: Path, printer: VirtualPrinterProcess) -> AsyncIterator[RunningOctoPrint]:
        """A server connected to `printer`, with nothing that phones home or works beside the print."""
        (port,) = free_ports(1)
        (folder / "config.yaml").write_text(_configuration(printer.port))
        process = self._serve(folder, port)
        try:
            async with httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}", headers={"X-Api-Key": KEY}, timeout=30
            ) as client:
                running = RunningOctoPrint(process.pid, client)
                await running.connect(printer.port)
                yield running
        finally:
            process.terminate()
            process.wait(20)

    def _serve(self, folder: Path, port: int) -> subprocess.Popen[bytes]:
        where = ["--basedir", str(folder), "--host", "127.0.0.1", "--port", str(port)]
        with (folder / "server.log").open("wb") as log:
            return subprocess.Popen(
                [str(self.program), "serve", *where, "--iknowwhatimdoing"],  # it may run as root
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )


@dataclass(frozen=True)
class RunningOctoPrint:
    """A server that is connected to its printer."""

    pid: int
    client: httpx.AsyncClient

    async def connect(self, port: str) -> None:
        """Wait for the server, then for its printer."""
        await self._until("Offline", "Operational", within=READY_WITHIN)
        answer = await self.client.post(
            "/api/connection", json={"command": "connect", "port": port, "baudrate": 115200, "autoconnect": False}
        )
        assert answer.status_code == 204, answer.text
        await self._until("Operational", within=30)

    @property
    def port(self) -> int:
        """Where it answers."""
        return int(self.client.base_url.port or 80)

    async def print(self, content: bytes, *, within: float) -> None:
        """Upload, print and wait for the end."""
        await self.start(content)
        await self._until("Operational", within=within)

    async def start(self, content: bytes) -> None:
        """Upload and print."""
        answer = await self.client.post(
            "/api/files/local", files={"file": ("part.gcode", content)}, data={"select": "true", "print": "true"}
        )
        assert answer.status_code == 201, answer.text
        await self._until("Printing", "Starting", "Finishing", within=10)

    async def _until(self, *states: str, within: float) -> None:
        deadline, seen = time.monotonic() + within, "nothing"
        while time.monotonic() < deadline:
            try:
                answer = await self.client.get("/api/job")
                seen = answer.text[:200]
                if answer.status_code == 200 and answer.json()["state"] in states:
                    return
            except httpx.TransportError as error:
                seen = repr(error)
            await asyncio.sleep(0.2)
        raise AssertionError(f"OctoPrint was not {' or '.join(states)} within {within} s: {seen}")


def install(folder: Path) -> OctoPrint:
    """OctoPrint in a virtual environment below `folder`, made unless it is there already."""
    place = folder / "octoprint-venv"
    if not (place / "bin" / "octoprint").exists():
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        subprocess.run([str(place / "bin" / "pip"), "install", "--quiet", "octoprint"], check=True, timeout=900)
    shown = subprocess.run(
        [str(place / "bin" / "pip"), "show", "octoprint"], check=True, capture_output=True, text=True
    ).stdout
    version = next(line.split()[1] for line in shown.splitlines() if line.startswith("Version:"))
    return OctoPrint(place / "bin" / "octoprint", version)


def _configuration(port: str) -> str:
    disabled = "\n".join(f"  - {name}" for name in QUIET_PLUGINS)
    return f"""\
server:
  firstRun: false
  seenWizards: {{}}
  secretKey: {KEY}
  onlineCheck: {{enabled: false}}
  pluginBlacklist: {{enabled: false}}
accessControl:
  salt: {KEY}
api:
  key: {KEY}
gcodeAnalysis:
  runAt: never
serial:
  additionalPorts: ["{port}"]
  autoconnect: false
  log: false
  disconnectOnErrors: true
webcam:
  timelapse: {{type: "off"}}
plugins:
  _disabled:
{disabled}
"""
