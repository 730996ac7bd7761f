"""Which HTTP status fits an error, where a dialect has none of its own."""

from __future__ import annotations

from types import MappingProxyType

from shared.errors import (
    Broken,
    Conflict,
    Expired,
    Forbidden,
    Invalid,
    JobError,
    NotFound,
    OutcomeUnknown,
    OutOfSpace,
    Refused,
    TooLarge,
    Unavailable,
)

STATUS: MappingProxyType[type[JobError], int] = MappingProxyType(
    {
        Invalid: 400,
        NotFound: 404,
        Conflict: 409,
        Forbidden: 403,
        TooLarge: 413,
        Expired: 503,
        Refused: 409,
        OutcomeUnknown: 503,
        Unavailable: 503,
        OutOfSpace: 507,
        Broken: 500,
    }
)
TOO_OFTEN = frozenset({"locked_out", "too_often"})  # codes that are a 429 in every dialect


def status_by_class(error: JobError) -> int:
    """By the nearest class that has one."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def retry_header(error: JobError) -> dict[str, str] | None:
    """`Retry-After` in seconds, where it is known when to try again."""
    if isinstance(error, Unavailable):
        return {"Retry-After": str(error.retry_after)}
    if error.code in TOO_OFTEN:
        return {"Retry-After": str((error.detail or {}).get("retry_after", 1))}
    return None
