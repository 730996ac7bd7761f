"""What all messages have in common.

What our own messages need to be understood stands in the JSON itself; MQTT 5 properties only repeat it for tools. So a
message survives a broker, a bridge or a 3.1.1 client that drops properties. Outsiders may leave out every field here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from shared.errors import ErrorBody


class Caller(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who asked: `name` of an account, schedule, button or MQTT client; `via` the dialect or `mqtt`."""

    name: str
    via: str
    role: str | None = None


OUTSIDER = Caller(name="mqtt", via="mqtt")
"""Whoever does not say who it is."""


class Message(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The envelope fields that any command or request may carry beside its own."""

    id: str | None = None
    time: datetime | None = None
    expires_at: datetime | None = None
    correlation_id: str | None = None
    reply_to: str | None = None
    traceparent: str | None = None
    caller: Caller | None = None


class Answer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The answer to a request: `ok` as JSON of the topic's answer, unless there is an `error`."""

    id: str
    correlation_id: str | None = None
    ok: msgspec.Raw = msgspec.Raw()
    error: ErrorBody | None = None


class Event(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Something that happened, with the attributes of CloudEvents 1.0. `type` is past tense, `data` its payload."""

    id: str
    type: str
    source: str
    time: datetime
    subject: str | None = None
    traceparent: str | None = None
    data: dict[str, Any] = {}


class DeadLetter(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A message that could not be decoded or handled, with the reason; `payload` is cut after 4 KiB."""

    topic: str
    reason: str
    payload: str
    at: datetime
    id: str | None = None


class Presence(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Retained at `service/<name>/<instance>`: `online`, `offline` (stopped in order) or `lost` (the last will)."""

    state: str
    version: str
    boot_id: str
    since: datetime
    broker: str | None = None
