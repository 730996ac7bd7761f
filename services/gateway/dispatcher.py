"""One port for all documented APIs: finds the dialect of a request by its path and hands it over.

A dialect is a row in the table of mounts. It is reached below its prefix (`/octoprint/…`, and `/octoprint/<printer>/…`
for each printer) and, at the root, at the documented paths that it names.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.gateway.measures import Measured
from services.gateway.replies import json_reply
from services.gateway.shared_paths import SharedPath
from shared.identifiers import is_slug

App = Callable[[Any, Any, Any], Awaitable[None]]
Claims = Callable[[Any, bytes], bool]
Document = Callable[[], dict[str, Any]]

HEAD = "jobwire.head"  # the scope key that is there when only the head of an answer is wanted
PRINTER = "jobwire.printer"  # the scope key of the printer that the path named, or None
_SLASHES = re.compile(r"/{2,}")
_NOT_FOUND = {"error": "There is nothing here; see / for what is where"}


@dataclass(frozen=True)
class Mount:
    """One dialect: `paths` are the documented ones, as their first segments: two (`api/job`), one (`sockjs`)
    or three where another dialect has the first two as well (`api/system/commands`). The longest that fits decides.

    `claims` says, for those of `paths` that another dialect has as well, by a request's head and the beginning of its
    body whether it is this one's. `sockets` are whole paths whose WebSockets are this one's, whoever has the path.
    `per_printer` allows a printer's id after the prefix; then the first segments of `paths` cannot be printer ids.
    `document` gives the OpenAPI document that the dialect itself answers at `<prefix>/openapi.json`.
    """

    prefix: str
    app: App
    paths: Sequence[str]
    per_printer: bool = False
    document: Document | None = None
    claims: Mapping[str, Claims] = field(default_factory=dict)
    sockets: Sequence[str] = ()


class Dispatcher:
    """Merges repeated slashes, answers HEAD as GET, sets `root_path`, and passes the request on."""

    def __init__(self, mounts: Sequence[Mount], front: App) -> None:
        self._front: App = Measured(front, "front")
        self._nothing: App = Measured(_nothing, "none")
        self._mounts = {mount.prefix: (mount, Measured(mount.app, mount.prefix)) for mount in mounts}
        self._roots = self._rooted(mounts)
        self._sockets = {path: self._mounts[mount.prefix][1] for mount in mounts for path in mount.sockets}
        self._firsts = {mount.prefix: {path.split("/")[0] for path in mount.paths} for mount in mounts}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope = dict(scope)
        path = scope["path"]
        if "//" in path:
            path = scope["path"] = _SLASHES.sub("/", path)
        segments = path.split("/", 4)[1:4]
        app, scope["root_path"], scope[PRINTER] = self._find(segments)
        if scope["type"] == "websocket":
            app = self._sockets.get(path, app)
            if app in (self._front, self._nothing):
                await _close(receive, send)
                return
        if scope.get("method") == "HEAD":
            scope["method"], scope[HEAD] = "GET", True  # the server leaves the body out
        await app(scope, receive, send)

    def _rooted(self, mounts: Sequence[Mount]) -> dict[tuple[str, ...], App]:
        """The application of each path at the root; what one dialect does not claim is the next one's that has it."""
        roots: dict[tuple[str, ...], App] = {}
        for mount in reversed(mounts):
            app = self._mounts[mount.prefix][1]
            for path in mount.paths:
                place = tuple(path.split("/"))
                claims, others = mount.claims.get(path), roots.get(place, self._nothing)
                roots[place] = app if claims is None else SharedPath(claims, app, others)
        return roots

    def _find(self, segments: list[str]) -> tuple[App, str, str | None]:
        """The application, the prefix that led to it, and the printer that the prefix named."""
        roots = self._roots
        app = roots.get(tuple(segments)) or roots.get(tuple(segments[:2])) or roots.get((segments[0],))
        if app is not None:
            return app, "", None
        mounted = self._mounts.get(segments[0])
        if mounted is None:
            return (self._front if len(segments) == 1 else self._nothing), "", None
        mount, app = mounted
        printer = segments[1] if len(segments) > 2 and mount.per_printer else ""
        if printer and printer not in self._firsts[mount.prefix] and is_slug(printer):
            return app, f"/{mount.prefix}/{printer}", printer
        return app, f"/{mount.prefix}", None


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    await json_reply(_NOT_FOUND, 404)(scope, receive, send)


async def _close(receive: Any, send: Any) -> None:
    """Refuse a WebSocket where no dialect has one."""
    await receive()
    await send({"type": "websocket.close", "code": 1000})
