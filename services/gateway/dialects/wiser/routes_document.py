"""/wiser/openapi.json: what all these routes are, for machines. People find the same at /docs."""

from __future__ import annotations

from typing import Any

from litestar import get
from litestar.types import ASGIApp

from services.gateway.dialects.wiser.described import DESCRIPTION
from services.gateway.dialects.wiser.routes_common import AnyRequest, gateway_of
from services.gateway.openapi.document import document
from services.gateway.openapi.served import ServedDocument


def _made() -> dict[str, Any]:
    from services.gateway.dialects.wiser.routes import HANDLERS  # this route is one of them

    return document(HANDLERS, DESCRIPTION)


_DOCUMENT = ServedDocument(_made)
shown = _DOCUMENT.shown


@get("/openapi.json", name="wiser_read_document")
async def read_document(request: AnyRequest) -> ASGIApp:
    """This document; its server is the address under which the client reaches it. It asks for no token."""
    return _DOCUMENT.reply(gateway_of(request.scope).proxies.base(request.scope))
