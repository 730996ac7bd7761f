"""Errors as JSend says them: `{"status": "error", "message": …}`, with status 200 unless strict ones are wanted.

Clients raise a transport error for any 4xx before they read the message, so the real gateway's 200 is the default; 404
and 405 stay for what is no route at all.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from litestar import Request
from litestar.exceptions import HTTPException
from litestar.response import Response

from services.gateway.framework import Ready
from services.gateway.replies import Reply, json_reply
from services.gateway.statuses import TOO_OFTEN, retry_header, status_by_class
from shared.errors import Forbidden, Invalid, JobError, TooLarge, Unavailable

_log = logging.getLogger(__name__)

# What clients look for, word by word.
TEXTS = MappingProxyType({"no_key": "api is locked", "bad_key": "unauthorized user"})
_STATUS_OF_CODE = MappingProxyType({"no_key": 401, "bad_key": 401, **dict.fromkeys(TOO_OFTEN, 429)})
_NO_ROUTE = (404, 405)
_OF_STATUS = MappingProxyType({400: Invalid, 403: Forbidden, 413: TooLarge})
_FAULT = "Something went wrong here; it has been logged"


def status_of(error: JobError) -> int:
    """The HTTP status of an error where strict ones are wanted."""
    return _STATUS_OF_CODE.get(error.code) or status_by_class(error)


def reply_of(error: JobError, *, strict: bool, run: str | None = None) -> Reply:
    """The answer to a request that failed with this error; `run` names the run that it began all the same."""
    extra = {**(retry_header(error) or {}), "Cache-Control": "no-store", **({"X-Run-Id": run} if run else {})}
    message = TEXTS.get(error.code, error.message)
    status = status_of(error) if strict else 200
    return json_reply({"status": "error", "message": message}, status, extra, close=isinstance(error, TooLarge))


def refusal(status: int, message: str = "", allow: str | None = None) -> Reply:
    """An error with this very status."""
    extra = {"Allow": allow} if allow else None
    return json_reply({"status": "error", "message": message or HTTPStatus(status).phrase.lower()}, status, extra)


def on_job_error(request: Request[Any, Any, Any], error: JobError) -> Response[Any]:
    """Litestar's hook for our errors."""
    if status_of(error) >= 500 and not isinstance(error, Unavailable):
        _log.error("a request failed: %s (%s)", error.message, error.code)
    return Ready(reply_of(error, strict=request.app.state.gateway.wiser.strict_statuses))


def on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Litestar's hook for its own: unknown paths, wrong methods, bodies that are too large, clients that left."""
    if error.status_code in _NO_ROUTE:
        return Ready(refusal(error.status_code, allow=(error.headers or {}).get("allow")))
    kind = _OF_STATUS.get(error.status_code, Invalid)
    return on_job_error(request, kind(error.detail))


def on_fault(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Litestar's hook for everything else: our fault. The path may be logged, the query never."""
    _log.exception("%s %s failed", request.method, request.scope.get("path_template", ""), exc_info=error)
    return Ready(refusal(500, _FAULT))
