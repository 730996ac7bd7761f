"""A document as it is served: encoded once, with the address under which the client reached it as its server."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import msgspec

from services.gateway.replies import Reply, json_bytes


class ServedDocument:
    """`make` is called once, at the first use."""

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        self._make = make

    def reply(self, base: str) -> Reply:
        """The answer to a client that knows us as `base`."""
        servers = msgspec.json.encode([{"url": base}])
        return json_bytes(b'{"servers":' + servers + b"," + self._encoded[1:])

    def shown(self) -> dict[str, Any]:
        """The document, without its servers."""
        content: dict[str, Any] = msgspec.json.decode(self._encoded)
        return content

    @functools.cached_property
    def _encoded(self) -> bytes:
        return msgspec.json.encode(self._make())
