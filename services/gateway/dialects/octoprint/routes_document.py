"""/octoprint/openapi.json: what all these routes are, for machines. People find the same at /docs."""

from __future__ import annotations

from typing import Any

from litestar import get
from litestar.types import ASGIApp

from services.gateway.dialects.octoprint.openapi.document import document
from services.gateway.dialects.octoprint.routes_common import AnyRequest, public_base
from services.gateway.openapi.served import ServedDocument


def _made() -> dict[str, Any]:
    from services.gateway.dialects.octoprint.routes import HANDLERS  # this route is one of them

    return document(HANDLERS)


_DOCUMENT = ServedDocument(_made)
shown = _DOCUMENT.shown


@get("/openapi.json", name="octoprint_read_document")
async def read_document(request: AnyRequest) -> ASGIApp:
    """This document; its server is the address under which the client reaches this printer."""
    return _DOCUMENT.reply(public_base(request.scope))
