"""Child processes of a bench: started as modules of this project, waited for, ended."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def _start(module: str, *arguments: str, quiet: bool = True) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL if quiet else subprocess.PIPE
    )


@asynccontextmanager
async def serving(module: str, *arguments: str, port: int | None = None) -> AsyncIterator[int]:
    """A process that runs for the length of the block, once its `port` (if any) takes connections; its process id."""
    process = _start(module, *arguments)
    try:
        if port is not None:
            await _listens(port, process)
        yield process.pid
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 10)


async def result_of(module: str, *arguments: str, within: float) -> dict[str, Any]:
    """Run a module to its end; the JSON object it printed."""
    process = _start(module, *arguments, quiet=False)
    try:
        output, _ = await asyncio.to_thread(process.communicate, None, within)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    if process.returncode:
        raise ValueError(f"{module} ended with {process.returncode}")
    answer: dict[str, Any] = json.loads(output)
    return answer


async def _listens(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and process.poll() is None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise ValueError(f"nobody listens on port {port}; exit code {process.poll()}")
