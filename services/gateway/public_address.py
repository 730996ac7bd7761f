"""The address under which a client reaches us, and the client's own: for `Location`, references and the lock-out.

`Host` is believed from everybody, because it only comes back to its sender. `X-Forwarded-For`, `-Proto`, `-Host` and
`X-Script-Name` are believed from the proxies named in `gateway.trusted_proxies` alone: OctoPrint believes them always,
which lets any client choose the address that a lock-out counts.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

_HOST = re.compile(r"^[A-Za-z0-9._~-]+(:\d{1,5})?$|^\[[0-9A-Fa-f:.]+\](:\d{1,5})?$")
_SCRIPT_NAME = re.compile(r"^(/[A-Za-z0-9._~-]+)+$")
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class TrustedProxies:
    """The addresses and networks whose forwarding headers are believed. Raises ValueError for anything else."""

    def __init__(self, proxies: Iterable[str]) -> None:
        self._networks: list[_Network] = [ipaddress.ip_network(proxy, strict=False) for proxy in proxies]

    def __contains__(self, address: str) -> bool:
        if not self._networks:
            return False
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._networks)

    def client(self, scope: Any) -> str:
        """The client's address: the last forwarded one that is no proxy of ours, else the connection's."""
        client = scope.get("client")
        address = str(client[0]) if client else "unknown"
        if not self._networks or address not in self:
            return address
        forwarded = [part.strip() for part in header(scope, b"x-forwarded-for").split(",") if part.strip()]
        return next((part for part in reversed(forwarded) if part not in self), address)

    def base(self, scope: Any) -> str:
        """`http://host:port/prefix` as the client knows it, without a slash at the end."""
        scheme, host, script = scope.get("scheme", "http"), header(scope, b"host"), ""
        client = scope.get("client")
        if client and str(client[0]) in self:
            scheme = _first(header(scope, b"x-forwarded-proto"), ("http", "https")) or scheme
            host = header(scope, b"x-forwarded-host").split(",")[0].strip() or host
            script = header(scope, b"x-script-name").rstrip("/")
        if not _HOST.match(host):
            host = _own_host(scope)
        if not _SCRIPT_NAME.match(script):
            script = ""
        return f"{scheme}://{host}{script}{quote(scope.get('root_path', ''))}"


def header(scope: Any, name: bytes) -> str:
    """The first header of this (lower-case) name, or an empty text."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return ""


def _first(text: str, allowed: Sequence[str]) -> str:
    word = text.split(",")[0].strip().lower()
    return word if word in allowed else ""


def _own_host(scope: Any) -> str:
    host, port = scope.get("server") or ("localhost", None)
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{port}" if port else host
