"""OctoPrint's API as one application: its routes, its error texts, and its ways with OPTIONS and trailing slashes."""

from __future__ import annotations

import logging
from typing import Any

from litestar import Litestar
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from services.gateway.dialects.octoprint import errors, routes, routes_document
from services.gateway.dialects.octoprint.push.application import Push, is_push
from services.gateway.dialects.octoprint.routes_job import JobReplies
from services.gateway.dispatcher import Mount
from services.gateway.gateway import LARGEST_JSON, Gateway
from shared.errors import JobError

_log = logging.getLogger(__name__)

# The documented paths that reach this dialect without its prefix.
ROOT_PATHS = (
    "api",  # what no dialect has below it is answered in OctoPrint's words
    "api/job",
    "api/control",
    "api/version",
    "api/server",
    "api/connection",
    "api/files",
    "api/printer",
    "api/printerprofiles",
    "api/login",
    "api/logout",
    "api/currentuser",
    "api/settings",
    "api/plugin",
    "api/slicing",
    "api/timelapse",
    "api/system/commands",
    "api/users",
    "api/access",
    "plugin/appkeys",
    "plugin/prusaslicerthumbnails",
    "downloads/files",
    "downloads/thumbnails",
    "sockjs",
)


_NO_METHOD = "ALLOWED"  # a method that no route has
_TEXT_TYPE = (b"content-type", b"text/html; charset=utf-8")


class OctoPrint:
    """The Litestar application, with what Flask does otherwise: `/api/version/` is not `/api/version`."""

    def __init__(self, gateway: Gateway) -> None:
        self._push = Push(gateway)
        self._app = Litestar(
            route_handlers=list(routes.HANDLERS),
            exception_handlers={
                JobError: errors.on_job_error,
                HTTPException: errors.on_http_error,
                Exception: errors.on_fault,
            },
            state=State({"gateway": gateway, "job_replies": JobReplies()}),
            request_max_body_size=LARGEST_JSON,
            openapi_config=None,
            logging_config=None,
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket" or is_push(scope):
            await self._push(scope, receive, send)
        elif scope["path"].endswith("/"):
            await errors.refusal(404)(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            scope["method"] = _NO_METHOD
            await self._app(scope, receive, _AsOptions(send))
        else:
            await self._app(scope, receive, send)


def mount(gateway: Gateway) -> Mount:
    """The row of this dialect in the table of mounts."""
    if gateway.settings.appkey_approval == "always":
        _log.warning("every application that asks for a key gets one: gateway.appkey_approval is 'always'")
    return Mount(
        prefix="octoprint", app=OctoPrint(gateway), paths=ROOT_PATHS, per_printer=True, document=routes_document.shown
    )


class _AsOptions:
    """Flask answers OPTIONS by itself: here from the 405 to a method that no route has, because it names them all."""

    def __init__(self, send: Any) -> None:
        self._send = send
        self._answered = False

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start" and message["status"] == 405:
            allow = [header for header in message["headers"] if header[0].lower() == b"allow"]
            message = {**message, "status": 200, "headers": [_TEXT_TYPE, *allow, (b"content-length", b"0")]}
            self._answered = True
        elif self._answered:
            message = {**message, "body": b""}
        await self._send(message)
