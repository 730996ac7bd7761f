"""Errors as OctoPrint says them: `{"error": …}` with its own texts, from our errors and from Litestar's."""

from __future__ import annotations

import logging
from types import MappingProxyType
from typing import Any

from litestar import Request
from litestar.exceptions import HTTPException
from litestar.response import Response

from services.gateway.framework import Ready
from services.gateway.replies import Reply, json_reply
from services.gateway.statuses import STATUS as STATUS
from services.gateway.statuses import TOO_OFTEN, retry_header, status_by_class
from shared.errors import JobError, Unavailable

_log = logging.getLogger(__name__)

# Recorded from OctoPrint 1.11.8.
TEXTS = MappingProxyType(
    {
        400: "The browser (or proxy) sent a request that this server could not understand.",
        403: (
            "You don't have the permission to access the requested resource. "
            "It is either read-protected or not readable by the server."
        ),
        404: (
            "The requested URL was not found on the server. "
            "If you entered the URL manually please check your spelling and try again."
        ),
        405: "The method is not allowed for the requested URL.",
        415: "Did not attempt to load JSON data because the request Content-Type was not 'application/json'.",
    }
)
# Our own words where nothing is recorded.
_OURS = MappingProxyType(
    {413: "The request is larger than this server accepts.", 500: "Something went wrong here; it has been logged."}
)

_STATUS_OF_CODE = MappingProxyType({"invalid_type": 415, "no_json": 415, **dict.fromkeys(TOO_OFTEN, 429)})
# For these the text is OctoPrint's, whatever the owner said: it says no more than the status, on purpose.
_FIXED_TEXT = frozenset({403, 404, 500})


def status_of(error: JobError) -> int:
    """The HTTP status of an error: by its code where OctoPrint has a status of its own, else by its class."""
    by_code = _STATUS_OF_CODE.get(error.code)
    return status_by_class(error) if by_code is None else by_code


def reply_of(error: JobError) -> Reply:
    """The answer to a request that failed with this error."""
    status = status_of(error)
    text = _text(status) if status in _FIXED_TEXT else error.message
    return json_reply({"error": text}, status, retry_header(error), close=status == 413)


def refusal(status: int) -> Reply:
    """The recorded answer with this status."""
    return json_reply({"error": _text(status)}, status, close=status == 413)


def on_job_error(_: Request[Any, Any, Any], error: JobError) -> Response[Any]:
    """Litestar's hook for our errors."""
    status = status_of(error)
    if status >= 500 and not isinstance(error, Unavailable):
        _log.error("a request failed: %s (%s)", error.message, error.code)
    return Ready(reply_of(error))


def on_http_error(_: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Litestar's hook for its own: unknown paths, wrong methods, bodies that are too large, clients that left."""
    allow = (error.headers or {}).get("allow")
    extra = {"Allow": allow_header(allow)} if allow else None
    text = _text(error.status_code) if error.status_code in TEXTS or error.status_code in _OURS else error.detail
    return Ready(json_reply({"error": text}, error.status_code, extra, close=error.status_code == 413))


def on_fault(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Litestar's hook for everything else: our fault. The path may be logged, the query never."""
    _log.exception("%s %s failed", request.method, request.scope.get("path_template", ""), exc_info=error)
    return Ready(refusal(500))


def allow_header(methods: str) -> str:
    """`Allow` in OctoPrint's order, HEAD included wherever GET is."""
    given = {method.strip() for method in methods.split(",")} | {"OPTIONS"}
    if "GET" in given:
        given.add("HEAD")
    order = ("GET", "HEAD", "POST", "DELETE", "PUT", "PATCH", "OPTIONS")
    return ", ".join(method for method in order if method in given)


def _text(status: int) -> str:
    return TEXTS.get(status) or _OURS.get(status) or f"Error {status}"
