"""What stands at `/`: what this is and where things are, `/docs`, and whether the gateway is alive and ready."""

from __future__ import annotations

import functools
import html
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from services.gateway import documentation
from services.gateway.live_view import LiveView
from services.gateway.public_address import header
from services.gateway.replies import Reply, json_reply, text_reply

_ABOUT = "Jobwire: one job bus. Documented REST APIs here, every job an event on MQTT."
_PLACES = {
    "octoprint": "OctoPrint's API for the default printer",
    "octoprint/<printer>": "OctoPrint's API for one printer",
    "octoprint/openapi.json": "OctoPrint's API as an OpenAPI document",
    "wiser": "the API of a Wiser-by-Feller gateway, for the house",
    "wiser/openapi.json": "the same as an OpenAPI document",
    "docs": "every path, its bodies and its answers",
    "healthz": "whether the gateway is alive",
    "readyz": "whether the gateway can serve",
}
_METHODS = {"GET", "OPTIONS"}

Page = Callable[[Any], Reply]


def front_page(
    view: LiveView, is_connected: Callable[[], bool], documents: Mapping[str, Callable[[], dict[str, Any]]]
) -> Callable[[Any, Any, Any], Awaitable[None]]:
    """The application for `/`, `/docs`, `/healthz` and `/readyz`; `documents` by the prefix of their dialect."""

    def welcome(scope: Any) -> Reply:
        places = _PLACES | {f"octoprint/{printer}": "OctoPrint's API for this printer" for printer in view.printers()}
        if "text/html" in header(scope, b"accept"):
            return text_reply(_as_html(places), media_type="text/html; charset=utf-8")
        return json_reply({"about": _ABOUT, "paths": {f"/{path}": what for path, what in places.items()}})

    @functools.cache
    def pages_of_documents() -> str:
        return documentation.page({prefix: document() for prefix, document in documents.items()})

    def docs(_: Any) -> Reply:
        return documentation.reply(pages_of_documents())

    def health(_: Any) -> Reply:
        return json_reply({"alive": True})

    def readiness(_: Any) -> Reply:
        checks = {"broker": is_connected(), "snapshot": view.ready}
        return json_reply({"ready": all(checks.values()), **checks}, 200 if all(checks.values()) else 503)

    pages: dict[str, Page] = {"/": welcome, "/docs": docs, "/healthz": health, "/readyz": readiness}

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        page = pages.get(scope["path"])
        if page is None:
            reply = json_reply({"error": "There is nothing here; see / for what is where"}, 404)
        elif scope["method"] not in _METHODS:
            reply = json_reply({"error": "Only GET is possible here"}, 405, {"Allow": "GET, HEAD"})
        else:
            scope["path_template"] = scope["path"]
            reply = page(scope)
        await reply(scope, receive, send)

    return answer


def _as_html(places: dict[str, str]) -> str:
    rows = "".join(f"<li><code>/{html.escape(path)}</code> {html.escape(what)}</li>" for path, what in places.items())
    return f"<!doctype html><title>Jobwire</title><h1>Jobwire</h1><p>{html.escape(_ABOUT)}</p><ul>{rows}</ul>"
