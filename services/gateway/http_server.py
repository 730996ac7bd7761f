"""The HTTP server as one coroutine of the service: it ends in order when the service stops, and a fault ends it all."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn

from services.gateway import slow_sockets
from services.gateway.slow_clients import PatientProtocol
from shared.settings import GatewaySettings, SettingsError

_log = logging.getLogger(__name__)

_BACKLOG = 2048
_KEEP_ALIVE = 30  # seconds that an idle connection stays open
_GRACE = 4  # seconds for running requests when the service stops
_MOST_CONNECTIONS = 4096
_FILES_FOR_US = 128  # open files kept back for database, broker and blobs


class _Server(uvicorn.Server):
    """Signals belong to the service runner."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind(settings: GatewaySettings) -> socket.socket:
    """The listening socket. Raises `SettingsError` with one sentence when host or port cannot be used."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        raise SettingsError(f"cannot listen on {settings.host} port {settings.port}: {error.strerror}") from error
    return listener


async def serve(app: Any, listener: socket.socket, stopping: asyncio.Event) -> None:
    """Serve `app` until `stopping` is set; running requests then have 4 s."""
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # a line for each broken request would be a lever
    logging.getLogger("uvicorn.access").disabled = True  # a query can hold a key
    PatientProtocol.most_connections = _most_connections()
    config = uvicorn.Config(
        app, http=PatientProtocol, lifespan="off", log_config=None, access_log=False,
        ws=slow_sockets.PatientSocket, ws_max_size=slow_sockets.LARGEST_MESSAGE, ws_per_message_deflate=False,
        ws_ping_interval=slow_sockets.PING_EVERY, ws_ping_timeout=slow_sockets.PING_EVERY,
        server_header=False, proxy_headers=False, backlog=_BACKLOG, timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=_GRACE,
    )  # fmt: skip
    server = _Server(config)
    stop = asyncio.create_task(_stop(server, stopping))
    host, port = listener.getsockname()[:2]
    _log.info("listening on http://%s:%s", f"[{host}]" if ":" in host else host, port)
    try:
        await server.serve(sockets=[listener])
    finally:
        stop.cancel()
    if not stopping.is_set():
        raise RuntimeError("the HTTP server has ended by itself")


async def _stop(server: uvicorn.Server, stopping: asyncio.Event) -> None:
    await stopping.wait()
    server.should_exit = True


def _most_connections() -> int:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_CONNECTIONS + _FILES_FOR_US
    if soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard) if hard > 0 else wanted, hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return max(16, min(_MOST_CONNECTIONS, soft - _FILES_FOR_US))
