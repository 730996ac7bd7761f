"""The Wiser API as one application: its routes, its errors, its WebSocket, and where it stands at the root."""

from __future__ import annotations

import logging
from typing import Any

from litestar import Litestar
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from services.gateway.dialects.wiser import errors, routes, routes_document
from services.gateway.dialects.wiser.channel import Channel
from services.gateway.dialects.wiser.presses import Presses
from services.gateway.dispatcher import Mount
from services.gateway.framework import reject_handshake
from services.gateway.gateway import LARGEST_JSON, Gateway
from services.gateway.shared_paths import has_parameters
from shared.errors import JobError

_log = logging.getLogger(__name__)

SOCKET = "/api"
JOBS = "api/jobs"

# The documented paths that reach this dialect without its prefix.
ROOT_PATHS = (
    JOBS,
    "api/account",
    "api/info",
    "api/site",
    "api/rooms",
    "api/scenes",
    "api/devices",
    "api/loads",
    "api/hvacgroups",
    "api/smartbuttons",
    "api/timers",
    "api/scripts",
    "api/net",
    "api/time",
    "api/sensors",
    "api/groupctrls",
    "api/schedulers",
    "api/westgroups",
    "api/system/flags",
    "api/system/conditions",
    "api/system/health",
)


class Wiser:
    """The Litestar application and the WebSocket beside it."""

    def __init__(self, gateway: Gateway) -> None:
        self._channel = Channel(gateway)
        state = {
            "gateway": gateway,
            "presses": Presses(gateway),
            "channel": self._channel,
            "began": gateway.clock.monotonic(),
        }
        self._app = Litestar(
            route_handlers=list(routes.HANDLERS),
            exception_handlers={
                JobError: errors.on_job_error,
                HTTPException: errors.on_http_error,
                Exception: errors.on_fault,
            },
            state=State(state, deep_copy=False),
            request_max_body_size=LARGEST_JSON,
            openapi_config=None,
            logging_config=None,
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
        elif scope["path"][len(scope.get("root_path", "")) :] == SOCKET:
            await self._channel(scope, receive, send)
        else:
            await receive()
            await reject_handshake(errors.refusal(404), send)


def mount(gateway: Gateway) -> Mount:
    """The row of this dialect in the table of mounts."""
    if gateway.wiser.unlocked:
        _log.warning("the Wiser API asks for no token: wiser.unlocked is set")
    if gateway.wiser.claim == "auto":
        _log.warning("every client that claims an account gets one: wiser.claim is 'auto'")
    return Mount(
        prefix="wiser",
        app=Wiser(gateway),
        paths=ROOT_PATHS,
        document=routes_document.shown,
        claims={JOBS: lambda scope, beginning: not has_parameters(scope, beginning)},
        sockets=(SOCKET,),
    )
