"""W3C Trace Context: which request a message belongs to, read from and written as `traceparent` (version 00)."""

from __future__ import annotations

import os
import re
from contextvars import ContextVar
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$")


@dataclass(frozen=True)
class Trace:
    """One step of a trace. `trace_id` is 32 and `span_id` 16 lower-case hex digits."""

    trace_id: str
    span_id: str
    sampled: bool = True

    def child(self) -> Trace:
        """The next step of the same trace."""
        return Trace(self.trace_id, os.urandom(8).hex(), self.sampled)

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


# The step that this task works for; None outside of any request.
current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def new_trace() -> Trace:
    """The first step of a new trace."""
    digits = os.urandom(24).hex()
    return Trace(digits[:32], digits[32:])


def parse_traceparent(text: str | None) -> Trace | None:
    """The step that `text` names; None when it is absent or not valid, as the recommendation asks (section 3.2.2)."""
    match = _TRACEPARENT.match(text) if text else None
    if match is None:
        return None
    version, trace_id, span_id, flags, more = match.groups()
    if version == "ff" or (version == "00" and more) or not trace_id.strip("0") or not span_id.strip("0"):
        return None
    return Trace(trace_id, span_id, bool(int(flags, 16) & 1))


def next_traceparent() -> str:
    """The `traceparent` for a message sent now: a child of the current step, or a new trace."""
    step = current.get()
    return str(step.child() if step is not None else new_trace())
