"""The limit of an asyncio host: a bare ping-pong loop with line numbers and checksums, and nothing else.

`python -m tests.bench.bare_loop PORT FILE [BAUDRATE]` prints one JSON object: lines, seconds and processor seconds.
No resends, no states, no temperatures: it trusts each `ok`, as no real host may.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

import serial

from tests.support.gcode import numbered, sent_lines

GREETING = 2.0


class PingPong:
    """Sends a line when the `ok` of the one before has come."""

    def __init__(self, descriptor: int, lines: list[str]) -> None:
        self._descriptor = descriptor
        self._lines = enumerate(lines, 1)
        self._rest = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def send(self) -> None:
        """The next line, or the end."""
        number, line = next(self._lines, (0, ""))
        if number:
            os.write(self._descriptor, numbered(line, number))
        elif not self.done.done():
            self.done.set_result(None)

    def readable(self) -> None:
        """Count the `ok`s in what has come."""
        *lines, self._rest = (self._rest + os.read(self._descriptor, 4096)).split(b"\n")
        for line in lines:
            if line.startswith(b"ok"):
                self.send()


async def stream(port: str, lines: list[str], baudrate: int) -> dict[str, float]:
    """Send all lines; the figures of the run."""
    loop = asyncio.get_running_loop()
    with serial.Serial(port, baudrate, timeout=0, exclusive=True) as line:
        descriptor = line.fileno()
        await asyncio.sleep(GREETING)
        os.write(descriptor, numbered("M110 N0", 0))
        await asyncio.sleep(0.3)
        line.reset_input_buffer()
        host = PingPong(descriptor, lines)
        loop.add_reader(descriptor, host.readable)
        started, cpu = time.monotonic(), time.process_time()
        host.send()
        await host.done
        seconds, cpu = time.monotonic() - started, time.process_time() - cpu
        loop.remove_reader(descriptor)
    return {"lines": len(lines), "seconds": seconds, "cpu": cpu}


if __name__ == "__main__":
    baud = int(sys.argv[3]) if len(sys.argv) > 3 else 115200
    print(json.dumps(asyncio.run(stream(sys.argv[1], sent_lines(Path(sys.argv[2]).read_bytes()), baud))))
