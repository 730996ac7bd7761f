"""Counts and times every request, outside the applications, so that refusals and unknown paths count as well."""

from __future__ import annotations

import time
from typing import Any

from prometheus_client import Counter, Histogram

REQUESTS = Counter("jobwire_http_requests_total", "Answered HTTP requests.", ["dialect", "route", "status"])
SECONDS = Histogram(
    "jobwire_http_request_seconds", "Time until an answer was sent.", ["dialect"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30),
)  # fmt: skip

_UNKNOWN = "unknown"
_counters: dict[tuple[str, str, int], Any] = {}


class Measured:
    """Wraps one dialect's application. The route is the template, never the path, so that series stay few."""

    def __init__(self, app: Any, dialect: str) -> None:
        self._app = app
        self._dialect = dialect
        self._timer = SECONDS.labels(dialect)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def noting_status(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting_status)
        finally:
            self._timer.observe(time.perf_counter() - began)
            _count(self._dialect, scope.get("path_template") or _UNKNOWN, status)


def _count(dialect: str, route: str, status: int) -> None:
    key = (dialect, route, status)
    counter = _counters.get(key)
    if counter is None:
        counter = _counters[key] = REQUESTS.labels(dialect, route, str(status))
    counter.inc()
