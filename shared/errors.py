"""Errors are typed once, here, and mapped once per dialect.

Three kinds matter: the asker is wrong (refused), try again later (unavailable), our own fault (broken).
An error crosses the bus as an `ErrorBody` and is raised again, with the same kind and code, on the other side.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec


class ErrorBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error on the wire: `kind` picks the class, `code` names the case, `message` is one sentence."""

    kind: str
    code: str
    message: str
    detail: dict[str, Any] | None = None


class JobError(Exception):
    """The root of all errors that a caller may be told."""

    kind: ClassVar[str] = "broken"
    default_code: ClassVar[str] = "broken"

    def __init__(self, message: str, *, code: str | None = None, detail: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.detail = detail

    def body(self) -> ErrorBody:
        """The error as it travels."""
        return ErrorBody(kind=self.kind, code=self.code, message=self.message, detail=self.detail)


class Refused(JobError):
    """The asker is wrong; asking again without a change will not help."""

    kind = "refused"
    default_code = "refused"


class Invalid(Refused):
    """What was asked cannot be understood or is out of range."""

    kind = "invalid"
    default_code = "invalid"


class NotFound(Refused):
    """What was named does not exist."""

    kind = "not_found"
    default_code = "not_found"


class Conflict(Refused):
    """The owner's state does not allow it now."""

    kind = "conflict"
    default_code = "conflict"


class Forbidden(Refused):
    """The caller may not do this."""

    kind = "forbidden"
    default_code = "forbidden"


class TooLarge(Refused):
    """More bytes, items or levels than the documented limit."""

    kind = "too_large"
    default_code = "too_large"


class Expired(Refused):
    """A command that came too late; nothing was done."""

    kind = "expired"
    default_code = "expired"


class Unavailable(JobError):
    """Nobody can answer now. `retry_after` (seconds) says when to try again."""

    kind = "unavailable"
    default_code = "unavailable"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        detail: dict[str, Any] | None = None,
        retry_after: int = 2,
    ) -> None:
        super().__init__(message, code=code, detail=detail)
        self.retry_after = retry_after


class OutcomeUnknown(Unavailable):
    """The owner was asked and did not answer in time: it may or may not have acted. Repeat with the same id."""

    kind = "outcome_unknown"
    default_code = "outcome_unknown"


class OutOfSpace(JobError):
    """The disk is full; nothing was accepted."""

    kind = "out_of_space"
    default_code = "out_of_space"


class Broken(JobError):
    """Our own fault."""

    kind = "broken"
    default_code = "broken"


_KINDS: dict[str, type[JobError]] = {
    cls.kind: cls
    for cls in (
        Refused, Invalid, NotFound, Conflict, Forbidden, TooLarge, Expired,
        Unavailable, OutcomeUnknown, OutOfSpace, Broken,
    )
}  # fmt: skip


def raised_from(body: ErrorBody) -> JobError:
    """The exception that an answered `ErrorBody` stands for; an unknown kind is `Broken`."""
    return _KINDS.get(body.kind, Broken)(body.message, code=body.code, detail=body.detail)
