"""A small HTTP/1.1 client over one kept connection: it costs the same for every server that is measured."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
import time
from dataclasses import dataclass
from typing import Any, Self

SECONDS = 2
CONNECTIONS = 8
_POSTING = """wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{body}'
"""


class Connection:
    """One request at a time; answers are (status, body)."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, headers: dict[str, str]) -> None:
        self._reader = reader
        self._writer = writer
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in headers.items())

    @classmethod
    async def open(cls, port: int, headers: dict[str, str] | None = None) -> Self:
        """Connect to the loopback address (asyncio sets TCP_NODELAY)."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        return cls(reader, writer, headers or {})

    async def get(self, path: str) -> tuple[int, bytes]:
        """A GET."""
        return await self._ask("GET", path, b"")

    async def post(self, path: str, body: dict[str, Any]) -> tuple[int, bytes]:
        """A POST of JSON."""
        return await self._ask("POST", path, json.dumps(body).encode())

    async def _ask(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{self._headers}{kind}\r\n"
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in answer.split(b"\r\n")[1:]:
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return int(answer[9:12]), await self._reader.readexactly(length) if length else b""

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


async def requests_per_second(
    port: int, path: str, headers: dict[str, str], *, connections: int = CONNECTIONS, body: dict[str, Any] | None = None
) -> float:
    """GETs (or, with a body, POSTs) a second over 2 seconds: by wrk where it is installed, else by `Connection`.

    Raises ValueError when anything else than 200 or 204 was answered.
    """
    load = _Load(port, path, headers, connections, body)
    program = shutil.which("wrk")
    return await (_by_wrk(program, load) if program else _by_connections(load))


@dataclass(frozen=True)
class _Load:
    port: int
    path: str
    headers: dict[str, str]
    connections: int
    body: dict[str, Any] | None


async def _by_wrk(program: str, load: _Load) -> float:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        given = [argument for name, value in load.headers.items() for argument in ("-H", f"{name}: {value}")]
        if load.body is not None:
            script.write(_POSTING.format(body=json.dumps(load.body)))
            script.flush()
            given += ["-s", script.name]
        process = await asyncio.create_subprocess_exec(
            program, "-t1", f"-c{load.connections}", f"-d{SECONDS}s", *given,
            f"http://127.0.0.1:{load.port}{load.path}", stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output = (await process.communicate())[0].decode()
    if "Non-2xx" in output or "Socket errors" in output:
        raise ValueError(f"wrk saw other answers than 200: {output}")
    return float(next(line.split()[1] for line in output.splitlines() if line.startswith("Requests/sec:")))


async def _by_connections(load: _Load) -> float:
    end = time.monotonic() + SECONDS

    async def one() -> int:
        connection, count = await Connection.open(load.port, load.headers), 0
        while time.monotonic() < end:
            asked = connection.get(load.path) if load.body is None else connection.post(load.path, load.body)
            if (status := (await asked)[0]) not in (200, 204):
                raise ValueError(f"{load.path} answered {status}")
            count += 1
        connection.close()
        return count

    return sum(await asyncio.gather(*(one() for _ in range(load.connections)))) / SECONDS
