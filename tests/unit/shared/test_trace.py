"""Trace context as the W3C recommendation has it."""

from __future__ import annotations

import pytest

from shared.trace import Trace, current, new_trace, next_traceparent, parse_traceparent

EXAMPLE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_valid_traceparent_is_read_and_written_unchanged():
    step = parse_traceparent(EXAMPLE)
    assert step == Trace("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", sampled=True)
    assert str(step) == EXAMPLE


def test_a_later_version_may_have_more_fields():
    assert parse_traceparent("cc" + EXAMPLE[2:] + "-what-the-future-brings") is not None


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "00",
        EXAMPLE.upper(),
        EXAMPLE + "-more",
        "ff" + EXAMPLE[2:],
        "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-" + "0" * 16 + "-01",
        EXAMPLE[:-1],
    ],
)
def test_what_is_not_valid_is_no_trace(text):
    assert parse_traceparent(text) is None


def test_a_message_sent_for_a_request_belongs_to_its_trace():
    token = current.set(new_trace())
    try:
        sent = parse_traceparent(next_traceparent())
        step = current.get()
    finally:
        current.reset(token)
    assert sent is not None
    assert step is not None
    assert sent.trace_id == step.trace_id
    assert sent.span_id != step.span_id


def test_outside_of_any_request_a_trace_begins():
    assert parse_traceparent(next_traceparent()) is not None
