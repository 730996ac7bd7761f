"""/octoprint/openapi.json: what all these routes are, for machines. People find the same at /docs."""

from __future__ import annotations

import functools
from typing import Any

import msgspec
from litestar import get
from litestar.types import ASGIApp

from services.gateway.dialects.octoprint.openapi.document import document
from services.gateway.dialects.octoprint.routes_common import AnyRequest, public_base
from services.gateway.replies import json_bytes


@get("/openapi.json", name="octoprint_read_document")
async def read_document(request: AnyRequest) -> ASGIApp:
    """This document; its server is the address under which the client reaches this printer."""
    servers = msgspec.json.encode([{"url": public_base(request.scope)}])
    return json_bytes(b'{"servers":' + servers + b"," + _encoded()[1:])


def shown() -> dict[str, Any]:
    """The document, without its servers."""
    content: dict[str, Any] = msgspec.json.decode(_encoded())
    return content


@functools.cache
def _encoded() -> bytes:
    from services.gateway.dialects.octoprint.routes import HANDLERS  # this route is one of them

    return msgspec.json.encode(document(HANDLERS))
