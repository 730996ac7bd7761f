"""An error keeps its kind, code and sentence across the bus."""

from __future__ import annotations

import msgspec
import pytest

from shared import errors
from shared.errors import ErrorBody, JobError, raised_from

KINDS = [
    errors.Refused, errors.Invalid, errors.NotFound, errors.Conflict, errors.Forbidden, errors.TooLarge,
    errors.Expired, errors.Unavailable, errors.OutcomeUnknown, errors.OutOfSpace, errors.Broken,
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_comes_back_as_the_same_class(kind: type[JobError]) -> None:
    sent = kind("The printer is busy", code="busy", detail={"state": "Printing"})
    received = raised_from(msgspec.json.decode(msgspec.json.encode(sent.body()), type=ErrorBody))
    assert type(received) is kind
    assert (received.message, received.code, received.detail) == (sent.message, "busy", {"state": "Printing"})


def test_an_unknown_kind_is_our_own_fault() -> None:
    assert type(raised_from(ErrorBody(kind="newer", code="x", message="y"))) is errors.Broken
