"""Finds out, before anything is started, whether a port can be listened on."""

from __future__ import annotations

import errno
import socket

from services.cli.exits import CommandError, Exit

TRIES = 100


def why_not(host: str, port: int) -> str | None:
    """Why nobody can listen on `host`:`port` now, or None when it is free."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        return "in use" if error.errno == errno.EADDRINUSE else f"not usable ({error.strerror or error})"
    return None


def require_free(host: str, port: int, advice: str) -> int:
    """`port`, or any free one for 0. Raises `CommandError` (wrong use) with `advice` when it cannot be listened on."""
    if port == 0:
        return any_free(host)
    reason = why_not(host, port)
    if reason is not None:
        raise CommandError(f"port {port} on {host} is {reason}; {advice}", Exit.WRONG_USE)
    return port


def next_free(host: str, port: int) -> int:
    """The first free port from `port` on."""
    for candidate in range(port, min(port + TRIES, 65536)):
        if why_not(host, candidate) is None:
            return candidate
    raise CommandError(f"none of the ports {port} to {port + TRIES} on {host} is free", Exit.WRONG_USE)


def any_free(host: str = "127.0.0.1") -> int:
    """A port of `host` that nobody listens on now."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.bind(address)
        return int(probe.getsockname()[1])
